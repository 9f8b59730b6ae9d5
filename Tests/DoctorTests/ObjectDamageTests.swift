import Blobs
import Catalog
import Doctor
import Platform
import TestSupport
import Testing
import Vocabulary

/// Every kind of damage to objects is found, and nothing is repaired.
@Suite struct ObjectDamageTests {
  private let fixture: DoctorFixture
  private let large: Digest

  init() async throws {
    fixture = try await DoctorFixture()
    large = fixture.large
  }

  /// What two uploads and two bundles miss when the large file is not as it was.
  private func each(_ upload: String, _ entry: String) -> [String] {
    Array(repeating: "\(upload) \(large)", count: 2)
      + fixture.bundles.reversed().map { "\(entry) \($0.id) b/large" }
  }

  @Test("MUST-5: an object that is missing is a fault of every upload and bundle that has it")
  func missing() throws {
    try fixture.remove(fixture.object(large))
    #expect(try fixture.findings() == each("object-missing", "entry-missing"))
  }

  @Test("an object of another size is a fault of every upload and bundle that has it")
  func size() throws {
    try fixture.replace(fixture.object(large), with: pattern(99_999))
    #expect(try fixture.findings() == each("object-size", "entry-size"))
  }

  @Test("changed bytes are found when every byte is read, and only then")
  func digest() throws {
    try fixture.overwrite(fixture.object(large), at: 50_000, with: [0, 0])
    #expect(try fixture.findings() == [])
    #expect(
      try fixture.findings(isDeep: true)
        == ["object-digest \(large)"] + fixture.bundles.reversed().map { "entry-digest \($0.id) b/large" })
  }

  @Test("an object that nothing refers to is told of")
  func orphan() throws {
    let bytes = pattern(77)
    let digest = SHA256Stream.digest(of: bytes)
    try fixture.temporary.write(bytes, to: fixture.object(digest))
    try FileAttributes.restore(
      fixture.temporary.child(fixture.object(digest)), mode: 0o444, modifiedNanoseconds: nil)
    #expect(try fixture.findings() == ["object-orphan \(digest)"])
    #expect(try fixture.check().isSound)
  }

  @Test("names in objects/ that are no objects are told of")
  func foreign() throws {
    let other = large.hex.hasPrefix("00") ? "11" : "00"
    let names = [
      "\(other)/\(large)", "\(other)/note", "\(other)/\(large.hex.uppercased())", "zz/x", "readme",
    ]
    for name in names {
      try fixture.temporary.write([1], to: "objects/\(name)")
    }
    let found = try fixture.findings()
    #expect(found.count == 5 && found.allSatisfy { $0.hasPrefix("object-foreign objects/") })
    #expect(found.contains("object-foreign objects/zz") && found.contains("object-foreign objects/readme"))
  }

  @Test("what unfinished attempts leave is told of")
  func leftovers() throws {
    try fixture.temporary.write([1], to: "objects/.incoming/00ff")
    try fixture.temporary.write([1], to: ".format.tmp")
    try fixture.temporary.write([1], to: "\(CatalogRebuild.temporaryName)-wal")
    #expect(
      try fixture.findings() == [
        "catalog-leftover .format.tmp", "catalog-leftover catalog.sqlite.rebuilding-wal",
        "incoming-leftover objects/.incoming/00ff",
      ])
    #expect(try fixture.check().isSound)
  }

  @Test("a link in the place of an object is not followed")
  func link() throws {
    let name = fixture.object(large)
    try fixture.temporary.write(pattern(100_000), to: "elsewhere")
    try fixture.remove(name)
    try makeLink(fixture.temporary.child(name), to: fixture.temporary.child("elsewhere"))
    #expect(try fixture.findings() == each("object-missing", "entry-missing") + ["object-foreign \(name)"])
  }
}
