/// Bytes in memory whose owner is of no interest: an array, or a buffer of the HTTP server.
package protocol ByteChunk: Sendable {
  var count: Int { get }
  func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result
}

extension Array: ByteChunk where Element == UInt8 {}
