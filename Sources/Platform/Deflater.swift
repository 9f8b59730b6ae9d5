import CZlib

/// A raw deflate stream (RFC 1951) under way.
package final class Deflater: @unchecked Sendable {
  // Sendable because one request owns it and feeds it from one place at a time.
  private var stream = z_stream()
  private var isOpen = false

  /// zlib could not go on; it only lacks memory.
  package struct Failure: Error, Sendable, CustomStringConvertible {
    package let code: Int32
    package var description: String { "zlib failed with code \(code)" }
  }

  /// - Throws: `Failure` when there is no memory for the stream (about 256 KiB).
  package init() throws(Failure) {
    // Negative window bits ask for a stream without zlib's own header; 8 is zlib's default for memory.
    let code = deflateInit2_(
      &stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    guard code == Z_OK else { throw Failure(code: code) }
    isOpen = true
  }
  deinit { if isOpen { deflateEnd(&stream) } }

  /// Takes the bytes in and gives what they came to so far; with `isLast` all that is left.
  package func deflate(_ bytes: [UInt8], isLast: Bool) throws(Failure) -> [UInt8] {
    var input = bytes
    var output: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 64 << 10)
    let code = input.withUnsafeMutableBufferPointer { input in
      stream.next_in = input.baseAddress
      stream.avail_in = UInt32(input.count)
      var code = Z_OK
      repeat {
        code = piece.withUnsafeMutableBufferPointer { piece in
          stream.next_out = piece.baseAddress
          stream.avail_out = UInt32(piece.count)
          return CZlib.deflate(&stream, isLast ? Z_FINISH : Z_NO_FLUSH)
        }
        output += piece.prefix(piece.count - Int(stream.avail_out))
      } while stream.avail_out == 0 && code == Z_OK
      stream.next_in = nil
      return code
    }
    // With nothing taken in and nothing to give out there is no progress, which is no fault.
    guard code == (isLast ? Z_STREAM_END : Z_OK) || (!isLast && code == Z_BUF_ERROR) else {
      throw Failure(code: code)
    }
    return output
  }
}
