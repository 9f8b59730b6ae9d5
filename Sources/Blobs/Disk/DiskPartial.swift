import Platform
import Vocabulary

/// What a failed sync leaves uncertain: bytes beyond `durableSize`, or how many were durable at all.
struct PartialDoubt: Sendable {
  var durableSize: Int64?
}

/// A partial file open for writing. One request at a time owns it; its running hash and the syncs of long requests
/// work beside the writes (`PartialHash`, `PartialSync`).
final class DiskPartial: PartialBlob {
  /// Between two syncs of a long request lie this many bytes.
  private static let checkpointBytes: Int64 = 64 << 20
  /// One call copies at most this much, so that other work gets its turn.
  private static let copyStepBytes: Int64 = 16 << 20

  private struct State {
    var size: Int64
    /// Where the last sync of a long request began.
    var checkpoint: Int64
    /// Why what was written last is not to be counted on.
    var failure: FileError?
    var isClosed = false
  }
  private let file: any OpenFile
  private let executor: any IOExecutor
  private let syncing: PartialSync
  private let hashing: PartialHash
  private let isSynced: Bool
  private let doubt: @Sendable (PartialDoubt?) -> Void
  private let state: Locked<State>

  /// `doubt` is told what a failed sync leaves uncertain, and nil once that is cut off; `syncName` makes the file's
  /// name durable.
  init(
    file: any OpenFile, isNew: Bool, size: Int64, hashState: [UInt8]?, executor: any IOExecutor,
    hasher: any IOExecutor, isSynced: Bool, doubt: @escaping @Sendable (PartialDoubt?) -> Void,
    syncName: @escaping @Sendable () throws(FileError) -> Void
  ) {
    self.file = file
    self.executor = executor
    self.isSynced = isSynced
    self.doubt = doubt
    syncing = PartialSync(file: file, isNew: isNew, syncName: syncName)
    hashing = PartialHash(file: file, size: size, savedState: hashState, executor: hasher)
    state = Locked(State(size: size, checkpoint: size))
  }

  var size: Int64 { state.withLock { $0.size } }
  var hash: (state: [UInt8], byteCount: Int64) { hashing.saved }

  func append(_ chunk: any ByteChunk, isStaged: Bool) throws(BlobError) {
    let (position, failure) = state.withLock { ($0.size, $0.failure) }
    if let failure { throw BlobError(failure) }
    do throws(FileError) {
      try file.write([chunk], at: position)
    } catch {
      // What a failed call left behind the known bytes is nobody's word; if even cutting fails, the next write covers it.
      do throws(FileError) { try file.truncate(to: position) } catch {}
      throw BlobError(error)
    }
    advance(to: position + Int64(chunk.count), isStaged: isStaged)
  }

  func append(contentsOf reader: any BlobReader, isStopped: @escaping @Sendable () -> Bool)
    async throws(BlobError)
  {
    guard let reader = reader as? DiskReader else {
      throw BlobError.failed("content of another store cannot be appended")
    }
    var copied: Int64 = 0
    while copied < reader.size && !isStopped() {
      let offset = copied
      let count = min(Self.copyStepBytes, reader.size - offset)
      copied += try await executor.blob { [self] () throws(FileError) in
        let (position, failure) = state.withLock { ($0.size, $0.failure) }
        if let failure { throw failure }
        let copied = try reader.copy(count, from: offset, into: file, at: position)
        if copied == 0 {
          throw FileError(
            kind: .other, call: "copy_file_range", path: "partial", code: 0,
            explanation: "the source ended before its size")
        }
        advance(to: position + copied, isStaged: false)
        return copied
      }
    }
  }

  private func advance(to size: Int64, isStaged: Bool) {
    let mustSync = state.withLock { state in
      state.size = size
      guard isSynced, !isStaged, size - state.checkpoint >= Self.checkpointBytes else { return false }
      state.checkpoint = size
      return true
    }
    if isStaged { return }
    hashing.allow(upTo: size)
    if mustSync { syncAlongside(size) }
  }

  var durableSize: Int64 { isSynced ? syncing.durableSize ?? 0 : size }

  func checkpoint() {
    let size = state.withLock { state in
      state.checkpoint = state.size
      return state.size
    }
    if isSynced { syncAlongside(size) }
  }

  /// Spreads the syncing of a long request over its time; what it finds out the next call tells.
  private func syncAlongside(_ size: Int64) {
    let hash = hashing.snapshot(upTo: size)
    guard syncing.beginIfIdle() else { return }
    executor.submit { [self] in
      // One that succeeds after one that failed would promise what the kernel may have dropped.
      if state.withLock({ $0.failure == nil }) {
        if let failure = syncing.run(upTo: size) {
          state.withLock { $0.failure = failure }
        } else {
          hashing.save(hash)
        }
      }
      syncing.end()
    }
  }

  func truncate(to size: Int64) async throws(BlobError) {
    await syncing.begin()
    defer { syncing.end() }
    try await executor.blob { [self] () throws(FileError) in try cut(to: size) }
  }

  func sync() async throws(BlobError) {
    let size = self.size
    let hash = hashing.snapshot(upTo: size)
    guard isSynced else {
      hashing.allow(upTo: size)
      hashing.save(hash)
      return
    }
    if syncing.isDurable(size), state.withLock({ $0.failure == nil }) {
      hashing.allow(upTo: size)
      hashing.save(hash)
      return
    }
    await syncing.begin()
    defer { syncing.end() }
    try await executor.blob { [self] () throws(FileError) in
      let earlier = state.withLock { $0.failure }
      if let failure = earlier ?? syncing.run(upTo: size) {
        // The kernel may have dropped the pages and call them clean: a second sync would promise what is not there.
        let durableSize = syncing.durableSize
        doubt(PartialDoubt(durableSize: durableSize))
        if let durableSize {
          try cut(to: durableSize)
          state.withLock { $0.failure = nil }
          doubt(nil)
        }
        throw failure
      }
    }
    hashing.allow(upTo: size)
    hashing.save(hash)
  }

  /// Call on the executor, in turn with the syncs.
  private func cut(to size: Int64) throws(FileError) {
    let stored = try file.size()
    guard stored > size else { return }
    // A published object shares its bytes with this file; nothing may ever cut those.
    guard try file.linkCount() == 1 else {
      throw FileError(
        kind: .other, call: "ftruncate", path: "partial", code: 0,
        explanation: "the file is published already")
    }
    hashing.goBack(to: size)
    try file.truncate(to: size)
    syncing.cut(to: size)
    if isSynced { try file.sync() }
    state.withLock { state in
      state.size = size
      state.checkpoint = min(state.checkpoint, size)
    }
  }

  func digest() async throws(BlobError) -> Digest {
    try await hashing.digest(of: size)
  }

  func close() {
    let isFirst = state.withLock { state in
      defer { state.isClosed = true }
      return !state.isClosed
    }
    // Who still reads or syncs holds the file; it closes with the last reference.
    if isFirst { hashing.stop() }
  }
}
