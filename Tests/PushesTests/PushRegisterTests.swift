import Catalog
import Pushes
import TestSupport
import Testing
import Vocabulary

@Suite struct PushRegisterOpenTests {
  private let fixture: PushFixture
  private let repo: RepoName

  init() throws {
    fixture = try PushFixture()
    repo = try RepoName("films")
  }

  private func request(_ files: [ExpectedFile]? = nil) -> PushRequest {
    PushRequest(repo: repo, message: "a message", files: files)
  }

  @Test("an opened push is remembered with what it asked for, and its repo appears with it")
  func open() async throws {
    var request = request([try expected("b", 3), try expected("a", 4)])
    request.label = try LabelName("draft")
    request.author = "somebody"
    request.sealWhenComplete = true
    let push = try await fixture.register.open(request)
    #expect(try await fixture.record(push.id) == push)
    #expect(push.state == .open && push.origin == .client && push.sealWhenComplete)
    #expect(push.expectedCount == 2 && push.expectedBytes == 7)
    #expect(push.expiresAt == fixture.clock.now().adding(seconds: 3600))
    let events = try await fixture.events()
    #expect(events.map(\.kind) == [.repoCreated, .pushOpened])
    _ = try await fixture.register.open(request)
    #expect(try await fixture.events().map(\.kind) == [.repoCreated, .pushOpened, .pushOpened])
  }

  @Test("a push without a list of files expects none in particular")
  func unlisted() async throws {
    let push = try await fixture.register.open(request())
    #expect(push.expectedCount == nil && push.expectedBytes == nil)
  }

  private func expectRefusal(_ request: PushRequest, _ wanted: Problem, naming: ProblemMember?) async throws {
    let error = await problem { _ = try await fixture.register.open(request) }
    #expect(error?.problem == wanted)
    if let naming { #expect(error?.members.values.contains(naming) == true, "\(String(describing: error))") }
    #expect(try await fixture.events().isEmpty)
    #expect(try await fixture.catalog.read { try $0.pushCounts()[.open] } == 0)
  }

  @Test("a request that means nothing is refused, names its field and leaves nothing behind")
  func malformed() async throws {
    var empty = request()
    empty.message = ""
    try await expectRefusal(empty, .badRequest, naming: .text("message"))
    var long = request()
    long.message = String(repeating: "x", count: PushRegister.maximumMessageBytes + 1)
    try await expectRefusal(long, .badRequest, naming: .text("message"))
    var author = request()
    author.author = String(repeating: "ä", count: 129)
    try await expectRefusal(author, .badRequest, naming: .text("author"))
    var unknowable = request()
    unknowable.sealWhenComplete = true
    try await expectRefusal(unknowable, .badRequest, naming: .text("sealWhenComplete"))
    try await expectRefusal(request([]), .badRequest, naming: .text("files"))
    try await expectRefusal(request([try expected("a", -1)]), .badRequest, naming: .text("a"))
    let tooMuch = [try expected("a", .max), try expected("b", 1)]
    try await expectRefusal(request(tooMuch), .badRequest, naming: .text("b"))
    var null = request()
    null.message = "a\u{0}b"
    try await expectRefusal(null, .badRequest, naming: nil)
  }

  @Test(
    "paths that cannot stand beside one another are refused, naming one of them",
    arguments: [
      ["a", "a"], ["a", "a/b"], ["a/b", "a"], ["a", "a-b", "a/b"], ["a/b/c", "x", "a"],
      ["a", "a b", "a!", "a/b/c"],
      ["\u{600}", "\u{600}-x", "\u{600}/b"], ["e\u{301}", "e\u{301}/x"], ["a", "a/\u{301}"],
    ])
  func collisions(paths: [String]) async throws {
    try await expectRefusal(request(try paths.map { try expected($0) }), .pathConflict, naming: nil)
  }

  @Test("paths are refused exactly when two of them collide", arguments: 0..<60 as Range<UInt64>)
  func collisionLaw(seed: UInt64) async throws {
    var random = SeededRandom(seed: seed)
    let words = ["a", "b", "a-", "a.", "e\u{301}", "é", "\u{600}", "\u{600} "]
    let files = try (0..<random.int(1...12)).map { _ in
      let components = (0..<random.int(1...3)).map { _ in random.element(of: words) }
      return try expected(components.joined(separator: "/"))
    }
    let collide = files.indices.contains { left in
      files.indices.contains { right in
        left != right
          && (files[left].path == files[right].path || files[left].path.contains(files[right].path))
      }
    }
    let error = await problem { _ = try await fixture.register.open(request(files)) }
    #expect(error?.problem == (collide ? .pathConflict : nil), "\(files.map(\.path.text))")
  }
}

@Suite struct PushRegisterSealTests {
  private let fixture: PushFixture

