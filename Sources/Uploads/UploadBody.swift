import Blobs
import Platform
import Vocabulary

/// The content of a request as it arrives.
package protocol UploadBody: AnyObject, Sendable {
  /// Hands the content to `sink`, piece by piece, on the thread that receives it, until the clean end of the request
  /// or until the sink takes no more.
  ///
  /// - Throws: `BodyInterrupted` when the connection broke or `interrupt` was called; what had arrived was handed out
  ///   before. Nothing is handed out after it returned.
  func deliver(to sink: any UploadSink) async throws(BodyInterrupted)
  /// Makes a running or the next `deliver` throw.
  func interrupt()
  /// The checksum that followed the content in a trailer; to be asked after `deliver` returned.
  ///
  /// - Throws: `ProblemError` when one was announced and is missing, or what came is malformed.
  func trailingChecksum() throws(ProblemError) -> Checksum?
  /// False for content that lies in storage, or that was counted when it came.
  var isFromClient: Bool { get }
}

extension UploadBody {
  package func trailingChecksum() throws(ProblemError) -> Checksum? { nil }
  package var isFromClient: Bool { true }
}

/// Where content goes: called by one thread at a time.
package protocol UploadSink: AnyObject, Sendable {
  /// False: take no more.
  func take(_ chunk: any ByteChunk) -> Bool
  /// Takes all of a stored blob, or nothing. False: take no more.
  ///
  /// - Throws: `BlobError` when the blob cannot be read.
  func take(contentsOf blob: any BlobReader) async throws(BlobError) -> Bool
}

extension UploadSink {
  package func take(contentsOf blob: any BlobReader) async throws(BlobError) -> Bool {
    let bytes = try await blob.read(Int(clamping: blob.size), at: 0)
    guard bytes.count == blob.size else { throw BlobError.failed("an object ended before its size") }
    return take(bytes)
  }
}

package struct BodyInterrupted: Error, Sendable {
  /// What the client is to be told, when whoever broke the body off knows it.
  package let problem: ProblemError?

  package init(_ problem: ProblemError? = nil) { self.problem = problem }
}
