import Glibc
import Platform
import Vocabulary

/// The bytes that uploads send: one block over and over, and an ending that no other upload has.
///
/// The ending is there because a server may store equal content once, which would be another benchmark. The block is a
/// file in memory, so that `sendfile` hands its pages to the socket and the client copies nothing.
final class Payload: Sendable {
  static let blockBytes = 1 << 20
  static let endingBytes = 16

  let block: [UInt8]
  let file: Int32
  /// Per length, the hash of all but the ending.
  private let prefixes = Locked<[Int: SHA256Stream]>([:])

  init() throws {
    var bytes = [UInt8](repeating: 0, count: Self.blockBytes)
    // Not compressible, and the same in every run.
    var state: UInt64 = 0x9e37_79b9_7f4a_7c15
    for index in bytes.indices {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      bytes[index] = UInt8(truncatingIfNeeded: state >> 32)
    }
    block = bytes
    let name = "/benchmarks-payload-\(getpid())"
    file = try check("shm_open", shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0o600))
    shm_unlink(name)
    let written = bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
    guard written == bytes.count else { throw BenchmarkError.call("write") }
  }

  deinit { close(file) }

  static func ending(of number: UInt64) -> [UInt8] {
    let bytes = (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) }
    return Array(Hexadecimal.encode(bytes).utf8)
  }

  /// All bytes of a small upload.
  func bytes(of upload: Upload) -> [UInt8] {
    precondition(upload.length <= block.count, "only small uploads are sent at once")
    return block[..<(upload.length - Self.endingBytes)] + Self.ending(of: upload.number)
  }

  func digest(of upload: Upload) -> Digest {
    var stream = prefix(of: upload.length)
    Self.ending(of: upload.number).withUnsafeBytes { stream.update($0) }
    return stream.digest()
  }

  private func prefix(of length: Int) -> SHA256Stream {
    if let known = prefixes.withLock({ $0[length] }) { return known }
    var stream = SHA256Stream()
    var missing = length - Self.endingBytes
    while missing > 0 {
      let count = min(missing, block.count)
      block[..<count].withUnsafeBytes { stream.update($0) }
      missing -= count
    }
    prefixes.withLock { [stream] in $0[length] = stream }
    return stream
  }
}

/// What one upload sends; two with different numbers have different bytes.
struct Upload: Sendable {
  let number: UInt64
  let length: Int
}