  init() throws { fixture = try PushFixture() }

  @Test("sealing queues a complete push and wakes the scheduler; sealing again changes nothing")
  func seal() async throws {
    let id = try await fixture.push(.open)
    try await fixture.upload(.verified, "a", of: id)
    let sealed = try await fixture.register.seal(id)
    #expect(sealed.state == .queued)
    #expect(sealed.sealedAt == fixture.clock.now())
    #expect(sealed.expiresAt == nil)
    #expect(fixture.wakeCount == 1)
    fixture.clock.advance(milliseconds: 1000)
    let again = try await fixture.register.seal(id)
    #expect(again == sealed)
    #expect(try await fixture.record(id) == sealed)
    #expect(try await fixture.events().map(\.kind) == [.pushQueued])
  }

  @Test(
    "sealing a push on its way changes nothing",
    arguments: [PushState.queued, .admitted, .committing, .committed])
  func onItsWay(state: PushState) async throws {
    let id = try await fixture.push(state)
    let before = try await fixture.record(id)
    #expect(try await fixture.register.seal(id) == before)
    #expect(try await fixture.record(id) == before)
    #expect(try await fixture.events().isEmpty)
  }

  @Test("an ended push is not sealed", arguments: [PushState.failed, .cancelled, .expired])
  func ended(state: PushState) async throws {
    let id = try await fixture.push(state)
    #expect(await problem { _ = try await fixture.register.seal(id) }?.problem == .pushClosed)
    #expect(await problem { _ = try await fixture.register.seal(fixture.id()) }?.problem == .notFound)
  }

  @Test("a push that lacks something is not sealed, and every reason is told")
  func missing() async throws {
    let request = PushRequest(
      repo: .inbox, message: "m",
      files: [try expected("absent"), try expected("rejected"), try expected("sending")])
    let push = try await fixture.register.open(request)
    try await fixture.upload(.receiving, "sending", of: push.id)
    try await fixture.upload(.rejected, "rejected", of: push.id)
    let error = await problem { _ = try await fixture.register.seal(push.id) }
    #expect(error?.problem == .pushIncomplete)
    #expect(
      error?.members["missing"]
        == .list([
          ["path": "absent", "reason": "absent"], ["path": "rejected", "reason": "rejected"],
          ["path": "sending", "reason": "unfinished"],
        ]))
    #expect(try await fixture.record(push.id) == push)
    #expect(fixture.wakeCount == 0)
  }

  @Test(
    "a push whose files are all there, some to be verified yet, is worth another attempt; any other is not")
  func verifying() async throws {
    let id = try await fixture.push(.open)
    try await fixture.upload(.verified, "a", of: id)
    var late = try await fixture.upload(.received, "b", of: id)
    guard case .verifying(let refusal) = try await fixture.register.attemptSeal(id) else {
      Issue.record("b is not verified")
      return
    }
    #expect(refusal.members["missing"] == .list([["path": "b", "reason": "unfinished"]]))
    #expect(await problem { _ = try await fixture.register.seal(id) }?.detail == refusal.detail)
    var sending = try await fixture.upload(.receiving, "c", of: id)
    #expect(await problem { _ = try await fixture.register.attemptSeal(id) }?.problem == .pushIncomplete)
    #expect(fixture.wakeCount == 0)
    late.state = .verified
    sending.state = .cancelled
    try await fixture.catalog.write { [late, sending] transaction in
      try transaction.update(late)
      try transaction.update(sending)
    }
    #expect(try await fixture.register.attemptSeal(id).get().state == .queued)
    #expect(fixture.wakeCount == 1)
    // Whoever asked before it sealed itself is told the same.
    #expect(try await fixture.register.attemptSeal(id).get().state == .queued)
  }

