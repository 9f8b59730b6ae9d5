import AsyncHTTPClient
import NIOCore
import Platform
import Vocabulary

/// Receives small files of a bundle, many in one answer; after a broken connection only the rest is asked for.
package struct ContentsReceiver: Sendable {
  /// Larger files are worth a request, and can be resumed.
  static let mostFileBytes: Int64 = 256 << 10
  /// Of one request.
  static let mostFiles = 1000
  static let mostBytes: Int64 = 8 << 20
  static let mostPathBytes = 256 << 10

  private let api: GatewayAPI
  private let bundle: BundleAddress
  private let retrier: Retrier

  /// - Parameter bundle: by its id, which never means another one.
  package init(api: GatewayAPI, bundle: BundleAddress, retrier: Retrier) {
    self.api = api
    self.bundle = bundle
    self.retrier = retrier
  }

  /// A file as the bundle has it.
  package struct File: Sendable {
    var path: BundlePath
    var size: Int64

    package init(path: BundlePath, size: Int64) {
      self.path = path
      self.size = size
    }
  }

  /// Its bytes, which nobody has looked at yet.
  package struct Arrived: Sendable {
    /// Of the file among those that were asked for.
    package let index: Int
    package let bytes: [UInt8]
  }

  /// - Parameter sink: takes the files as they come, in order.
  /// - Throws: `ClientError` that no repetition mends, `Unreachable`, `CancellationError`, or what the sink throws.
  package func receive(_ files: [File], into sink: ([Arrived]) async throws -> Void) async throws {
    var next = 0
    var retry = RetryState(retrier.policy)
    while next < files.count {
      do {
        let response = try await api.openContents(files[next...].map(\.path), of: bundle)
        var parts = response.body.makeAsyncIterator()
        // Of files that are not whole yet.
        var bytes: [UInt8] = []
        var isOver = false
        while !isOver {
          if let part = try await parts.nextOrBroken() {
            bytes.append(contentsOf: part.readableBytesView)
          } else {
            isOver = true
          }
          let arrived = Self.take(from: &bytes, files, &next)
          if !arrived.isEmpty {
            try await sink(arrived)
            retry.advanced()
          }
        }
        guard next == files.count else { throw ClientError.network("the answer ended early") }
        guard bytes.isEmpty else {
          throw ClientError.unexpected("the server sent more bytes than the files have")
        }
      } catch let error as ClientError {
        guard error.retryable else { throw error }
        try await retrier.wait(after: error, &retry)
      }
    }
  }

  /// The files that are whole.
  private static func take(from bytes: inout [UInt8], _ files: [File], _ next: inout Int) -> [Arrived] {
    var arrived: [Arrived] = []
    var start = 0
    while next < files.count, Int64(bytes.count - start) >= files[next].size {
      let end = start + Int(files[next].size)
      arrived.append(Arrived(index: next, bytes: Array(bytes[start..<end])))
      start = end
      next += 1
    }
    bytes.removeFirst(start)
    return arrived
  }
}

extension AsyncIteratorProtocol where Element == ByteBuffer {
  /// The next part of an answer's body.
  ///
  /// - Throws: `ClientError` when the connection broke, `CancellationError`.
  mutating func nextOrBroken() async throws -> ByteBuffer? {
    do {
      return try await next()
    } catch {
      if Task.isCancelled { throw CancellationError() }
      throw ClientError.network("the answer broke off: \(error)")
    }
  }
}
