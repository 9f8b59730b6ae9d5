import Blobs
import Catalog
import Doctor
import Platform
import TestSupport
import Testing
import Vocabulary

/// Every kind of damage to packs is found, and nothing is repaired. The pack holds the contents of 10, 20, 300 and 5
/// bytes, in this order.
@Suite struct PackDamageTests {
  private let fixture: DoctorFixture
  private let pack: String
  private let digests = [10, 20, 300, 5].map { SHA256Stream.digest(of: pattern($0)) }

  init() async throws {
    fixture = try await DoctorFixture()
    pack = try fixture.packName()
  }

  private func moveExtent(_ index: Int, _ change: String) throws {
    try fixture.damage("UPDATE packedObjects SET \(change) WHERE digest = x'\(digests[index])'")
  }

  /// Findings but for those of the uploads and bundles that miss something.
  private func packFindings(isDeep: Bool = false) throws -> [String] {
    try fixture.findings(isDeep: isDeep).filter { !$0.hasPrefix("object-missing") && !$0.hasPrefix("entry-") }
  }

  @Test("the bytes of an append that a crash tore are told of, with their number")
  func torn() throws {
    let bytes = try fixture.temporary.bytes(of: pack)
    try fixture.replace(pack, with: bytes + PackFormat.head(length: 9, digest: digests[0]) + [1, 2])
    let report = try fixture.check()
    #expect(report.findings.map(\.code) == [.packTorn])
    #expect(report.findings[0].detail.contains("42 bytes") && report.counts.deadPackBytes == 42)
  }

  @Test("MUST-5: a pack that ends before what the catalog has in it is a fault")
  func cut() throws {
    let bytes = try fixture.temporary.bytes(of: pack)
    try fixture.replace(pack, with: Array(bytes.dropLast(1)))
    #expect(
      try fixture.findings() == [
        "extent-outside \(digests[3])", "pack-broken \(pack)", "object-missing \(digests[3])",
      ])
  }

  @Test("MUST-5: a pack that is missing is one fault, and each of its objects is one of those that have it")
  func missing() throws {
    try fixture.remove(pack)
    #expect(try packFindings() == ["pack-missing \(pack)"])
    #expect(try fixture.check().counts.faults == 1 + 4 + 3)
  }

  @Test("a record in the middle whose content changed is found when every byte is read, and only then")
  func content() throws {
    try fixture.overwrite(pack, at: fixture.extent(of: pattern(20)).offset + 3, with: [0, 0])
    #expect(try fixture.findings() == [])
    #expect(
      try fixture.findings(isDeep: true) == [
        "object-digest \(digests[1])", "entry-digest \(fixture.bundles[1].id) a",
      ])
  }

  @Test("a last record whose content changed is a fault at a glance, as the catalog knows it")
  func lastContent() throws {
    try fixture.overwrite(pack, at: fixture.extent(of: pattern(5)).offset, with: [0, 0])
    #expect(try fixture.findings() == ["object-digest \(digests[3])", "pack-broken \(pack)"])
  }

  @Test("damage in the middle is the pack's fault, and what is whole behind it still counts")
  func broken() throws {
    let start = try fixture.extent(of: pattern(20)).offset - Int64(PackFormat.headBytes)
    try fixture.overwrite(pack, at: start, with: [0])
    #expect(try fixture.findings() == ["extent-broken \(digests[1])", "pack-broken \(pack)"])
  }

  @Test("an extent outside of its pack, or one that begins in the middle of a record, is a fault")
  func places() throws {
    try moveExtent(0, "offset = 1")
    #expect(try packFindings().filter { $0.hasPrefix("extent") } == ["extent-outside \(digests[0])"])
    try moveExtent(0, "offset = 9223372036854775807")
    #expect(try packFindings().filter { $0.hasPrefix("extent") } == ["extent-outside \(digests[0])"])
    try moveExtent(0, "offset = 60")
    #expect(try packFindings() == ["extent-broken \(digests[0])", "pack-dead \(pack)"])
    try moveExtent(0, "offset = 53, length = 9")
    #expect(try packFindings() == ["extent-broken \(digests[0])", "pack-dead \(pack)"])
  }

  @Test("an extent whose record is of another object is a fault")
  func swapped() throws {
    let other = try fixture.extent(of: pattern(20))
    try moveExtent(0, "offset = \(other.offset), length = \(other.length)")
    #expect(try packFindings() == ["extent-digest \(digests[0])", "pack-dead \(pack)"])
  }

  @Test("records that the catalog does not know are told of, with their bytes")
  func dead() throws {
    let bytes = try fixture.temporary.bytes(of: pack)
    let content = pattern(33)
    let record = PackFormat.head(length: 33, digest: SHA256Stream.digest(of: content)) + content
    try fixture.replace(pack, with: bytes + record + record)
    let report = try fixture.check()
    #expect(report.findings.map(\.code) == [.packDead] && report.isSound)
    #expect(report.counts.deadPackBytes == Int64(2 * record.count))
  }

  @Test("files in packs/ that are no packs are told of")
  func foreign() throws {
    var random = SeededRandom(seed: 1)
    let id: PackID = random.id()
    try fixture.temporary.write("not a pack at all", to: "packs/\(id)")
    try fixture.temporary.write([1], to: "packs/readme")
    #expect(Set(try fixture.findings()) == ["pack-foreign packs/\(id)", "pack-foreign packs/readme"])
    #expect(try fixture.check().isSound)
  }
}
