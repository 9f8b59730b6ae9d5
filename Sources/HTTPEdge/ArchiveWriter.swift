import Blobs
import Bundles
import NIOCore
import Platform

/// Gathers the small parts of an archive into writes of about a piece; memory holds two pieces at most.
struct ArchiveWriter {
  private(set) var stream: StreamWriter
  /// Bytes written so far, those that are still gathered included.
  private(set) var byteCount: Int64 = 0
  private let pieces: DownloadPieces
  private var pending = ByteBuffer()

  init(_ stream: StreamWriter, _ pieces: DownloadPieces) {
    self.stream = stream
    self.pieces = pieces
  }

  /// Bytes that are read of a file at a time.
  var pieceBytes: Int { pieces.byteCount }

  mutating func write(_ bytes: [UInt8]) async throws {
    pending.writeBytes(bytes)
    byteCount += Int64(bytes.count)
    if pending.readableBytes >= pieces.byteCount { try await flush() }
  }

  mutating func flush() async throws {
    guard pending.readableBytes > 0 else { return }
    try await stream.write(pending)
    pending.clear()
  }
}

/// An entry's content read a piece at a time, never short.
struct EntryContent {
  private let object: any BlobReader
  private let entry: Entry
  private let pieceBytes: Int
  private var offset: Int64 = 0

  /// - Throws: `BlobError` when the object is not there, or has another size.
  init(_ entry: Entry, _ services: GatewayServices, pieceBytes: Int) async throws {
    object = try await services.openObject(of: entry)
    self.entry = entry
    self.pieceBytes = pieceBytes
  }

  func close() { object.close() }

  /// The next piece; nil behind the last one.
  mutating func next() async throws -> [UInt8]? {
    guard offset < entry.size else { return nil }
    let wanted = Int(min(Int64(pieceBytes), entry.size - offset))
    let bytes = try await object.read(wanted, at: offset)
    guard bytes.count == wanted else {
      throw BlobError.missing("object \(entry.digest) from byte \(offset + Int64(bytes.count)) on")
    }
    offset += Int64(wanted)
    return bytes
  }
}
