import Blobs
import Platform
import Vocabulary

/// A data folder that no server has open, and none can open while this value lives. Nothing in it is changed.
package final class ClosedFolder: Sendable {
  package let layout: DiskLayout
  /// nil when nobody ever opened the folder.
  private let lock: FileLock?

  private init(layout: DiskLayout, lock: FileLock?) {
    self.layout = layout
    self.lock = lock
  }

  /// Takes the lock of the folder at `root`. A lock that is not there is made only when `makesLock` says so.
  ///
  /// - Throws: `DoctorError`.
  package static func open(
    _ root: String, on files: any FileSystem, makesLock: Bool = false
  ) throws -> ClosedFolder {
    let layout = DiskLayout(root: root)
    do {
      guard let size = try files.size(layout.format) else { throw DoctorError.notOurs(root) }
      let file = try files.open(layout.format, .read)
      defer { file.close() }
      let line = String(decoding: try file.readBytes(Int(min(size, 64)), at: 0), as: UTF8.self)
      guard line == DataFolder.formatLine else { throw DoctorError.foreignFormat(root) }
      if !makesLock, try files.size(layout.lock) == nil { return ClosedFolder(layout: layout, lock: nil) }
      guard let lock = try FileLock(path: layout.lock) else { throw DoctorError.inUse(root) }
      return ClosedFolder(layout: layout, lock: lock)
    } catch let error as FileError {
      throw DoctorError.unusable(.init(root: root, failure: error.description))
    }
  }
}
