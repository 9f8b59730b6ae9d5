import Blobs
import Catalog
import Platform
import Testing
import Uploads
import Vocabulary

/// Content that is taken from stored bytes instead of a connection.
@Suite struct StoredContentTests {
  /// Hands out parts of a blob.
  private final class PartsBody: UploadBody {
    private let blob: any BlobReader
    private let ranges: [Range<Int64>]

    init(_ blob: any BlobReader, _ ranges: [Range<Int64>]) {
      self.blob = blob
      self.ranges = ranges
    }

    func deliver(to sink: any UploadSink) async throws(BodyInterrupted) {
      for range in ranges {
        do throws(BlobError) {
          let part = blob.part(from: range.lowerBound, count: Int64(range.count))
          guard try await sink.take(contentsOf: part) else { return }
        } catch { throw BodyInterrupted(error.problem) }
      }
    }
    func interrupt() {}
  }

  private func fixture(_ content: [UInt8], smallBytes: Int = 0) async throws -> (
    EngineFixture, any BlobReader
  ) {
    let fixture = try EngineFixture(smallBytes: smallBytes)
    let id = try await fixture.create(Int64(content.count))
    let outcome = await fixture.append(id, at: 0, content)
    #expect(outcome.view?.state == .verified)
    return (fixture, try await fixture.engine.open(id).blob)
  }

  private let content = pattern(0..<300_000)

  @Test("D26 an upload of copied and sent bytes is what they make together, verified as always")
  func mixed() async throws {
    let (fixture, blob) = try await fixture(content)
    defer { blob.close() }
    var expected = content
    expected.replaceSubrange(100_000..<150_000, with: [UInt8](repeating: 7, count: 50_000))
    let digest = SHA256Stream.digest(of: expected)
    let id = try await fixture.create(300_000, ["sha256": digest.hex])
    var outcome = await fixture.engine.perform(
      .append(id, AppendIntent(offset: 0, contentLength: 100_000)),
      body: PartsBody(blob, [0..<60_000, 60_000..<100_000]), client: nil)
    #expect(outcome.appendedOffset == 100_000)
    outcome = await fixture.append(id, at: 100_000, [UInt8](repeating: 7, count: 50_000))
    #expect(outcome.appendedOffset == 150_000)
    outcome = await fixture.engine.perform(
      .append(id, AppendIntent(offset: 150_000, contentLength: 150_000)),
      body: PartsBody(blob, [150_000..<300_000]), client: nil)
    #expect(outcome.view?.state == .verified)
    #expect(try await fixture.record(id).digest == digest)
  }

  @Test("D26 copied bytes that do not make the declared file are rejected")
  func wrong() async throws {
    let (fixture, blob) = try await fixture(content)
    defer { blob.close() }
    let id = try await fixture.create(1000, ["sha256": SHA256Stream.digest(of: content).hex])
    let outcome = await fixture.engine.perform(
      .append(id, AppendIntent(offset: 0, contentLength: 1000)), body: PartsBody(blob, [5..<1005]),
      client: nil)
    #expect(outcome.problem == .uploadRejected)
  }

  @Test("D26 a copy beyond the upload's length stores nothing, at a wrong offset neither")
  func bounds() async throws {
    let (fixture, blob) = try await fixture(content)
    defer { blob.close() }
    let id = try await fixture.create(1000)
    let beyond = await fixture.engine.perform(
      .append(id, AppendIntent(offset: 0)), body: PartsBody(blob, [0..<1001]), client: nil)
    #expect(beyond.problem == .tooLarge)
    #expect(try await fixture.offset(id) == 0)
    let elsewhere = await fixture.engine.perform(
      .append(id, AppendIntent(offset: 7, contentLength: 10)), body: PartsBody(blob, [0..<10]), client: nil)
    #expect(elsewhere.problem == .offsetMismatch)
    #expect(try await fixture.offset(id) == 0)
  }

  @Test("D26 an upload that is small enough for a pack takes copied bytes too")
  func small() async throws {
    let (fixture, blob) = try await fixture(content, smallBytes: 5000)
    defer { blob.close() }
    let id = try await fixture.create(4000)
    let outcome = await fixture.engine.perform(
      .append(id, AppendIntent(offset: 0, contentLength: 4000)), body: PartsBody(blob, [100..<4100]),
      client: nil)
    #expect(outcome.view?.state == .verified)
    #expect(try await fixture.record(id).digest == SHA256Stream.digest(of: Array(content[100..<4100])))
  }

  @Test("a part of a blob has the bytes of its place and no others")
  func part() async throws {
    let (_, blob) = try await fixture(content)
    defer { blob.close() }
    let part = blob.part(from: 1000, count: 500)
    #expect(part.size == 500)
    #expect(try await part.read(1000, at: 0) == Array(content[1000..<1500]))
    #expect(try await part.read(10, at: 495) == Array(content[1495..<1500]))
    let inner = part.part(from: 10, count: 20)
    #expect(try await inner.read(100, at: 5) == Array(content[1015..<1030]))
  }
}
