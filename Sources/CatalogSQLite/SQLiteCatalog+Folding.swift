import GRDB

extension SQLiteCatalog {
  /// Makes the catalog at `path`, which nobody has open, one file: what its log holds goes into it, and the log goes.
  package static func foldLog(at path: String) throws {
    // One connection that may write: a pool that has readers closes them last, and they leave the log.
    let queue = try DatabaseQueue(path: path)
    _ = try queue.writeWithoutTransaction { try $0.checkpoint(.truncate) }
    try queue.close()
  }
}
