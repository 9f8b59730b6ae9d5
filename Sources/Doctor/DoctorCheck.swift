import Blobs
import Catalog
import Platform
import Vocabulary

/// Compares a catalog with what lies on disk, and changes neither. Call on an I/O thread, while no server runs.
package struct DoctorCheck {
  private let layout: DiskLayout
  private let files: any FileSystem
  private let clock: any WallClock
  /// Read every stored byte again.
  private let isDeep: Bool

  package init(layout: DiskLayout, files: any FileSystem, clock: any WallClock, isDeep: Bool) {
    self.layout = layout
    self.files = files
    self.clock = clock
    self.isDeep = isDeep
  }

  /// - Throws: `DoctorError` when a folder cannot be listed. A file that cannot be read is a finding.
  package func run(_ catalog: any CatalogReader) throws -> DoctorReport {
    var examination = Examination(layout: layout, files: files, catalog: catalog, isDeep: isDeep)
    do {
      try examination.run()
    } catch let error as FileError {
      throw DoctorError.unusable(.init(root: layout.root, failure: error.description))
    }
    return DoctorReport(
      checkedAt: clock.now().rfc3339, deep: isDeep, counts: examination.finalCounts,
      findings: examination.findings.kept)
  }
}

/// One check under way.
struct Examination {
  /// Rows that are in memory at a time.
  static let pageSize = 500

  let layout: DiskLayout
  let files: any FileSystem
  let catalog: any CatalogReader
  let isDeep: Bool
  var findings = FindingList()
  var counts = DoctorReport.Counts()
  var objects = StoredObjects()
  /// False once a part of the catalog could not be read: then what nothing refers to cannot be told.
  var isCatalogWhole = true

  init(layout: DiskLayout, files: any FileSystem, catalog: any CatalogReader, isDeep: Bool) {
    self.layout = layout
    self.files = files
    self.catalog = catalog
    self.isDeep = isDeep
  }

  var finalCounts: DoctorReport.Counts {
    var counts = counts
    counts.faults = findings.faultCount
    counts.notices = findings.noticeCount
    return counts
  }

  /// What is stored comes first; what refers to it is then looked up in memory.
  mutating func run() throws {
    try section("integrity") { try $0.checkIntegrity() }
    try checkRoot()
    try checkObjectFiles()
    try section("packed objects") { try $0.readPackedObjects() }
    try checkPacks()
    try section("packed objects") { try $0.findUnseenObjects() }
    reportPacks()
    var partials = try readPartials()
    try section("uploads") { try $0.checkUploads(&partials) }
    reportUnknown(partials)
    try section("pushes") { try $0.checkPushes() }
    var folders = try readBundleFolders()
    try section("bundles") { try $0.checkRepos(&folders) }
    try section("labels") { try $0.checkLabels() }
    reportUnknown(folders)
    try section("events") { try $0.checkEvents() }
    if isCatalogWhole { reportOrphans() }
  }

  /// A part of the check that reads the catalog; what cannot be read of it is a fault and not the end of the check.
  private mutating func section(_ name: String, _ body: (inout Self) throws -> Void) throws {
    do {
      try body(&self)
    } catch let error as FileError {
      throw error
    } catch {
      isCatalogWhole = false
      findings.add(.catalogUnreadable, name, "this part of the catalog cannot be read: \(error)")
    }
  }

  /// The members of a folder in the order of their names; none when there is no such folder.
  func members(of folder: String) throws(FileError) -> [FolderMember] {
    do throws(FileError) {
      return try DirectoryWalk.members(of: folder)
    } catch {
      if error.kind == .notFound { return [] }
      throw error
    }
  }

  /// A path as findings show it.
  func shown(_ path: String) -> String { String(path.dropFirst(layout.root.utf8.count + 1)) }

  mutating func reportUnreadable(_ path: String, _ error: FileError) {
    findings.add(.fileUnreadable, shown(path), "it cannot be read: \(error.explanation)")
  }

  mutating func checkMode(of member: FolderMember, in folder: String, isReadOnly: Bool) {
    let mode = member.info.mode
    let isRight = isReadOnly ? mode == 0o444 : mode & 0o7022 == 0
    if !isRight {
      findings.add(
        .fileMode, shown("\(folder)/\(member.shownName)"),
        "its mode is \(String(mode, radix: 8)), \(isReadOnly ? "not 444" : "so others can change it")")
    }
  }
}
