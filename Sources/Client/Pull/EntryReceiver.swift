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
    package var digest: Digest
    package var size: Int64
    /// The digest the server declared with the answer, as a `Repr-Digest` value.
    package var declared: String?
  }

  /// - Parameters:
  ///   - size: when it is known; otherwise the server's word counts.
  ///   - hash: of what is there already from the file's start.
  ///   - sink: takes each part, with the place it belongs to, in order.
  package func receive(
    _ path: BundlePath, size: Int64?, after hash: SHA256Stream = SHA256Stream(),
    into sink: @Sendable (BufferChunk, Int64) async throws -> Void
  ) async throws -> Received {
    var hash = hash
    if let size, hash.byteCount > 0, hash.byteCount == size {
      return Received(digest: hash.digest(), size: size, declared: nil)
    }
    var size = size
    var declared: String?
    var retry = RetryState(retrier.policy)
    while true {
      do {
        let response = try await api.openEntry(path, of: bundle, from: hash.byteCount)
        declared = response.headers.first(name: "Repr-Digest")
        if size == nil { size = response.headers.first(name: "Content-Length").flatMap { Int64($0) } }
        var parts = response.body.makeAsyncIterator()
        while let buffer = try await Self.next(&parts) {
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
        return Received(digest: hash.digest(), size: hash.byteCount, declared: declared)
      } catch let error as ClientError {
        guard error.retryable else { throw error }
        try await retrier.wait(after: error, &retry)
        // Nothing is left to ask for when only the end of the answer was lost.
        if let size, size > 0, hash.byteCount == size {
          return Received(digest: hash.digest(), size: size, declared: declared)
        }
      }
    }
  }

  private static func next<Parts: AsyncIteratorProtocol>(
    _ parts: inout Parts
  ) async throws -> ByteBuffer? where Parts.Element == ByteBuffer {
    do {
      return try await parts.next()
    } catch {
      if Task.isCancelled { throw CancellationError() }
      throw ClientError.network("the answer broke off: \(error)")
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
