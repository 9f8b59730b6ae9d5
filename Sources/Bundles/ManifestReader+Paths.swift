import Vocabulary

extension ManifestReader {
  /// Entries that are read one after the other before the next path is looked for by bisection.
  private static let steps = 64

  /// The entries with these paths, nil for those that the manifest does not have.
  ///
  /// Paths that lie close together cost one pass over their part of the manifest.
  ///
  /// - Parameter paths: in ascending order.
  /// - Throws: `ManifestError`, `BlobError`.
  package func entries(at paths: [BundlePath]) async throws -> [Entry?] {
    var found: [Entry?] = []
    found.reserveCapacity(paths.count)
    var lines = ManifestLines(self)
    for path in paths {
      var steps = 0
      var entry = try await lines.entry()
      while let current = entry, current.path < path {
        steps += 1
        if steps == Self.steps {
          lines.seek(to: try await range(of: path, from: lines.position).lowerBound)
        } else {
          try await lines.advance()
        }
        entry = try await lines.entry()
      }
      found.append(entry?.path == path ? entry : nil)
    }
    return found
  }
}
