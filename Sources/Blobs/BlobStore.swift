import Platform
import Vocabulary

/// Where bytes rest: partial files of uploads, and objects named by their SHA-256.
///
/// Errors are `BlobError`. Nothing outside of this target knows how an object lies in storage.
package protocol BlobStore: Sendable {
  /// Makes an empty partial file, which must be new; its name is durable from its first `sync` on.
  @discardableResult
  func createPartial(_ id: UploadID, urgency: HashUrgency) async throws(BlobError) -> any PartialBlob
  /// Opens the partial file to write; its running hash starts from `hashState` when that fits.
  func openPartial(
    _ id: UploadID, hashState: [UInt8]?, urgency: HashUrgency
  ) async throws(BlobError) -> any PartialBlob
  func readPartial(_ id: UploadID) async throws(BlobError) -> any BlobReader
  /// Size of the partial file, nil when there is none.
  func partialSize(_ id: UploadID) async throws(BlobError) -> Int64?
  /// Makes the partial file's content the object `digest` without copying it; the partial stays until removed.
  ///
  /// Doing it again, or for content that is stored already, changes nothing. Durable when it returns. The object is held
  /// until the partial is removed.
  ///
  /// - Returns: false when the object was there.
  @discardableResult
  func publishPartial(_ id: UploadID, as digest: Digest) async throws(BlobError) -> Bool
  /// Keeps the objects from being collected while the hold lives, whether they are there or not.
  func hold(_ digests: [Digest]) async -> BlobHold
  /// Done when there is none.
  func removePartial(_ id: UploadID) async throws(BlobError)
  /// Ids of all partial files.
  func partialIDs() async throws(BlobError) -> [UploadID]

  /// Stores the content of a small object together with others; as durable as configured when it returns.
  ///
  /// The object exists once the extent index knows its extent.
  func putSmall(_ content: [UInt8], digest: Digest) async throws(BlobError) -> Extent

  func openObject(_ digest: Digest) async throws(BlobError) -> any BlobReader
  /// The contents of those of the objects that lie together with others, in few reads; the caller bounds how much that is.
  ///
  /// An object that is left out may be stored all the same: `openObject` tells.
  func packedContents(_ digests: [Digest]) async throws(BlobError) -> [Digest: [UInt8]]
  /// The sizes of those of the objects that are stored.
  func objectSizes(_ digests: [Digest]) async throws(BlobError) -> [Digest: Int64]
  /// A new object whose name is known once all its bytes are.
  func makeObject() async throws(BlobError) -> any ObjectWriter
  /// A new object that is made of a file of this machine.
  func makeIntake() async throws(BlobError) -> any ObjectIntake
  /// Puts a small file into a folder below `bundles/` by the one atomic function.
  func putDescriptor(_ bytes: [UInt8], name: String, folder: RepoName) async throws(BlobError)
  /// Removes such a file, durably; done when there is none.
  func removeDescriptor(name: String, folder: RepoName) async throws(BlobError)
  /// The names in a folder below `bundles/`; empty when there is none.
  func descriptorNames(folder: RepoName) async throws(BlobError) -> [String]

  /// What was taken in since the process began, counted by whoever knows it.
  var counters: StorageCounters { get }
  /// Free and total bytes of the storage.
  func space() async throws(BlobError) -> (free: Int64, total: Int64)
}

/// How soon a partial file's hash is wanted.
package enum HashUrgency: Sendable {
  /// Somebody waits for it: it competes with receiving.
  case atOnce
  /// It may wait until the machine has time.
  case whenIdle
}

/// The partial file of an upload that one request writes to: exactly the prefix of the file that has arrived.
package protocol PartialBlob: AnyObject, Sendable {
  /// Bytes in the file.
  var size: Int64 { get }
  /// The running SHA-256 as it may be saved: its state, and how many bytes it covers, all of them as durable as
  /// configured.
  var hash: (state: [UInt8], byteCount: Int64) { get }
  /// Writes the chunk at the end, on the calling thread: meant for the thread that received it (docs/decisions/0005).
  ///
  /// Bytes that are staged may be cut off again: the hash does not take them in before `sync`.
  func append(_ chunk: any ByteChunk, isStaged: Bool) throws(BlobError)
  /// Appends all of another blob of the same store, sharing its bytes where storage can; ends early, without an error,
  /// once `isStopped` says so.
  func append(contentsOf reader: any BlobReader, isStopped: @escaping @Sendable () -> Bool)
    async throws(BlobError)
  /// Bytes that are as durable as configured.
  var durableSize: Int64 { get }
  /// Begins to make what was appended durable, and does not wait for it.
  func checkpoint()
  /// Cuts the file back.
  func truncate(to size: Int64) async throws(BlobError)
  /// Makes what was appended durable. When it throws, what was not durable before does not count any more.
  func sync() async throws(BlobError)
  /// The SHA-256 of all bytes; reads those that the running hash has not seen.
  func digest() async throws(BlobError) -> Digest
  /// No more calls but a `digest` under way.
  func close()
}

/// Bytes to read.
package protocol BlobReader: AnyObject, Sendable {
  var size: Int64 { get }
  /// Up to `count` bytes from `offset`; fewer only at the end.
  func read(_ count: Int, at offset: Int64) async throws(BlobError) -> [UInt8]
  /// `count` bytes from `start` on, which must be there, as a blob that lasts as long as this one is open; it is not closed.
  func part(from start: Int64, count: Int64) -> any BlobReader
  func close()
}

extension BlobReader {
  package func part(from start: Int64, count: Int64) -> any BlobReader {
    BlobPart(whole: self, start: start, size: count)
  }
}

/// A part of a blob that knows nothing of parts.
private final class BlobPart: BlobReader {
  let size: Int64
  private let whole: any BlobReader
  private let start: Int64

  init(whole: any BlobReader, start: Int64, size: Int64) {
    self.whole = whole
    self.start = start
    self.size = size
  }

  func read(_ count: Int, at offset: Int64) async throws(BlobError) -> [UInt8] {
    try await whole.read(Int(max(0, min(Int64(count), size - offset))), at: start + offset)
  }

  func close() {}
}

/// An object being written.
package protocol ObjectWriter: AnyObject, Sendable {
  func write(_ bytes: [UInt8]) async throws(BlobError)
  /// Publishes the object; durable when it returns, and held as long as the writer lives.
  func finish() async throws(BlobError) -> Digest
  /// Throws away what was written; done after `finish` too.
  func cancel() async
}

/// An object being made of another file's bytes.
package protocol ObjectIntake: AnyObject, Sendable {
  /// Takes in up to `count` bytes of the file from `offset`, sharing them where storage can; fewer only at its end.
  ///
  /// The call that waits for the other file runs on `executor`: a file system that hangs holds none of the store's
  /// threads.
  func take(
    _ count: Int64, of file: any OpenFile, from offset: Int64, on executor: any IOExecutor
  ) async throws(BlobError) -> Int64
  /// The SHA-256 of what is stored now; `finish` gives it this name.
  func digest() async throws(BlobError) -> Digest
  /// Publishes the object, unless it is stored already; durable when it returns.
  func finish() async throws(BlobError) -> Digest
  /// Throws away what was taken in; done after `finish` too.
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
