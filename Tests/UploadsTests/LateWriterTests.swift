import Catalog
import Foundation
import Platform
import Testing
import Uploads
import Vocabulary

/// Content that arrives after its request lost the upload.
@Suite struct LateWriterTests {
  /// holder:   append … 40 bytes, stalls   ← yields        60 bytes at last: refused
  /// newcomer:                      HEAD ─ waits ── 40 ──────────────────────────── 40
  @Test("B-11 a chunk that arrives after a takeover is refused, and the newcomer's bytes are the file's")
  func takenOver() async throws {
    let fixture = try EngineFixture()
    let id = try await fixture.create(100)
    let body = LateBody(pattern(0..<40))
    async let stalled = fixture.append(id, at: 0, body)
    await body.untilStalled()
    #expect(try await fixture.offset(id) == 40)
    #expect(await stalled.problem == .takenOver)
    #expect(!body.sendLate([UInt8](repeating: 0xEE, count: 60)))
    #expect(try await fixture.offset(id) == 40)
    #expect(try Data(contentsOf: URL(fileURLWithPath: fixture.partialPath(id))).count == 40)
    #expect(await fixture.append(id, at: 40, pattern(40..<100)).appendedOffset == 100)
    #expect(!body.sendLate([UInt8](repeating: 0xEE, count: 60)))
    #expect(try await fixture.record(id).digest == SHA256Stream.digest(of: pattern(0..<100)))
  }

  @Test("a chunk that arrives after the upload was deleted is refused and brings nothing back")
  func deleted() async throws {
    let fixture = try EngineFixture()
    let id = try await fixture.create(100)
    let body = LateBody(pattern(0..<40))
    async let stalled = fixture.append(id, at: 0, body)
    await body.untilStalled()
    guard case .terminated = await fixture.engine.perform(.terminate(id), body: nil, client: nil) else {
      Issue.record("the upload was not deleted")
      return
    }
    _ = await stalled
    #expect(!body.sendLate(pattern(40..<100)))
    #expect(await fixture.inspect(id).problem == .gone)
    #expect(!FileManager.default.fileExists(atPath: fixture.partialPath(id)))
  }

  @Test("the chunk of a small upload that arrives after a takeover is never stored")
  func small() async throws {
    let fixture = try EngineFixture(smallBytes: 1000)
    let id = try await fixture.create(100)
    let body = LateBody(pattern(0..<40))
    async let stalled = fixture.append(id, at: 0, body)
    await body.untilStalled()
    #expect(try await fixture.offset(id) == 40)
    #expect(await stalled.problem == .takenOver)
    _ = body.sendLate([UInt8](repeating: 0xEE, count: 60))
    #expect(try await fixture.offset(id) == 40)
    #expect(await fixture.append(id, at: 40, pattern(40..<100)).appendedOffset == 100)
    #expect(try await fixture.record(id).digest == SHA256Stream.digest(of: pattern(0..<100)))
  }
}

/// A body that stalls after its first chunk, lets go when it is interrupted, and still holds the sink.
private final class LateBody: UploadBody {
  private let stalling: ScriptedBody
  private let first: [UInt8]
  private let sink = Locked<(any UploadSink)?>(nil)

  init(_ first: [UInt8]) {
    self.first = first
    stalling = ScriptedBody([first], .stalled)
  }

  func deliver(to sink: any UploadSink) async throws(BodyInterrupted) {
    self.sink.withLock { $0 = sink }
    try await stalling.deliver(to: sink)
  }
  func interrupt() { stalling.interrupt() }
  func untilStalled() async { await stalling.untilStalled() }

  /// False when the sink refuses it.
  func sendLate(_ chunk: [UInt8]) -> Bool { sink.withLock { $0 }?.take(chunk) ?? false }
}

extension EngineFixture {
  fileprivate func append(_ id: UploadID, at offset: Int64, _ body: LateBody) async -> UploadOutcome {
    await engine.perform(.append(id, AppendIntent(offset: offset)), body: body, client: nil)
  }
}
