import Platform
import Vocabulary

/// A partial file open for writing. One request owns it; its calls come one after the other.
final class DiskPartial: PartialBlob {
  private struct State {
    var size: Int64
    var stream: SHA256Stream
    /// The running hash at the last sync: where a cut-off chunk goes back to.
    var checkpoint: SHA256Stream
    /// Bytes that were synced, or were there when the file was opened.
    var durableSize: Int64
  }
  /// A hash that is behind by no more than this is brought up before the next write, and stays in step from then on.
  private static let catchUpBytes: Int64 = 128 << 20
  private let file: any OpenFile
  private let executor: IOExecutor
  private let isSynced: Bool
  private let state: Locked<State>

  init(file: any OpenFile, size: Int64, hashState: [UInt8]?, executor: IOExecutor, isSynced: Bool) {
    self.file = file
    self.executor = executor
    self.isSynced = isSynced
    var stream = hashState.flatMap(SHA256Stream.init(savedState:)) ?? SHA256Stream()
    if stream.byteCount > size { stream = SHA256Stream() }
    state = Locked(State(size: size, stream: stream, checkpoint: stream, durableSize: size))
  }

  var size: Int64 { state.withLock { $0.size } }
  var hash: (state: [UInt8], byteCount: Int64) {
    state.withLock { ($0.stream.savedState, $0.stream.byteCount) }
  }

  func append(_ chunks: [any ByteChunk]) async throws(BlobError) {
    try await executor.blob { [self] () throws(FileError) in
      var (size, stream) = state.withLock { ($0.size, $0.stream) }
      if stream.byteCount < size, size - stream.byteCount <= Self.catchUpBytes {
        try catchUp(&stream, to: size)
      }
      do throws(FileError) {
        try file.write(chunks, at: size)
      } catch {
        state.withLock { [stream] in $0.stream = stream }
        // What a failed call left behind the known bytes is nobody's word; if even cutting fails, the next write covers it.
        do throws(FileError) { try cut(to: size) } catch {}
        throw error
      }
      // In step with the bytes the hash costs no read; far behind them it catches up at the end.
      let isInStep = stream.byteCount == size
      for chunk in chunks {
        if isInStep { stream.update(chunk) }
        size += Int64(chunk.count)
      }
      state.withLock { [size, stream] state in
        state.size = size
        state.stream = stream
      }
    }
  }

  func truncate(to size: Int64) async throws(BlobError) {
    try await executor.blob { [self] () throws(FileError) in try cut(to: size) }
  }

  func sync() async throws(BlobError) {
    try await executor.blob { [self] () throws(FileError) in
      let size = state.withLock { $0.size }
      if isSynced {
        do throws(FileError) {
          try file.sync()
        } catch {
          // The kernel may have dropped the pages and call them clean: a second sync would promise what is not there.
          try cut(to: state.withLock { $0.durableSize })
          throw error
        }
      }
      state.withLock { state in
        state.checkpoint = state.stream
        state.durableSize = size
      }
    }
  }

  /// Call on the executor.
  private func cut(to size: Int64) throws(FileError) {
    let stored = try file.size()
    guard stored > size else { return }
    // A published object shares its bytes with this file; nothing may ever cut those.
    guard try file.linkCount() == 1 else {
      throw FileError(
        kind: .other, call: "ftruncate", path: "partial", code: 0,
        explanation: "the file is published already")
    }
    try file.truncate(to: size)
    if isSynced { try file.sync() }
    state.withLock { state in
      state.size = size
      state.durableSize = min(state.durableSize, size)
      if state.stream.byteCount > size { state.stream = state.checkpoint }
      if state.stream.byteCount > size { state.stream = SHA256Stream() }
      state.checkpoint = state.stream
    }
  }

  /// Reads what the running hash has not seen; call on the executor.
  private func catchUp(_ stream: inout SHA256Stream, to size: Int64) throws(FileError) {
    while stream.byteCount < size {
      let bytes = try file.readBytes(Int(min(size - stream.byteCount, 1 << 20)), at: stream.byteCount)
      guard !bytes.isEmpty else {
        throw FileError(
          kind: .notFound, call: "pread", path: "partial", code: 0, explanation: "file ended early")
      }
      stream.update(bytes)
    }
  }

  func digest() async throws(BlobError) -> Digest {
    while true {
      let digest = try await executor.blob { [self] () throws(FileError) -> Digest? in
        var (size, stream) = state.withLock { ($0.size, $0.stream) }
        if stream.byteCount < size {
          let wanted = Int(min(size - stream.byteCount, 1 << 20))
          let bytes = try file.readBytes(wanted, at: stream.byteCount)
          if bytes.count < wanted {
            throw FileError(
              kind: .notFound, call: "pread", path: "partial", code: 0, explanation: "file ended early")
          }
          stream.update(bytes)
          state.withLock { [stream] in $0.stream = stream }
        }
        size = state.withLock { $0.size }
        return stream.byteCount == size ? stream.digest() : nil
      }
      if let digest { return digest }
    }
  }

  func close() { file.close() }
}

/// A file open for reading.
final class DiskReader: BlobReader {
  let size: Int64
  private let file: any OpenFile
  private let executor: IOExecutor

  init(file: any OpenFile, size: Int64, executor: IOExecutor) {
    self.file = file
    self.size = size
    self.executor = executor
  }

  func read(_ count: Int, at offset: Int64) async throws(BlobError) -> [UInt8] {
    try await executor.blob { [file] () throws(FileError) in try file.readBytes(count, at: offset) }
  }

  func close() { file.close() }
}

/// An object on its way: `objects/.incoming/…` until its name is known.
final class DiskObjectWriter: ObjectWriter {
  private struct State {
    var size: Int64 = 0
    var stream = SHA256Stream()
  }
  private let file: any OpenFile
  private let path: String
  private let store: DiskBlobStore
  private let state = Locked(State())

  init(file: any OpenFile, path: String, store: DiskBlobStore) {
    self.file = file
    self.path = path
    self.store = store
  }

  func write(_ bytes: [UInt8]) async throws(BlobError) {
    try await store.executor.blob { [self] () throws(FileError) in
      var now = state.withLock { $0 }
      try file.write([bytes], at: now.size)
      now.size += Int64(bytes.count)
      now.stream.update(bytes)
      state.withLock { [now] in $0 = now }
    }
  }

  func finish() async throws(BlobError) -> Digest {
    try await store.executor.blob { [self] () throws(FileError) in
      let digest = state.withLock { $0.stream.digest() }
      let folder = try store.objectFolder(digest)
      try file.setPermissions(0o444)
      try file.sync()
      file.close()
      try store.files.rename(path, to: store.layout.object(digest))
      try store.files.syncFolder(folder)
      return digest
    }
  }

  func cancel() async {
    file.close()
    // Nothing depends on it: the next start sweeps the folder.
    _ = await store.executor.perform { [self] in
      do throws(FileError) { try store.files.remove(path) } catch {}
    }
  }
}
