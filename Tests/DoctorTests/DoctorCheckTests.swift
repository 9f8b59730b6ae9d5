import Blobs
import Catalog
import CatalogSQLite
import Doctor
import Foundation
import Platform
import TestSupport
import Testing
import Vocabulary

@Suite struct DoctorCheckTests {
  @Test("a folder that the server made and closed has nothing to report", arguments: [false, true])
  func sound(isDeep: Bool) async throws {
    let fixture = try await DoctorFixture()
    let report = try fixture.check(isDeep: isDeep)
    #expect(report.findings == [])
    #expect(report.isSound && report.deep == isDeep)
    #expect(report.checkedAt == fixture.clock.now().rfc3339)
    let counts = report.counts
    #expect(counts.uploads == 7 && counts.pushes == 3 && counts.repos == 2 && counts.bundles == 2)
    #expect(counts.entries == 5 && counts.packs == 1 && counts.packedObjects == 4 && counts.partialFiles == 1)
    // One large file, two manifests.
    #expect(counts.objects == 3)
  }

  @Test("what is only in the catalog's log is seen, and the log is left as it is")
  func log() async throws {
    let fixture = try await DoctorFixture()
    let catalog = try SQLiteCatalog(path: fixture.layout.catalog)
    var random = SeededRandom(seed: 1)
    let upload = UploadRecord.sample(random.id(), .receiving, push: nil, path: try BundlePath("new"))
    try catalog.writeNow { try $0.insert(upload) }
    let names = ["catalog.sqlite", "catalog.sqlite-wal"]
    let crashed = try names.map { try fixture.temporary.bytes(of: $0) }
    try catalog.close()
    for (name, bytes) in zip(names, crashed) { try fixture.temporary.write(bytes, to: name) }
    #expect(try fixture.findings() == ["partial-missing \(upload.id)"])
    try fixture.overwrite("catalog.sqlite-wal", at: 0, with: [0])
    #expect(try fixture.findings() == [])
  }

  @Test("a folder in use is refused, and one that is none is too")
  func refusals() async throws {
    let fixture = try await DoctorFixture()
    let files = LinuxFileSystem()
    let folder = try DataFolder.open(fixture.temporary.path, on: files)
    let error = #expect(throws: DoctorError.self) { try ClosedFolder.open(fixture.temporary.path, on: files) }
    #expect("\(error.map { "\($0)" } ?? "")".contains("in use by a running server"))
    withExtendedLifetime(folder) {}
    let other = try TemporaryFolder()
    let before = try other.listing()
    #expect(throws: DoctorError.self) { try ClosedFolder.open(other.path, on: files) }
    try other.write("sheaf 99\n", to: "format")
    #expect(throws: DoctorError.self) { try ClosedFolder.open(other.path, on: files) }
    #expect(try other.listing().count == before.count + 1)
  }

  @Test("no server can start while a folder is looked into, and looking makes no lock")
  func lock() async throws {
    let fixture = try await DoctorFixture()
    let files = LinuxFileSystem()
    let folder = try ClosedFolder.open(fixture.temporary.path, on: files)
    #expect(throws: DataFolderError.self) { try DataFolder.open(fixture.temporary.path, on: files) }
    withExtendedLifetime(folder) {}
    try fixture.remove("lock")
    #expect(try fixture.findings() == [])
    #expect(!fixture.temporary.exists("lock"))
  }

  @Test("at most 10,000 findings are listed, the faults among them first, and all are counted")
  func limit() async throws {
    let fixture = try await DoctorFixture()
    for number in 0..<10_050 { try fixture.temporary.write([], to: "objects/.incoming/\(number)") }
    try fixture.remove(fixture.partial(try fixture.upload("half").id))
    let report = try fixture.check()
    #expect(report.counts.notices == 10_050 && report.counts.faults == 1)
    #expect(report.findings.count == 10_000)
    #expect(report.findings.first?.code == .partialMissing)
  }

  @Test("codes are written as they are documented, and every code has one severity")
  func codes() throws {
    let text = try String(
      contentsOf: URL(fileURLWithPath: repositoryRoot + "/docs/storage-format.md"), encoding: .utf8)
    guard text.contains("sheaf doctor") else { return }
    for code in FindingCode.allCases { #expect(text.contains("`\(code.rawValue)`"), "\(code.rawValue)") }
  }

  @Test("the questions of the check keep their law", arguments: CatalogConformance.auditLaws)
  func law(_ law: CatalogLaw) async throws {
    let folder = try TemporaryFolder()
    try await law.check(SQLiteCatalog(path: folder.child("catalog.sqlite")))
    withExtendedLifetime(folder) {}
  }
}
