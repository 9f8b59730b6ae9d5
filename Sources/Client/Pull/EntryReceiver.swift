import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Platform
import Vocabulary

/// Receives one file of a bundle as it comes; after a broken connection only the rest is asked for.
package struct EntryReceiver: Sendable {
  private let api: GatewayAPI
  private let bundle: BundleAddress
  private let retrier: Retrier

  /// - Parameter bundle: by its id: were it a label that moves in between, the parts would not fit together.
  package init(api: GatewayAPI, bundle: BundleAddress, retrier: Retrier) {
    self.api = api
    self.bundle = bundle
    self.retrier = retrier
  }

  /// What arrived.
  package struct Received: Sendable {
    /// Of all bytes up to where it was to end.
    package var hash: SHA256Stream
    package var digest: Digest { hash.digest() }
    package var size: Int64 { hash.byteCount }
    /// The digest the server declared with the answer, as a `Repr-Digest` value.
    package var declared: String?
  }

  /// - Parameters:
  ///   - size: when it is known; otherwise the server's word counts.
  ///   - end: where to end; nil is the file's end.
  ///   - hash: of what is there already from the file's start.
  ///   - sink: takes each part, with the place it belongs to, in order.
  package func receive(
    _ path: BundlePath, size: Int64?, upTo end: Int64? = nil, after hash: SHA256Stream = SHA256Stream(),
    into sink: @Sendable (BufferChunk, Int64) async throws -> Void
  ) async throws -> Received {
    var hash = hash
    if let last = end ?? size, hash.byteCount > 0, hash.byteCount == last { return Received(hash: hash) }
    var size = end ?? size
    var declared: String?
    var retry = RetryState(retrier.policy)
    while true {
      do {
        let response = try await api.openEntry(path, of: bundle, from: hash.byteCount, to: end)
        declared = response.headers.first(name: "Repr-Digest")
        if size == nil { size = response.headers.first(name: "Content-Length").flatMap { Int64($0) } }
        var parts = response.body.makeAsyncIterator()
        while let buffer = try await parts.nextOrBroken() {
          guard buffer.readableBytes > 0 else { continue }
          guard hash.byteCount + Int64(buffer.readableBytes) <= size ?? .max else {
            throw ClientError.unexpected("the server sent more bytes than the file has")
          }
          let part = BufferChunk(buffer: buffer)
          try await sink(part, hash.byteCount)
          hash.update(part)
          retry.advanced()
        }
        guard hash.byteCount == size ?? hash.byteCount else {
          throw ClientError.network("the answer ended early")
        }
        return Received(hash: hash, declared: declared)
      } catch let error as ClientError {
        guard error.retryable else { throw error }
        try await retrier.wait(after: error, &retry)
        // Nothing is left to ask for when only the end of the answer was lost.
        if let size, size > 0, hash.byteCount == size {
          return Received(hash: hash, declared: declared)
        }
      }
    }
  }
}

/// A buffer of the HTTP client as bytes to write and hash.
package struct BufferChunk: ByteChunk {
  let buffer: ByteBuffer
  package var count: Int { buffer.readableBytes }
  package func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    try buffer.withUnsafeReadableBytes(body)
  }
}
