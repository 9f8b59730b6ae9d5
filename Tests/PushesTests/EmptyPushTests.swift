import Catalog
import Pushes
import TestSupport
import Testing
import Vocabulary

/// Pushes without files (C29).
@Suite struct EmptyPushTests {
  private let fixture: PushFixture

  init() throws { fixture = try PushFixture() }

  private func open(
    files: [ExpectedFile]?, sealing: Bool = false, allowsEmpty: Bool = true
  ) async throws -> PushRecord {
    try await fixture.register.open(
      PushRequest(
        repo: .inbox, message: "m", sealWhenComplete: sealing, files: files, allowsEmpty: allowsEmpty))
  }

  @Test(
    "C29 a push that allows it is sealed without a file, once", arguments: [nil, []] as [[ExpectedFile]?])
  func sealed(files: [ExpectedFile]?) async throws {
    let push = try await open(files: files)
    #expect(push.state == .open && push.allowsEmpty)
    #expect(try await fixture.record(push.id) == push)
    #expect(try await fixture.register.seal(push.id).state == .queued)
    #expect(try await fixture.register.seal(push.id).state == .queued)
    #expect(fixture.wakeCount == 1)
  }

  @Test("C29 one that expects no file and seals itself is queued as it is opened")
  func sealsItself() async throws {
    let push = try await open(files: [], sealing: true)
    #expect(push.state == .queued && push.sealedAt != nil && push.expiresAt == nil)
    #expect(try await fixture.record(push.id) == push)
    #expect(fixture.wakeCount == 1)
  }

  @Test("C29 an empty list without it is refused, and nothing is made")
  func refused() async throws {
    for sealing in [false, true] {
      let error = await #expect(throws: ProblemError.self) {
        try await open(files: [], sealing: sealing, allowsEmpty: false)
      }
      #expect(error?.problem == .badRequest && error?.members["field"] == .text("files"))
      #expect(error?.detail.contains("allowEmpty") == true)
    }
    #expect(try await fixture.events().isEmpty && fixture.wakeCount == 0)
  }

  @Test("C29 to allow it excuses nothing else: a file that is missing, sent or rejected keeps a push open")
  func incomplete() async throws {
    let expecting = try await open(files: [ExpectedFile(path: try BundlePath("a"), size: 1, digest: nil)])
    let sending = try await open(files: nil)
    try await fixture.upload(.receiving, "b", of: sending.id)
    let rejected = try await open(files: nil)
    try await fixture.upload(.rejected, "c", of: rejected.id)
    for push in [expecting, sending, rejected] {
      let error = await #expect(throws: ProblemError.self) { try await fixture.register.seal(push.id) }
      #expect(error?.problem == .pushIncomplete)
    }
    // And a push that expects none takes none.
    let none = try await open(files: [])
    let path = try BundlePath("d")
    let error = await #expect(throws: ProblemError.self) {
      try await fixture.catalog.read { try PushRules.admit(path: path, length: 1, into: none.id, in: $0) }
    }
    #expect(error?.problem == .badPath)
  }
}
