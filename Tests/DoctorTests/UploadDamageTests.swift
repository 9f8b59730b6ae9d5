import Blobs
import Catalog
import Doctor
import Platform
import TestSupport
import Testing
import Vocabulary

/// Every kind of damage to uploads and partial files is found, and nothing is repaired.
@Suite struct UploadDamageTests {
  private let fixture: DoctorFixture
  private let half: UploadID
  private let whole: UploadID

  init() async throws {
    fixture = try await DoctorFixture()
    half = try fixture.upload("half").id
    whole = try fixture.upload("whole").id
  }

  @Test("MUST-5: an upload under way without its partial file is a fault")
  func missing() throws {
    try fixture.remove(fixture.partial(half))
    #expect(try fixture.findings() == ["partial-missing \(half)"])
  }

  @Test("an upload that has no bytes yet needs no partial file")
  func created() throws {
    try fixture.remove(fixture.partial(half))
    try fixture.damage(
      "UPDATE uploads SET state = 'created', hashState = NULL, hashedBytes = 0 WHERE id = '\(half)'")
    #expect(try fixture.findings() == [])
  }

  @Test("a partial file that is longer than its upload is a fault")
  func tooLong() throws {
    try fixture.replace(fixture.partial(half), with: pattern(90_001))
    #expect(try fixture.findings() == ["partial-too-long \(half)"])
  }

  @Test("MUST-1: a received upload with fewer bytes than it has is a fault")
  func incomplete() throws {
    try fixture.damage("UPDATE uploads SET state = 'received' WHERE id = '\(half)'")
    #expect(try fixture.findings() == ["partial-incomplete \(half)"])
  }

  @Test("verified bytes that are not in the partial file are a fault")
  func unverified() throws {
    try fixture.damage("UPDATE uploads SET unverifiedFrom = 70001 WHERE id = '\(half)'")
    #expect(try fixture.findings() == ["unverified-beyond-end \(half)"])
    try fixture.damage("UPDATE uploads SET unverifiedFrom = 70000 WHERE id = '\(half)'")
    #expect(try fixture.findings() == [])
  }

  @Test("MUST-4: a saved hash state that does not fit its file is told of, as it is only a shortcut")
  func hashState() throws {
    var stream = SHA256Stream()
    stream.update(pattern(70_001))
    let state = Hexadecimal.encode(stream.savedState)
    try fixture.damage("UPDATE uploads SET hashState = x'\(state)' WHERE id = '\(half)'")
    #expect(try fixture.findings() == ["hash-state-ahead \(half)"])
    try fixture.damage("UPDATE uploads SET hashState = x'00' WHERE id = '\(half)'")
    #expect(try fixture.findings() == ["hash-state-malformed \(half)"])
    #expect(try fixture.check().isSound)
  }

  @Test("partial files without an upload are told of, empty or not")
  func unknown() throws {
    var random = SeededRandom(seed: 1)
    let ids: [UploadID] = [random.id(), random.id()].sorted()
    try fixture.temporary.write([], to: fixture.partial(ids[0]))
    try fixture.temporary.write([1], to: fixture.partial(ids[1]))
    #expect(try fixture.findings() == ids.map { "partial-unknown \($0)" })
    #expect(try fixture.check().isSound)
  }

  @Test("the partial file of an upload that is finished or has ended is told of")
  func ended() throws {
    try fixture.temporary.write([1], to: fixture.partial(whole))
    #expect(try fixture.findings() == ["partial-ended \(whole)"])
  }

  @Test("names in partial/ that are no uploads are told of, and so is an upload in the wrong folder")
  func foreign() throws {
    try fixture.temporary.write([1], to: "partial/notes")
    try fixture.temporary.write([1], to: "partial/zzz/\(half)")
    #expect(
      try fixture.findings() == ["partial-foreign partial/notes", "partial-foreign partial/zzz/\(half)"])
  }

  @Test("a file that others can change is told of, and so is an object that its owner can change")
  func modes() throws {
    let object = fixture.object(fixture.large)
    for (name, mode) in [(fixture.partial(half), 0o666), (object, 0o644)] as [(String, UInt32)] {
      try FileAttributes.restore(fixture.temporary.child(name), mode: mode, modifiedNanoseconds: nil)
    }
    #expect(try fixture.findings() == ["file-mode \(object)", "file-mode \(fixture.partial(half))"])
  }
}
