import CLibCrypto
import CZlib
import Vocabulary

/// A SHA-256 under way whose state can be saved and taken up again (FIPS 180-4; the state of OpenSSL's `SHA256_CTX`).
package struct SHA256Stream: Sendable {
  private var context = SHA256_CTX()
  /// Bytes taken in so far.
  package private(set) var byteCount: Int64 = 0

  package init() { SHA256_Init(&context) }

  /// Takes up a saved state; nil when `state` was not made by `savedState`.
  package init?(savedState state: [UInt8]) {
    guard state.count == 8 + 32 + 64, let first = Self.integers(state[0..<8]).first else { return nil }
    SHA256_Init(&context)
    byteCount = Int64(bitPattern: first)
    guard byteCount >= 0 else { return nil }
    let words = Self.integers(state[8..<40])
    withUnsafeMutableBytes(of: &context.h) { target in
      for (index, pair) in words.enumerated() {
        target.storeBytes(of: UInt32(truncatingIfNeeded: pair), toByteOffset: index * 8, as: UInt32.self)
        target.storeBytes(
          of: UInt32(truncatingIfNeeded: pair >> 32), toByteOffset: index * 8 + 4, as: UInt32.self)
      }
    }
    withUnsafeMutableBytes(of: &context.data) { $0.copyBytes(from: state[40..<104]) }
    let bits = UInt64(byteCount) << 3
    context.Nl = UInt32(truncatingIfNeeded: bits)
    context.Nh = UInt32(truncatingIfNeeded: bits >> 32)
    context.num = UInt32(byteCount % 64)
  }

  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    SHA256_Update(&context, bytes.baseAddress, bytes.count)
    byteCount += Int64(bytes.count)
  }

  package mutating func update(_ chunk: any ByteChunk) {
    chunk.withUnsafeBytes { update($0) }
  }

  /// The digest of the bytes so far; the stream goes on unchanged.
  package func digest() -> Digest {
    var copy = context
    var bytes = [UInt8](repeating: 0, count: 32)
    SHA256_Final(&bytes, &copy)
    guard let digest = Digest(bytes: bytes) else { preconditionFailure("SHA-256 has 32 bytes") }
    return digest
  }

  /// 104 bytes: byte count, eight state words, the pending block; integers little-endian.
  package var savedState: [UInt8] {
    var state: [UInt8] = []
    withUnsafeBytes(of: UInt64(byteCount).littleEndian) { state.append(contentsOf: $0) }
    withUnsafeBytes(of: context.h) { state.append(contentsOf: $0) }
    withUnsafeBytes(of: context.data) { state.append(contentsOf: $0) }
    return state
  }

  package static func digest(of chunk: any ByteChunk) -> Digest {
    var stream = SHA256Stream()
    stream.update(chunk)
    return stream.digest()
  }

  private static func integers(_ bytes: ArraySlice<UInt8>) -> [UInt64] {
    stride(from: bytes.startIndex, to: bytes.endIndex, by: 8).map { start in
      bytes[start..<start + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
  }
}

/// A checksum of a chunk under way, in any algorithm of the tus checksum extension.
package final class ChecksumStream: @unchecked Sendable {
  // Sendable because one request owns it and feeds it from one place at a time.
  package let algorithm: ChecksumAlgorithm
  private let context: OpaquePointer?
  private var crc: UInt = 0

  package init(_ algorithm: ChecksumAlgorithm) {
    self.algorithm = algorithm
    let method: OpaquePointer? =
      switch algorithm {
      case .sha1: EVP_sha1()
      case .sha256: EVP_sha256()
      case .sha512: EVP_sha512()
      case .md5: EVP_md5()
      case .crc32: nil
      }
    if let method {
      context = EVP_MD_CTX_new()
      let status = EVP_DigestInit_ex(context, method, nil)
      precondition(status == 1, "libcrypto lacks \(algorithm)")
    } else {
      context = nil
      crc = crc32_z(0, nil, 0)
    }
  }
  deinit { EVP_MD_CTX_free(context) }

  package func update(_ chunk: any ByteChunk) {
    chunk.withUnsafeBytes { bytes in
      // zlib starts anew when it is given no address, which an empty chunk may not have.
      if bytes.isEmpty { return }
      if let context {
        EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
      } else {
        crc = crc32_z(crc, bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count)
      }
    }
  }

  /// The checksum's bytes (CRC-32 big-endian); call once, at the end.
  package func finish() -> [UInt8] {
    guard let context else { return (0..<4).map { UInt8(truncatingIfNeeded: crc >> UInt(24 - 8 * $0)) } }
    var bytes = [UInt8](repeating: 0, count: algorithm.byteCount)
    var count = UInt32(0)
    EVP_DigestFinal_ex(context, &bytes, &count)
    return bytes
  }
}
