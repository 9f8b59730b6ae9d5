import Blobs
import Bundles
import Platform
import TestSupport
import Testing
import Vocabulary

@Suite struct PushLogsTests {
  private let fixture: CommitFixture

  init() throws { fixture = try CommitFixture() }

  @Test("lines are kept in order, each with its time; a log that was not begun is empty")
  func lines() async throws {
    let id: PushID = fixture.id()
    let logs = fixture.logs()
    #expect(try await logs.read(id) == [])
    await logs.append(id, "first")
    fixture.clock.advance(milliseconds: 1500)
    await logs.append(id, "second ü")
    let text = String(decoding: try await logs.read(id), as: UTF8.self)
    #expect(text == "2023-11-14T22:13:20.000Z first\n2023-11-14T22:13:21.500Z second ü\n")
    #expect(try fixture.temporary.text(of: "logs/push-\(id).log") == text)
  }

  @Test("a line that cannot be written is reported and harms nothing")
  func failure() async throws {
    let id: PushID = fixture.id()
    let logs = fixture.logs()
    for call in 1...4 {
      fixture.files.fail(call: call)
      await logs.append(id, "lost")
      #expect(fixture.files.wasHit)
      #expect(fixture.reports.withLock { $0.count } == call)
    }
    fixture.files.heal()
    await logs.append(id, "kept")
    #expect(String(decoding: try await logs.read(id), as: UTF8.self).hasSuffix(" kept\n"))
  }

  @Test("a log does not grow beyond its limit")
  func limit() async throws {
    let id: PushID = fixture.id()
    let logs = fixture.logs()
    let line = String(repeating: "x", count: 4 << 20)
    for _ in 0..<6 { await logs.append(id, line) }
    let size = try #require(try LinuxFileSystem().size(fixture.layout.pushLog(id)))
    #expect(size >= PushLogs.maximumBytes && size < PushLogs.maximumBytes + 5 << 20)
  }
}
