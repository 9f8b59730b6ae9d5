import Catalog
import Foundation
import Platform
import Testing
import Uploads
import Vocabulary

/// What hashes may tell, and who waits for them.
@Suite struct UploadHashTests {
  private let mebibyte = 1 << 20
  private func block(_ byte: UInt8) -> [UInt8] { [UInt8](repeating: byte, count: mebibyte) }

  /// row:   hash of AA│AA ─────────────────────── fits a file of two blocks again
  /// file:  AA│AA ── cut ── AA ── restart ── AA│BB ── restart ── AA│BB│BB
  @Test("MUST-4 a saved hash of bytes that were cut off never fits again")
  func staleHash() async throws {
    let bench = try FaultyEngine(isSynced: false)
    let right = SHA256Stream.digest(of: block(0xAA) + block(0xBB) + block(0xBB))
    let id = try await bench.fixture.create(Int64(3 * mebibyte), ["sha256": right.hex])
    let wrong = ScriptedBody([block(0xAA), block(0xAA)], .clean)
    #expect(await bench.append(id, AppendIntent(offset: 0), wrong).appendedOffset == Int64(2 * mebibyte))
    bench.hashes.runAll()
    _ = await bench.inspect(id)
    try await bench.engine.saveHashes()
    #expect(try await bench.fixture.record(id).hashedBytes == Int64(2 * mebibyte))

    // As a cut leaves it whose row could not be written.
    let file = try #require(FileHandle(forWritingAtPath: bench.fixture.partialPath(id)))
    try file.truncate(atOffset: UInt64(mebibyte))
    try file.close()
    for blocks in 1...2 {
      let intent = AppendIntent(offset: Int64(blocks * mebibyte))
      let outcome = await bench.fixture.restarted().perform(
        .append(id, intent), body: ScriptedBody([block(0xBB)], .clean), client: nil)
      #expect(outcome.appendedOffset == Int64((blocks + 1) * mebibyte))
    }
    let record = try await bench.fixture.record(id)
    #expect(record.state == .verified)
    #expect(record.digest == right)
  }

  /// hashes:  large ─ one turn ─┐         ┌─ next turn, not begun yet
  ///                            └─ short ─┴─ answer
  @Test("the answer to a short upload waits for one turn of another file's hash, not for all of it")
  func turns() async throws {
    let bench = try FaultyEngine(isSynced: false)
    let large = try await bench.fixture.create(Int64(64 * mebibyte))
    let content = ScriptedBody([[UInt8]](repeating: block(1), count: 8), .clean)
    _ = await bench.append(large, AppendIntent(offset: 0), content)
    #expect(bench.hashes.waitingCount == 1)
    let short = try await bench.fixture.create(200_000)
    async let answer = bench.append(
      short, AppendIntent(offset: 0), ScriptedBody([pattern(0..<200_000)], .clean))
    await bench.hashes.untilWaiting(2)
    bench.hashes.runNext()
    bench.hashes.runNext()
    #expect(await answer.appendedOffset == 200_000)
    #expect(bench.hashes.waitingCount == 1)
    #expect(try await bench.fixture.record(short).digest == SHA256Stream.digest(of: pattern(0..<200_000)))
    bench.hashes.runAll()
  }

  @Test("a small upload that comes whole waits for no file's hash")
  func smallUpload() async throws {
    let bench = try FaultyEngine(smallBytes: 1000, isSynced: false)
    let large = try await bench.fixture.create(Int64(64 * mebibyte))
    _ = await bench.append(large, AppendIntent(offset: 0), ScriptedBody([block(1), block(2)], .clean))
    #expect(bench.hashes.waitingCount == 1)
    let id = try await bench.fixture.create(1000)
    let outcome = await bench.append(
      id, AppendIntent(offset: 0), ScriptedBody([pattern(0..<1000)], .clean))
    #expect(outcome.appendedOffset == 1000)
    #expect(try await bench.fixture.record(id).state == .verified)
    #expect(bench.hashes.waitingCount == 1)
    bench.hashes.runAll()
  }
}
