import NIOCore
import Platform

/// Gathers the small parts of an archive into writes of about a piece; memory holds two pieces of it at most.
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
