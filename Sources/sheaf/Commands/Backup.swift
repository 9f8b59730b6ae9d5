import ArgumentParser
import Blobs
import CatalogSQLite
import Doctor
import Foundation
import GatewayConfiguration
import Platform
import Vocabulary

struct Backup: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Copy the catalog of a data folder, also while its server runs.",
    discussion: """
      The copy is one consistent state, checked before it gets its name. Copy bundles/, objects/, packs/ and partial/ \
      of the data folder after it, in this order; 'sheaf restore' puts the catalog back.

      EXIT STATUS
        0  the copy is there, whole
        1  it could not be made; standard error says why, and nothing was left
        2  bad usage or an unusable setting
      """)

  @OptionGroup var folder: DataFolderOption
  @Option(help: "The file to write.", completion: .file()) var to: String
  @Flag(help: "Replace the file when it is there.") var force = false

  func run() async throws {
    let root = ClientRun.absolute(try folder.settings().data)
    let target = ClientRun.absolute(to)
    let files = LinuxFileSystem()
    let source = DiskLayout(root: root).catalog
    guard try files.size(source) != nil else {
      throw CommandFailure("there is no catalog.sqlite in the data folder \(root)")
    }
    guard !Self.isInside(target, root), try !Self.isSame(target, source) else {
      throw CommandFailure(
        "\(to) is in the data folder, which is the server's; name a file outside of \(root)")
    }
    guard try force || files.size(target) == nil else {
      throw CommandFailure("\(to) is there already; --force replaces it")
    }
    let temporary = "\(target).part"
    do {
      try files.remove(temporary)
      // Made here, as a file that nobody else has put there or can read: it names files and people.
      let file = try files.open(temporary, .create)
      defer { file.close() }
      try file.setPermissions(0o600)
      try SQLiteCatalogBackup.copy(source, to: temporary)
      try file.sync()
      try files.rename(temporary, to: target)
      try files.syncFolder(ClientRun.parent(of: target))
      StandardOutput.line("copied the catalog, \(try file.size()) bytes, to \(to)")
    } catch {
      _ = try? files.remove(temporary)
      StandardError.line("sheaf: the catalog of \(root) could not be copied: \(error)")
      throw ClientExit.failed
    }
  }

  /// Whether the file would lie below the folder, by whatever links.
  private static func isInside(_ file: String, _ folder: String) -> Bool {
    func real(_ path: String) -> String { URL(filePath: path).resolvingSymlinksInPath().path }
    let place = real(ClientRun.parent(of: file)) + "/"
    return place.utf8.starts(with: "\(real(folder))/".utf8)
  }

  private static func isSame(_ one: String, _ other: String) throws -> Bool {
    guard let one = try FileInfo.of(one), let other = try FileInfo.of(other) else { return false }
    return one.device == other.device && one.inode == other.inode
  }
}

struct Restore: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Put a copy of the catalog back into its data folder.",
    discussion: """
      Needs the server stopped. The catalog that is there becomes catalog.sqlite.before-<time>. Run 'sheaf doctor' \
      afterwards: bundles that were committed after the copy was made are on disk but not in it.

      EXIT STATUS
        0  the catalog is in place
        1  the copy is not sound, or could not be put in place; the folder is as it was
        2  bad usage, an unusable setting, or a folder that a server has open
      """)

  @Argument(help: "The copy that 'sheaf backup' made.", completion: .file()) var file: String
  @OptionGroup var folder: DataFolderOption

  func run() async throws {
    let root = ClientRun.absolute(try folder.settings().data)
    let copy = ClientRun.absolute(file)
    let files = LinuxFileSystem()
    guard try files.size(copy) != nil else { throw CommandFailure("there is no file \(file)") }
    let closed: ClosedFolder
    do { closed = try ClosedFolder.open(root, on: files, makesLock: true) } catch {
      throw CommandFailure("\(error)")
    }
    defer { withExtendedLifetime(closed) {} }
    do {
      let replacement = CatalogReplacement(layout: closed.layout, files: files)
      try replacement.begin()
      try SQLiteCatalogBackup.copy(copy, to: replacement.temporary)
      try SQLiteCatalogBackup.check(replacement.temporary)
      try SQLiteCatalog.foldLog(at: replacement.temporary)
      let earlier = try replacement.finish(at: SystemClock().now())
      StandardOutput.line("the catalog of \(root) is that of \(file)")
      if let earlier { StandardOutput.line("the one that was there is now \(earlier)") }
    } catch {
      StandardError.line("sheaf: \(file) could not be put in place: \(error)")
      throw ClientExit.failed
    }
  }
}

/// Which data folder a command works on: named in the same ways as for `sheaf serve`.
struct DataFolderOption: ParsableArguments {
  @Option(name: .of(\.data), help: .of(\.data)) var data: String?
  @Option(name: .customLong(SettingSources.fileFlag), help: .settingsFile) var config: String?

  func settings() throws -> Settings {
    let given = [("--\(Settings.declarations.data.flag)", data), ("--\(SettingSources.fileFlag)", config)]
    let arguments = given.compactMap { name, value in value.map { "\(name)=\($0)" } }
    return try SettingFlags.parse(arguments).resolve().settings
  }
}