  @Test("C29 an empty push is not sealed, and told what would be right")
  func empty() async throws {
    let id = try await fixture.push(.open)
    try await fixture.upload(.cancelled, "a", of: id)
    let error = await problem { _ = try await fixture.register.seal(id) }
    #expect(error?.problem == .pushIncomplete)
    #expect(error?.members["missing"] == .list([["path": "", "reason": "empty"]]))
    #expect(error?.detail.contains("allowEmpty") == true)
  }

  @Test("the list of what is missing is bounded")
  func bounded() async throws {
    let files = try (0..<PushRegister.missingLimit * 2).map { try expected("file\($0)") }
    let push = try await fixture.register.open(PushRequest(repo: .inbox, message: "m", files: files))
    let error = await problem { _ = try await fixture.register.seal(push.id) }
    guard case .list(let missing) = error?.members["missing"] else {
      Issue.record("no list")
      return
    }
    #expect(missing.count == PushRegister.missingLimit)
  }

  @Test("a rejected file that was sent again does not keep the push from being sealed")
  func sentAgain() async throws {
    let id = try await fixture.push(.open)
    try await fixture.upload(.rejected, "a", of: id)
    try await fixture.upload(.verified, "a", of: id)
    #expect(try await fixture.register.seal(id).state == .queued)
  }
}

@Suite struct PushRegisterEndTests {
  private let fixture: PushFixture

  init() throws { fixture = try PushFixture() }

  @Test(
    "a push is cancelled until it is committed; cancelling again changes nothing",
    arguments: PushState.allCases)
  func cancel(state: PushState) async throws {
    let id = try await fixture.push(state)
    let before = try await fixture.record(id)
    let error = await problem { _ = try await fixture.register.cancel(id) }
    let after = try await fixture.record(id)
    switch state {
    case .open, .queued, .admitted, .committing, .failed:
      #expect(error == nil)
      #expect(after.state == .cancelled && after.finishedAt == fixture.clock.now() && after.expiresAt == nil)
      #expect(try await fixture.events().map(\.kind) == [.pushCancelled])
      #expect(try await fixture.register.cancel(id) == after)
    case .cancelled:
      #expect(error == nil && after == before)
    case .committed, .expired:
      #expect(error?.problem == .pushClosed)
      #expect(after == before)
      #expect(try await fixture.events().isEmpty)
    }
  }

  @Test("only a failed push is retried", arguments: PushState.allCases)
  func retry(state: PushState) async throws {
    let bundle: BundleID = fixture.id()
    let id = try await fixture.push(state) { push in
      push.bundle = bundle
      push.attempts = 3
      push.errorCode = "storage-full"
      push.errorMessage = "full"
      push.finishedAt = Timestamp(milliseconds: 5)
    }
    let before = try await fixture.record(id)
    let error = await problem { _ = try await fixture.register.retry(id) }
    let after = try await fixture.record(id)
    guard state == .failed else {
      #expect(error?.problem == .pushClosed)
      #expect(after == before)
      return
    }
    #expect(after.state == .queued)
    // The same bundle id, so that what the failed attempt left is written again and not beside.
    #expect(after.bundle == bundle && after.attempts == 0 && after.sealedAt == before.sealedAt)
    #expect(after.errorCode == nil && after.errorMessage == nil && after.finishedAt == nil)
    #expect(try await fixture.events().map(\.kind) == [.pushQueued])
    #expect(fixture.wakeCount == 1)
  }

  @Test("an open push expires when its time has come, and not before")
  func expire() async throws {
    let push = try await fixture.register.open(PushRequest(repo: .inbox, message: "m"))
    fixture.clock.advance(milliseconds: 3_599_999)
    try await fixture.register.expire(push.id)
    #expect(try await fixture.record(push.id) == push)
    fixture.clock.advance(milliseconds: 1)
    try await fixture.register.expire(push.id)
    #expect(try await fixture.record(push.id).state == .expired)
    #expect(try await fixture.events().map(\.kind) == [.repoCreated, .pushOpened, .pushExpired])
    try await fixture.register.expire(push.id)
    try await fixture.register.expire(fixture.id())
  }

  @Test(
    "a push that was sealed before its expiry is carried out does not expire", arguments: PushState.allCases)
  func sealedMeanwhile(state: PushState) async throws {
    let id = try await fixture.push(state) { $0.expiresAt = Timestamp(milliseconds: 1) }
    let before = try await fixture.record(id)
    try await fixture.register.expire(id)
    let after = try await fixture.record(id)
    #expect(state == .open ? after.state == .expired : after == before)
  }
}
