/// Where the bytes of a small object lie: a run of bytes in a pack.
package struct Extent: Sendable, Hashable {
  package var pack: PackID
  /// Of the first byte of the content in the pack.
  package var offset: Int64
  /// Bytes of content.
  package var length: Int64

  package init(pack: PackID, offset: Int64, length: Int64) {
    self.pack = pack
    self.offset = offset
    self.length = length
  }
}
