import Catalog
import Foundation
import Platform
import TestSupport
import Testing
import Uploads
import Vocabulary

/// What rows, kept sessions and files say of each other.
@Suite struct EngineRegressionTests {
  @Test("T-41 an expired upload takes no bytes from the session that was kept of it")
  func expiredSession() async throws {
    let fixture = try EngineFixture()
    let id = try await fixture.create(100)
    #expect(await fixture.append(id, at: 0, pattern(0..<40)).appendedOffset == 40)
    fixture.clock.advance(seconds: 2000)
    try await fixture.engine.expire(id)
    #expect(await fixture.append(id, at: 40, pattern(40..<90)).problem == .gone)
    #expect(await fixture.inspect(id).problem == .gone)
    #expect(try await fixture.record(id).state == .expired)
    #expect(!FileManager.default.fileExists(atPath: fixture.partialPath(id)))
    let restarted = fixture.restarted()
    #expect(await restarted.perform(.inspect(id), body: nil, client: nil).problem == .gone)
  }

  @Test("MUST-5 an offset that was acknowledged is in the row's state: without its file it is a fault")
  func acknowledgedOffset() async throws {
    let bench = try FaultyEngine()
    let id = try await bench.fixture.create(1000)
    let body = ScriptedBody([pattern(0..<400)], .stalled)
    async let first = bench.append(id, AppendIntent(offset: 0, contentLength: 1000), body)
    await body.untilStalled()
    bench.catalog.fail(call: 1, .before)
    body.interrupt()
    #expect(await first.problem != nil)
    #expect(bench.catalog.wasHit)
    bench.catalog.heal()
    #expect(try await bench.fixture.record(id).state == .created)
    guard case .inspected(let view) = await bench.inspect(id) else {
      Issue.record("the upload cannot be asked about")
      return
    }
    #expect(view.offset == 400)
    #expect(try await bench.fixture.record(id).state == .receiving)
    try FileManager.default.removeItem(atPath: bench.fixture.partialPath(id))
    let restarted = bench.fixture.restarted()
    #expect(await restarted.perform(.inspect(id), body: nil, client: nil).problem == .storageFault)
  }

  @Test("MUST-5 the name of a partial file is durable before a row may promise it", arguments: [false, true])
  func durableName(isStaged: Bool) async throws {
    let bench = try FaultyEngine()
    let id = try await bench.fixture.create(10 << 20)
    let checksum = isStaged ? Checksum(algorithm: .sha1, bytes: [UInt8](repeating: 0, count: 20)) : nil
    let intent = AppendIntent(offset: 0, contentLength: 10 << 20, checks: .checksum(checksum))
    let content = ScriptedBody([pattern(0..<10)], .broken)
    bench.files.heal()
    // After the read that finds the upload: the row that promises the file.
    bench.catalog.fail(call: 2, .before)
    #expect(await bench.append(id, intent, content).problem != nil)
    #expect(bench.catalog.wasHit)
    bench.catalog.heal()
    #expect(try await bench.fixture.record(id).state == .created)
    #expect(bench.files.trace.contains("fsync-folder partial/\(id.text.suffix(2))"))
    #expect(!bench.files.trace.contains { $0.hasPrefix("write") })
  }

  @Test("MUST-5 a received upload without its file is one recorded fault, however often upkeep comes by")
  func missingReceived() async throws {
    let bench = try FaultyEngine()
    let id = try await bench.fixture.create(100)
    var lost = try await bench.fixture.record(id)
    lost.state = .received
    try await bench.catalog.write { [lost] in try $0.update(lost) }
    for _ in 0..<5 {
      try await bench.engine.verifyReceived()
      await bench.finishBackground()
    }
    let faults = try await bench.catalog.read { try $0.recentEvents(kinds: [.storageFault], limit: 10) }
    #expect(faults.map(\.event.subject) == [id.text])
    #expect(bench.fixture.reports.withLock { $0.filter { $0.hasPrefix("storage fault") } }.count == 1)
    #expect(try await bench.fixture.record(id).state == .received)
  }
}
