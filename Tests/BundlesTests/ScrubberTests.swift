import Blobs
import Bundles
import Catalog
import Platform
import TestSupport
import Testing
import Vocabulary

@Suite struct ScrubberTests {
  private let fixture: CommitFixture
  private let store: DiskBlobStore
  private let reports = Locked<[String]>([])
  private let slept = Locked<Duration>(.zero)

  init() throws {
    fixture = try CommitFixture()
    store = fixture.store(index: FixtureIndex(catalog: fixture.catalog))
  }

  private var scrubber: Scrubber {
    let (reports, slept) = (reports, slept)
    return Scrubber(
      catalog: fixture.catalog, blobs: store, clock: fixture.clock, bytesPerSecond: 1000,
      report: { line in reports.withLock { $0.append(line) } },
      sleep: { duration in slept.withLock { $0 += duration } })
  }

  private func record() async throws -> ScrubRecord { try await fixture.catalog.read { try $0.scrub() } }
  private func findings() async throws -> [ScrubFinding] {
    try await fixture.catalog.read { try $0.scrubFindings(after: nil, limit: 100) }
  }

  private func pack(_ text: String) async throws -> Extent {
    let digest = SHA256Stream.digest(of: Array(text.utf8))
    let extent = try await store.putSmall(Array(text.utf8), digest: digest)
    try await fixture.catalog.write { try $0.insert(extent, of: digest) }
    return extent
  }

  private func damage(_ path: String, at offset: Int) throws {
    var bytes = try fixture.temporary.bytes(of: path)
    bytes[offset] ^= 1
    try LinuxFileSystem().remove(fixture.temporary.child(path))
    try fixture.temporary.write(bytes, to: path)
  }

  private func path(_ digest: Digest) -> String { "objects/\(digest.hex.prefix(2))/\(digest.hex)" }

  @Test("every object is read once in a pass, at the rate, and the next pass waits a week")
  func pass() async throws {
    for number in 1...10 { _ = try await fixture.store(Array("file \(number)".utf8)) }
    for number in 1...10 { _ = try await pack("small \(number)") }
    try await scrubber.runIfDue()
    let first = try await record()
    #expect(first.checkedObjects == 20 && first.checkedBytes == 9 * 6 + 7 + 9 * 7 + 8 && first.cursor == nil)
    #expect(slept.withLock { $0 } == .milliseconds(first.checkedBytes))
    try await scrubber.runIfDue()
    #expect(try await record() == first)
    fixture.clock.advance(milliseconds: Scrubber.passSeconds * 1000)
    try await scrubber.runIfDue()
    let second = try await record()
    #expect(second.startedAt != first.startedAt && second.checkedObjects == 20)
    #expect(reports.withLock { $0 }.isEmpty)
  }

  @Test("damage of a file and of a record in a pack is found, told, and forgotten when it is gone")
  func findsDamage() async throws {
    let digest = try await fixture.store(Array("a large file".utf8))
    let extent = try await pack("a small file")
    _ = try await pack("sound")
    try damage(path(digest), at: 3)
    try damage("packs/\(extent.pack)", at: Int(extent.offset))
    try await scrubber.runIfDue()
    #expect(try await findings().count == 2)
    #expect(reports.withLock { $0.count } == 2)
    #expect(try await fixture.events(.storageFault) == 2)
    try damage(path(digest), at: 3)
    try LinuxFileSystem().remove(fixture.temporary.child("packs/\(extent.pack)"))
    fixture.clock.advance(milliseconds: Scrubber.passSeconds * 1000)
    try await scrubber.runIfDue()
    #expect(try await findings().isEmpty)
  }

  @Test("what was found of an object that has been collected since is forgotten at the end of a pass")
  func forgetsGone() async throws {
    let digest = try await fixture.store(Array("a large file".utf8))
    try damage(path(digest), at: 3)
    try await scrubber.runIfDue()
    #expect(try await findings().map(\.digest) == [digest])
    try LinuxFileSystem().remove(fixture.temporary.child(path(digest)))
    fixture.clock.advance(milliseconds: Scrubber.passSeconds * 1000)
    try await scrubber.runIfDue()
    #expect(try await findings().isEmpty)
  }

  @Test("an object that is collected while it is looked at is not damaged")
  func collectedMeanwhile() async throws {
    let digest = try await fixture.store(Array("a large file".utf8))
    let path = fixture.temporary.child(path(digest))
    // Asked first for the object's size, then for its place.
    let index = CountingIndex { call in
      if call == 2 { try? LinuxFileSystem().remove(path) }
    }
    let scrubber = Scrubber(
      catalog: fixture.catalog, blobs: fixture.store(index: index), clock: fixture.clock,
      bytesPerSecond: 1000,
      report: { [reports] line in reports.withLock { $0.append(line) } }, sleep: { _ in })
    try await scrubber.runIfDue()
    #expect(!fixture.temporary.exists(self.path(digest)))
    #expect(try await findings().isEmpty)
    #expect(reports.withLock { $0 } == [])
  }

  @Test("a pass that was interrupted goes on where it was")
  func resumes() async throws {
    var digests: [Digest] = []
    for number in 1...30 { digests.append(try await fixture.store(Array("file \(number)".utf8))) }
    digests.sort { $0.hex < $1.hex }
    let middle = digests[14]
    try await fixture.catalog.write {
      try $0.save(ScrubRecord(startedAt: Timestamp(milliseconds: 1), cursor: middle, checkedObjects: 15))
    }
    try await scrubber.runIfDue()
    #expect(try await record().checkedObjects == 30)
    #expect(try await record().startedAt == Timestamp(milliseconds: 1))
  }
}

/// An index without extents that does something when it is asked.
private struct CountingIndex: ExtentIndex {
  private let calls = Locked(0)
  private let act: @Sendable (Int) -> Void

  init(_ act: @escaping @Sendable (Int) -> Void) { self.act = act }

  func extents(of digests: [Digest]) async throws(BlobError) -> [Digest: Extent] {
    act(
      calls.withLock { calls in
        calls += 1
        return calls
      })
    return [:]
  }
}
