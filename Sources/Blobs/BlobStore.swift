import Platform
import Vocabulary

/// Where bytes rest: partial files of uploads, and objects named by their SHA-256.
///
/// Errors are `BlobError`. Nothing outside of this target knows how an object lies in storage.
package protocol BlobStore: Sendable {
  /// Makes an empty, durable partial file for a new upload.
  func createPartial(_ id: UploadID) async throws(BlobError)
  /// Opens the partial file to write; its running hash starts from `hashState` when that fits.
  func openPartial(_ id: UploadID, hashState: [UInt8]?) async throws(BlobError) -> any PartialBlob
  func readPartial(_ id: UploadID) async throws(BlobError) -> any BlobReader
  /// Size of the partial file, nil when there is none.
  func partialSize(_ id: UploadID) async throws(BlobError) -> Int64?
  /// Makes the partial file's content the object `digest` without copying it; the partial stays until removed.
  ///
  /// Doing it again, or for content that is stored already, changes nothing. Durable when it returns.
  func publishPartial(_ id: UploadID, as digest: Digest) async throws(BlobError)
  /// Done when there is none.
  func removePartial(_ id: UploadID) async throws(BlobError)
  /// Ids of all partial files.
  func partialIDs() async throws(BlobError) -> [UploadID]

  func openObject(_ digest: Digest) async throws(BlobError) -> any BlobReader
  /// A new object whose name is known once all its bytes are.
  func makeObject() async throws(BlobError) -> any ObjectWriter
  /// Puts a small file below `bundles/` by the one atomic function.
  func putDescriptor(_ bytes: [UInt8], name: String, repo: RepoName) async throws(BlobError)

  /// Free and total bytes of the storage.
  func space() async throws(BlobError) -> (free: Int64, total: Int64)
}

/// The partial file of an upload that one request writes to: exactly the prefix of the file that has arrived.
package protocol PartialBlob: AnyObject, Sendable {
  /// Bytes in the file.
  var size: Int64 { get }
  /// The running SHA-256: its saved state, and how many bytes it covers (≤ size).
  var hash: (state: [UInt8], byteCount: Int64) { get }
  /// Writes the chunks at the end.
  func append(_ chunks: [any ByteChunk]) async throws(BlobError)
  /// Cuts the file back.
  func truncate(to size: Int64) async throws(BlobError)
  /// Makes what was appended durable.
  func sync() async throws(BlobError)
  /// The SHA-256 of all bytes; reads those that the running hash has not seen.
  func digest() async throws(BlobError) -> Digest
  func close()
}

/// Bytes to read.
package protocol BlobReader: AnyObject, Sendable {
  var size: Int64 { get }
  /// Up to `count` bytes from `offset`; fewer only at the end.
  func read(_ count: Int, at offset: Int64) async throws(BlobError) -> [UInt8]
  func close()
}

/// An object being written.
package protocol ObjectWriter: AnyObject, Sendable {
  func write(_ bytes: [UInt8]) async throws(BlobError)
  /// Publishes the object; durable when it returns.
  func finish() async throws(BlobError) -> Digest
  /// Throws away what was written; done after `finish` too.
  func cancel() async
}

/// Why storage could not do it.
package enum BlobError: Error, Sendable, CustomStringConvertible {
  /// What a record says must be there is not (MUST-5).
  case missing(String)
  case full(String)
  case failed(String)

  package init(_ error: FileError) {
    switch error.kind {
    case .full: self = .full(error.description)
    case .notFound: self = .missing(error.description)
    case .exists, .denied, .other: self = .failed(error.description)
    }
  }

  package var description: String {
    switch self {
    case .missing(let what): "missing in storage: \(what)"
    case .full(let what): "storage is full: \(what)"
    case .failed(let what): "storage failed: \(what)"
    }
  }

  /// The problem a client is told of; it names no path of the server.
  package var problem: ProblemError {
    switch self {
    case .missing:
      ProblemError(.storageFault, detail: "the stored bytes are missing; the operator has been told")
    case .full:
      ProblemError(.storageFull, detail: "the server's storage is full; what was acknowledged is safe")
    case .failed: ProblemError(.storageFault, detail: "the storage failed; the operator has been told")
    }
  }
}
