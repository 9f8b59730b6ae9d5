import Blobs
import Bundles
import Catalog
import Doctor
import Platform
import TestSupport
import Testing
import Vocabulary

/// Every kind of damage to bundles is found, and nothing is repaired.
@Suite struct BundleDamageTests {
  private let fixture: DoctorFixture
  private let first: BundleRecord
  private let second: BundleRecord

  init() async throws {
    fixture = try await DoctorFixture()
    first = fixture.bundles[0]
    second = fixture.bundles[1]
  }

  private func manifest(of bundle: BundleRecord) throws -> String {
    try fixture.temporary.text(of: fixture.object(bundle.digest))
  }

  @Test("MUST-3: a bundle without its manifest is a fault")
  func missing() throws {
    try fixture.remove(fixture.object(first.digest))
    #expect(try fixture.findings().contains("manifest-missing \(first.id)"))
    #expect(try fixture.check().counts.faults == 1)
  }

  @Test("a manifest that is not what the bundle says is a fault at a glance")
  func digest() throws {
    let text = try manifest(of: first)
    try fixture.replace(
      fixture.object(first.digest), with: Array(text.replacing("\"size\":10,", with: "\"size\":11,").utf8))
    #expect(
      try fixture.findings() == [
        "entry-size \(first.id) a", "manifest-digest \(first.id)", "manifest-counts \(first.id)",
      ])
  }

  @Test("a manifest that cannot be read to its end is a fault", arguments: 0..<5)
  func malformed(_ kind: Int) throws {
    let text = try manifest(of: first)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: true)
    let broken = [
      String(text.dropLast()), "", lines.reversed().joined(separator: "\n") + "\n",
      ([lines[0]] + lines.dropFirst().reversed()).joined(separator: "\n") + "\n",
      lines[0] + "\n" + String(repeating: "x", count: 40_000),
    ][kind]
    try fixture.replace(fixture.object(first.digest), with: Array(broken.utf8))
    let found = try fixture.findings().filter { !$0.hasPrefix("object-orphan") }
    #expect(found == ["manifest-digest \(first.id)", "manifest-malformed \(first.id)"])
  }

  @Test("a bundle that does not have the numbers of its manifest is a fault")
  func counts() throws {
    try fixture.damage("UPDATE bundles SET fileCount = 9 WHERE id = '\(first.id)'")
    #expect(
      try fixture.findings() == ["descriptor-differs \(first.id)", "manifest-counts \(first.id)"])
  }

  @Test("MUST-3: a bundle without its descriptor is a fault, and so is one with another")
  func descriptors() throws {
    let text = try fixture.temporary.text(of: fixture.descriptor(first))
    for other in [text + " ", String(text.dropLast()), text.replacing("somebody", with: "anybody!")] {
      try fixture.replace(fixture.descriptor(first), with: Array(other.utf8))
      #expect(try fixture.findings() == ["descriptor-differs \(first.id)"])
    }
    try fixture.remove(fixture.descriptor(first))
    #expect(try fixture.findings() == ["descriptor-missing \(first.id)"])
  }

  @Test("a descriptor without a bundle is told of, and so is what is no descriptor")
  func unknownDescriptors() throws {
    var random = SeededRandom(seed: 1)
    var other = second
    other.id = random.id()
    other.sequence = 3
    let name = BundleDescriptor.name(other)
    for name in ["films/\(name)", "nobody/\(name)", "films/readme", "films/.\(name).tmp"] {
      try fixture.temporary.write("text", to: "bundles/\(name)")
    }
    try fixture.temporary.write("text", to: "bundles/readme")
    #expect(
      try fixture.findings() == [
        "descriptor-foreign bundles/readme", "descriptor-unfinished bundles/films/.\(name).tmp",
        "descriptor-unknown bundles/films/\(name)", "descriptor-foreign bundles/films/readme",
        "descriptor-unknown bundles/nobody/\(name)",
      ])
    #expect(try fixture.check().isSound)
  }

  @Test("numbers of bundles that are left out are told of")
  func gaps() throws {
    try fixture.damage("UPDATE bundles SET sequence = 6 WHERE id = '\(second.id)'")
    try fixture.damage("UPDATE bundles SET sequence = 2 WHERE id = '\(first.id)'")
    try fixture.damage("UPDATE repos SET lastSequence = 6")
    let gaps = try fixture.check().findings.filter { $0.code == .sequenceGap }.map(\.detail)
    #expect(gaps == ["there are no bundles 3 to 5", "there is no bundle number 1"])
  }

  @Test("bundles that an earlier repo of the name had are not counted among those of this one")
  func earlierRepo() throws {
    var random = SeededRandom(seed: 1)
    let ids: [BundleID] = [random.id(), random.id()]
    let insert = "INSERT INTO deletedBundles (id, repo, sequence, at) VALUES"
    try fixture.damage("\(insert) ('\(ids[0])', 'films', 50, 1)")
    #expect(try fixture.check().isSound)
    try fixture.damage("\(insert) ('\(ids[1])', 'films', 50, 9000000000000)")
    #expect(try fixture.findings().contains("count-wrong sequence of films"))
  }

  @Test("a label, or a committed push, whose bundle is missing is a fault")
  func references() throws {
    try fixture.damage("DELETE FROM bundles WHERE id = '\(second.id)'")
    let found = Set(try fixture.findings())
    #expect(found.contains("label-dangling films@draft"))
    #expect(found.contains("bundle-missing \(second.push)"))
    #expect(found.contains("catalog-integrity catalog.sqlite"))
    #expect(!found.contains("count-wrong sequence of films"))
    #expect(found.contains("descriptor-unknown \(fixture.descriptor(second))"))
  }
}
