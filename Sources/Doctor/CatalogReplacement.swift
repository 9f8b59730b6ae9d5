import Blobs
import Platform
import Vocabulary

/// Puts a rebuilt catalog in the place of the one that is there. The old one is moved away and never removed.
package struct CatalogReplacement {
  /// SQLite's files of one catalog: what is not yet in the first may be in the second.
  private static let suffixes = ["", "-wal", "-shm"]

  private let layout: DiskLayout
  private let files: any FileSystem
  /// Where the new catalog is made.
  package var temporary: String { "\(layout.root)/\(CatalogRebuild.temporaryName)" }

  package init(layout: DiskLayout, files: any FileSystem) {
    self.layout = layout
    self.files = files
  }

  /// Removes what an attempt that was interrupted left of a new catalog.
  package func begin() throws(FileError) {
    for suffix in Self.suffixes { try files.remove(temporary + suffix) }
  }

  /// Moves the old catalog away and the new one, which is closed and one file, into its place. Interrupted, it can be
  /// begun anew.
  ///
  /// The name that the old one has now, nil when there was none.
  package func finish(at now: Timestamp) throws -> String? {
    let file = try files.open(temporary, .readWrite)
    defer { file.close() }
    try file.sync()
    let moment = now.rfc3339.filter { $0 != "-" && $0 != ":" && $0 != "." }
    let earlier = "\(layout.catalog).before-\(moment)"
    for suffix in Self.suffixes where try files.size(earlier + suffix) != nil {
      throw DoctorError.taken(earlier + suffix)
    }
    for suffix in Self.suffixes.dropFirst() where try files.size(temporary + suffix) ?? 0 > 0 {
      throw DoctorError.unusable(
        .init(root: layout.root, failure: "the new catalog is not whole without \(temporary + suffix)"))
    }
    var isMoved = false
    // The main file first: its log without it is nothing, but the file without its log might be taken for the catalog.
    for suffix in Self.suffixes where try files.size(layout.catalog + suffix) != nil {
      try files.rename(layout.catalog + suffix, to: earlier + suffix)
      isMoved = true
    }
    // So that no log of the old catalog can come back beside the new one.
    try files.syncFolder(layout.root)
    try files.rename(temporary, to: layout.catalog)
    try files.syncFolder(layout.root)
    return isMoved ? String(earlier.dropFirst(layout.root.count + 1)) : nil
  }
}
