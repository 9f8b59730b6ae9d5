import Platform
import Vocabulary

/// Opening of the data folder: format check, folders, and the lock of the one running server.
package final class DataFolder: Sendable {
  /// What `format` holds in a folder of this version.
  package static let formatLine = "sheaf 1\n"
  /// What a first opening leaves when it is interrupted: it may be taken up again.
  private static let madeBeforeFormat: Set = [
    "lock", "partial", "objects", "packs", "bundles", "logs", ".format.tmp",
  ]

  package let layout: DiskLayout
  private let lock: FileLock

  /// Makes sure that a folder with stored files has its catalog: a new one would be empty, and everything lost to view.
  package func requireCatalog(on files: any FileSystem) throws(DataFolderError) {
    let isStored: Bool
    do throws(FileError) {
      if try files.size(layout.catalog) != nil { return }
      var names: [String] = []
      for folder in [layout.bundles, layout.packs, layout.partials, layout.objects] {
        names += try files.list(folder)
      }
      isStored = names.contains { $0 != ".incoming" }
    } catch { throw .unusable(layout.root, error) }
    if isStored { throw .catalogMissing(layout.root) }
  }

  private init(layout: DiskLayout, lock: FileLock) {
    self.layout = layout
    self.lock = lock
  }

  /// Opens the folder, making it when there is none or it is empty. A folder that is refused is not changed.
  package static func open(_ root: String, on files: any FileSystem) throws(DataFolderError) -> DataFolder {
    let layout = DiskLayout(root: root)
    do {
      if try files.size(root) == nil { try files.makeFolder(root) }
      if let size = try files.size(layout.format) {
        let file = try files.open(layout.format, .read)
        defer { file.close() }
        let line = String(decoding: try file.readBytes(Int(min(size, 64)), at: 0), as: UTF8.self)
        guard line == formatLine else { throw DataFolderError.foreignFormat(root, line) }
      } else if try !files.list(root).allSatisfy(madeBeforeFormat.contains) {
        throw DataFolderError.notOurs(root)
      }
      guard let lock = try FileLock(path: layout.lock) else { throw DataFolderError.inUse(root) }
      try prepare(layout, on: files)
      return DataFolder(layout: layout, lock: lock)
    } catch let error as DataFolderError {
      throw error
    } catch let error as FileError {
      throw .unusable(root, error)
    } catch {
      preconditionFailure("unexpected error: \(error)")
    }
  }
}

extension DataFolder {
  /// Makes the folders and then `format`, all of them durable; what is there already may come from an opening that a
  /// crash cut short.
  package static func prepare(_ layout: DiskLayout, on files: any FileSystem) throws(FileError) {
    for folder in [
      layout.partials, layout.objects, layout.incoming, layout.packs, layout.bundles, layout.logs,
    ] {
      try files.makeFolder(folder)
    }
    try files.syncFolder(layout.objects)
    try files.syncFolder(layout.root)
    if try files.size(layout.format) == nil {
      try AtomicFile.write(Array(formatLine.utf8), to: "format", in: layout.root, on: files)
    }
  }
}

/// Why a data folder cannot be used; each is one line for the operator.
package enum DataFolderError: Error, CustomStringConvertible {
  case inUse(String)
  case foreignFormat(String, String)
  case notOurs(String)
  case catalogMissing(String)
  case unusable(String, FileError)

  package var description: String {
    switch self {
    case .inUse(let root): "data folder \(root) is in use by another sheaf server"
    case .foreignFormat(let root, let line):
      "data folder \(root) has format \(quoted(line.trimmedLine)); this version reads \(quoted(DataFolder.formatLine.trimmedLine)) only"
    case .notOurs(let root):
      "data folder \(root) is not empty and has no 'format' file: not a sheaf data folder"
    case .catalogMissing(let root):
      "data folder \(root) holds stored files but no catalog.sqlite; 'sheaf doctor --rebuild-catalog' makes one from them"
    case .unusable(let root, let error): "data folder \(root) cannot be used: \(error)"
    }
  }
}

extension String {
  fileprivate var trimmedLine: String { String(prefix { $0 != "\n" }) }
}
