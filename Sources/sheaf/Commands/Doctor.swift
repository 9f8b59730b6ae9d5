import ArgumentParser
import Blobs
import Catalog
import CatalogSQLite
import Client
import Doctor
import GatewayConfiguration
import Platform
import Vocabulary

struct DoctorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Check a data folder: whether all that the catalog says is on disk, and the other way round.",
    discussion: """
      Needs the server stopped, and keeps it from starting meanwhile. Changes nothing: it looks into a copy of the \
      catalog, for which the temporary folder must have room. With --deep it reads every stored byte again.

      A fault is something that was promised and is not there; a notice is what a crash may leave, or what is not \
      Sheaf's. Nothing is repaired.

      With --rebuild-catalog it first makes a new catalog from the bundles on disk and moves the old one to \
      catalog.sqlite.before-<time>. Repos, bundles, labels and their files are there again afterwards; uploads, pushes \
      and events are not, and unfinished uploads have to be sent anew. Labels \
      are where repo.json of their repo says, else on the newest bundle that asked for them.

      EXIT STATUS
        0  no faults; there may be notices
        1  faults were found
        2  the folder could not be checked, or its catalog not be rebuilt; standard error says why
      """)

  @OptionGroup var folder: DataFolderOption

  @Flag(help: "Read every stored byte again and compare it with its digest.")
  var deep = false

  @Flag(help: "Make a new catalog from the bundles on disk, then check.")
  var rebuildCatalog = false

  @OptionGroup var output: OutputOption

  func run() async throws {
    let root = ClientRun.absolute(try folder.settings().data)
    let command = self
    let report: DoctorReport
    do {
      report = try await ThreadedExecutor(name: "sheaf.doctor", threads: 1).run { try command.examine(root) }
    } catch let failure as CommandFailure {
      throw failure
    } catch {
      throw CommandFailure("\(error)")
    }
    if output.json {
      try ClientRun.printJSON(report)
    } else {
      for line in text(report) { StandardOutput.line(line) }
    }
    if !report.isSound { throw ClientExit.failed }
  }

  private func examine(_ root: String) throws -> DoctorReport {
    let files = LinuxFileSystem()
    let clock = SystemClock()
    let folder = try ClosedFolder.open(root, on: files, makesLock: rebuildCatalog)
    defer { withExtendedLifetime(folder) {} }
    let rebuilt = rebuildCatalog ? try rebuild(folder.layout, files, clock) : nil
    guard try files.size(folder.layout.catalog) != nil else {
      throw CommandFailure(
        "data folder \(root) has no catalog.sqlite; --rebuild-catalog makes a new one from the bundles on disk"
      )
    }
    let copy: SQLiteCatalogCopy
    do {
      copy = try SQLiteCatalogCopy(of: folder.layout.catalog)
    } catch {
      throw CommandFailure("the catalog of \(root) cannot be opened: \(error)")
    }
    let check = DoctorCheck(layout: folder.layout, files: files, clock: clock, isDeep: deep)
    var report = try copy.catalog.readNow { try check.run($0) }
    report.rebuilt = rebuilt
    return report
  }

  private func rebuild(
    _ layout: DiskLayout, _ files: any FileSystem, _ clock: any WallClock
  ) throws -> CatalogRebuild.Report {
    do {
      let replacement = CatalogReplacement(layout: layout, files: files)
      try replacement.begin()
      let catalog = try SQLiteCatalog(path: replacement.temporary)
      var report = try CatalogRebuild(layout: layout, files: files).run { try catalog.writeNow($0) }
      try catalog.close()
      try SQLiteCatalog.foldLog(at: replacement.temporary)
      report.earlierCatalog = try replacement.finish(at: clock.now())
      return report
    } catch {
      throw CommandFailure("the catalog of \(layout.root) cannot be rebuilt: \(error)")
    }
  }

  private func text(_ report: DoctorReport) -> [String] {
    var lines: [String] = []
    if let rebuilt = report.rebuilt {
      lines.append(
        "rebuilt the catalog: \(rebuilt.repos) repos, \(rebuilt.bundles) bundles, \(rebuilt.labels) labels, "
          + "\(rebuilt.packedObjects) objects in packs")
      if let earlier = rebuilt.earlierCatalog { lines.append("the catalog that was there is now \(earlier)") }
    }
    if !report.findings.isEmpty {
      lines += TextTable.lines(
        [("SEVERITY", .left), ("CODE", .left), ("SUBJECT", .left), ("DETAIL", .left)],
        report.findings.map { [$0.severity.rawValue, $0.code.rawValue, $0.subject, $0.detail] })
    }
    let counts = report.counts
    let rest = counts.faults + counts.notices - report.findings.count
    if rest > 0 { lines.append("and \(rest) more that are not listed") }
    lines.append(
      "checked \(counts.uploads) uploads, \(counts.bundles) bundles with \(counts.entries) files, \(counts.objects) "
        + "objects and \(counts.packedObjects) in \(counts.packs) packs\(report.deep ? ", every byte" : "")")
    lines.append("\(counts.faults) faults, \(counts.notices) notices")
    return lines
  }
}
