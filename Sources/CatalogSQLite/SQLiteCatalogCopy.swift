import Foundation

/// A catalog to look into without changing anything beside it: SQLite writes to what it opens even to read from it, so
/// the files are copied, with the log of what is not yet in the main file.
///
/// What is changed in it is lost when the value goes, and so is the copy.
package final class SQLiteCatalogCopy: Sendable {
  /// The copy, brought to this version's format.
  package let catalog: SQLiteCatalog
  private let folder: URL

  /// Copies the catalog at `path`, which nobody may have open, to the system's temporary folder.
  ///
  /// - Throws: as `SQLiteCatalog.init`, or when there is no room for the copy.
  package init(of path: String) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "sheaf-\(UUID().uuidString)")
    do {
      // The catalog names files of people; the temporary folder is everybody's.
      try FileManager.default.createDirectory(
        at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      let copy = folder.appending(path: "catalog.sqlite").path
      try FileManager.default.copyItem(atPath: path, toPath: copy)
      if FileManager.default.fileExists(atPath: path + "-wal") {
        try FileManager.default.copyItem(atPath: path + "-wal", toPath: copy + "-wal")
      }
      // Permissions are copied too, and a read-only catalog can still be looked into.
      for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
        try FileManager.default.setAttributes(
          [.posixPermissions: 0o600], ofItemAtPath: folder.appending(path: name).path)
      }
      catalog = try SQLiteCatalog(path: copy, isSynced: false)
    } catch {
      try? FileManager.default.removeItem(at: folder)
      throw error
    }
    self.folder = folder
  }

  deinit {
    // What cannot be removed stays in the system's temporary folder, which is what that is for.
    try? catalog.close()
    try? FileManager.default.removeItem(at: folder)
  }
}
