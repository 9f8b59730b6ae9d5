import Blobs
import Vocabulary

/// The lines of a manifest one after the other, each with its place; memory holds one read of the manifest at a time.
package struct ManifestLines {
  private static let readBytes = 64 << 10

  private let blob: any BlobReader
  private var buffer: [UInt8] = []
  /// Where the current line begins in `buffer`.
  private var start = 0
  /// Where the current line begins in the manifest.
  package private(set) var position: Int64
  /// Bytes of the current line without its end; nil before it was looked for.
  private var length: Int?

  /// - Parameter position: `ManifestReader.start`, or the beginning of a line.
  package init(_ reader: ManifestReader, at position: Int64 = ManifestReader.start) {
    blob = reader.blob
    self.position = position
  }

  /// The current line without its end, nil behind the last one.
  ///
  /// - Throws: `ManifestError` when the line has no end; `BlobError`.
  package mutating func line() async throws -> ArraySlice<UInt8>? {
    if let length { return buffer[start..<start + length] }
    guard position < blob.size else { return nil }
    var searched = start
    while true {
      if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
        length = end - start
        return buffer[start..<end]
      }
      buffer.removeFirst(start)
      start = 0
      searched = buffer.count
      let more = try await blob.read(Self.readBytes, at: position + Int64(buffer.count))
      if more.isEmpty || buffer.count > Manifest.maximumLineBytes {
        throw ManifestError.malformed("a line has no end")
      }
      buffer += more
    }
  }

  /// The current line as an entry, nil behind the last one.
  package mutating func entry() async throws -> Entry? { try await line().map { try Manifest.parse($0) } }

  /// Goes to the next line.
  package mutating func advance() async throws {
    guard let line = try await line() else { return }
    start = line.endIndex + 1
    position += Int64(line.count + 1)
    length = nil
  }

  /// Goes to the line that begins at `position`.
  package mutating func seek(to position: Int64) {
    buffer = []
    start = 0
    length = nil
    self.position = position
  }
}
