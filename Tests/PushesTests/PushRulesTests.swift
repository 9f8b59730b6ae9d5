import Catalog
import Pushes
import TestSupport
import Testing
import Vocabulary

@Suite struct PushRulesTests {
  private let fixture: PushFixture

  init() throws { fixture = try PushFixture() }

  private func admit(_ path: String, length: Int64? = 10, into id: PushID) async throws -> ExpectedFile? {
    let path = try BundlePath(path)
    return try await fixture.catalog.read {
      try PushRules.admit(path: path, length: length, into: id, in: $0)
    }
  }

  @Test("an open push without a list takes any path and length")
  func anything() async throws {
    let id = try await fixture.push(.open)
    #expect(try await admit("a", into: id) == nil)
    #expect(try await admit("a/b", length: nil, into: id) == nil)
  }

  @Test("only an open push takes uploads", arguments: PushState.allCases)
  func closed(state: PushState) async throws {
    let id = try await fixture.push(state)
    let error = await problem { _ = try await admit("a", into: id) }
    #expect(error?.problem == (state == .open ? nil : .pushClosed))
    #expect(await problem { _ = try await admit("a", into: fixture.id()) }?.problem == .notFound)
  }

  @Test("a push with a list takes exactly its files, of their sizes")
  func expectation() async throws {
    let push = try await fixture.register.open(
      PushRequest(repo: .inbox, message: "m", files: [try expected("a/b", 7)]))
    #expect(try await admit("a/b", length: 7, into: push.id)?.size == 7)
    #expect(try await admit("a/b", length: nil, into: push.id)?.size == 7)
    let size = await problem { _ = try await admit("a/b", length: 8, into: push.id) }
    #expect(size?.problem == .inconsistentLength)
    #expect(size?.members["path"] == .text("a/b"))
    let path = await problem { _ = try await admit("a", length: 7, into: push.id) }
    #expect(path?.problem == .badPath)
    #expect(path?.members["path"] == .text("a"))
  }

  @Test("a path that is in use, a folder of it or a file below it is refused, naming both")
  func conflicts() async throws {
    let id = try await fixture.push(.open)
    try await fixture.upload(.receiving, "a/b", of: id)
    for path in ["a/b", "a", "a/b/c", "a/b/c/d"] {
      let error = await problem { _ = try await admit(path, into: id) }
      #expect(error?.problem == .pathConflict, "\(path)")
      #expect(error?.members == ["path": .text(path), "conflictsWith": .text("a/b")])
    }
    for path in ["b", "a/c", "a/b-", "a/b0", "aa", "a/bb/c"] {
      #expect(try await admit(path, into: id) == nil)
    }
  }

  @Test(
    "an upload that ended without a file does not occupy its path",
    arguments: [UploadState.rejected, .cancelled, .expired])
  func freed(state: UploadState) async throws {
    let id = try await fixture.push(.open)
    try await fixture.upload(state, "a", of: id)
    #expect(try await admit("a", into: id) == nil)
    #expect(try await admit("a/b", into: id) == nil)
  }

  @Test("the last verified file seals a push that wants to be sealed by itself")
  func autoSeal() async throws {
    let request = PushRequest(
      repo: .inbox, message: "m", sealWhenComplete: true, files: [try expected("a"), try expected("b")])
    let push = try await fixture.register.open(request)
    let now = fixture.clock.now()
    func sealIfComplete() async throws -> PushState {
      _ = try await fixture.catalog.write { try PushRules.sealIfComplete(push.id, at: now, in: $0) }
      return try await fixture.record(push.id).state
    }
    #expect(try await sealIfComplete() == .open)
    try await fixture.upload(.verified, "a", of: push.id)
    #expect(try await sealIfComplete() == .open)
    var last = try await fixture.upload(.receiving, "b", of: push.id)
    #expect(try await sealIfComplete() == .open)
    last.state = .verified
    let verified = last
    try await fixture.catalog.write { try $0.update(verified) }
    #expect(try await sealIfComplete() == .queued)
    #expect(try await sealIfComplete() == .queued)
    #expect(try await fixture.record(push.id).sealedAt == now)
    #expect(try await fixture.events().filter { $0.kind == .pushQueued }.count == 1)
  }

  @Test("a complete push that does not want to be sealed by itself, or has ended, is left alone")
  func noAutoSeal() async throws {
    for (state, wants) in [(PushState.open, false), (.cancelled, true), (.expired, true), (.failed, true)] {
      let id = try await fixture.push(state) { push in
        push.sealWhenComplete = wants
        push.expectedCount = 1
      }
      try await fixture.upload(.verified, "a", of: id)
      _ = try await fixture.catalog.write {
        try PushRules.sealIfComplete(id, at: Timestamp(milliseconds: 9), in: $0)
      }
      #expect(try await fixture.record(id).state == state)
    }
  }

  @Test("an upload without a push gets a sealed one of its own in the inbox")
  func inbox() async throws {
    let id: PushID = fixture.id()
    let now = fixture.clock.now()
    let named = UploadRecord.sample(
      fixture.id(), .verified, push: id, path: try BundlePath("a.txt"), filename: "holiday.txt")
    try await fixture.catalog.write { transaction in
      try PushRules.makeInboxPush(for: named, id: id, at: now, in: transaction)
      try transaction.insert(named)
    }
    let push = try await fixture.record(id)
    #expect(push.state == .queued && push.origin == .upload && push.repo == .inbox)
    #expect(push.message == "holiday.txt" && push.sealedAt == now)
    #expect(try await fixture.events().map(\.kind) == [.pushOpened, .pushQueued])
    #expect(try await fixture.catalog.read { try $0.queueHeads(after: nil, limit: 10) }.map(\.id) == [id])
  }
}
