import Vocabulary

extension BlobStore {
  /// Contents that are held at a time.
  private var heldBytes: Int64 { 1 << 20 }

  /// Hands out the contents of those of the objects that lie together with others, many of them read at once; one that is
  /// left out may be stored all the same.
  package func visitPacked(
    _ objects: [(digest: Digest, size: Int64)], _ body: (Digest, [UInt8]) -> Void
  ) async throws(BlobError) {
    var rest = objects.filter { $0.size <= heldBytes }[...]
    while !rest.isEmpty {
      var bytes: Int64 = 0
      let part = rest.prefix { object in
        bytes += object.size
        return bytes <= heldBytes
      }
      rest = rest.dropFirst(part.count)
      for (digest, content) in try await packedContents(part.map(\.digest)) { body(digest, content) }
    }
  }
}
