import Blobs

/// Bytes in memory.
final class MemoryBlob: BlobReader {
  private let bytes: [UInt8]
  init(_ bytes: [UInt8]) { self.bytes = bytes }
  convenience init(_ text: String) { self.init(Array(text.utf8)) }

  var size: Int64 { Int64(bytes.count) }
  func read(_ count: Int, at offset: Int64) async throws(BlobError) -> [UInt8] {
    Array(bytes.dropFirst(Int(offset)).prefix(count))
  }
  func close() {}
}
