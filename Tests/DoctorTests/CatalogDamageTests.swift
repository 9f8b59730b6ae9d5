import Blobs
import Catalog
import Doctor
import Platform
import TestSupport
import Testing
import Vocabulary

/// Every kind of damage to the catalog itself is found, and nothing is repaired.
@Suite struct CatalogDamageTests {
  private let fixture: DoctorFixture

  init() async throws { fixture = try await DoctorFixture() }

  @Test("numbers that the catalog keeps and that are not true are faults")
  func counts() throws {
    try fixture.damage("UPDATE uploadCounts SET count = count + 1 WHERE state = 'verified'")
    try fixture.damage("UPDATE pushCounts SET count = 9 WHERE state = 'failed'")
    try fixture.damage("UPDATE repos SET bundleCount = 7 WHERE name = 'films'")
    #expect(
      try fixture.findings() == [
        "count-wrong uploads verified", "count-wrong pushes failed", "count-wrong bundles of films",
      ])
  }

  @Test("a push's progress that is not true is a fault, and so are its kept numbers of uploads")
  func progress() throws {
    let push = try #require(try fixture.upload("whole").push)
    try fixture.damage("UPDATE pushProgress SET verified = 2 WHERE push = '\(push)'")
    #expect(try fixture.findings() == ["progress-wrong \(push)"])
    try fixture.damage("UPDATE pushProgress SET verified = 1 WHERE push = '\(push)'")
    try fixture.damage("INSERT INTO expectedFiles (push, path, size, uploads) VALUES ('\(push)', 'x', 1, 1)")
    #expect(try fixture.findings() == ["progress-wrong \(push)"])
  }

  @Test("events that are left out are faults")
  func events() throws {
    try fixture.damage("DELETE FROM events WHERE sequence IN (1, 4, 5)")
    #expect(try fixture.findings() == ["event-gap 2", "event-gap 6"])
  }

  @Test("what the database itself finds wrong is a fault")
  func integrity() throws {
    try fixture.damage(
      """
      PRAGMA writable_schema = ON;
      UPDATE sqlite_schema SET sql = replace(sql, '(kind, sequence)', '(subject, sequence)') WHERE name = 'eventsByKind';
      """)
    #expect(try fixture.check().findings.contains { $0.code == .catalogIntegrity })
  }

  @Test("a part of the catalog that cannot be read is a fault, and the rest is checked all the same")
  func unreadable() throws {
    try fixture.damage("UPDATE uploads SET path = '../x' WHERE path = 'half'")
    try fixture.damage("DELETE FROM events WHERE sequence = 4")
    // Without the uploads nobody knows what belongs to one: nothing is called unknown.
    #expect(try fixture.findings() == ["catalog-unreadable uploads", "event-gap 5"])
  }

  @Test("an upload or a push in a state that is none is a fault")
  func states() throws {
    let (half, push) = (try fixture.upload("half").id, try #require(try fixture.upload("whole").push))
    try fixture.damage("UPDATE uploads SET state = 'melted' WHERE id = '\(half)'")
    try fixture.damage("UPDATE pushes SET status = 'complete' WHERE id = '\(push)'")
    let found = Set(try fixture.findings())
    #expect(found.isSuperset(of: ["catalog-unreadable \(half)", "catalog-unreadable \(push)"]))
    #expect(!found.contains { $0.hasPrefix("partial-unknown") || $0.hasPrefix("object-orphan") })
  }
}
