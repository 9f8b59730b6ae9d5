import Platform
import Vocabulary

/// A partial file open for writing. One request owns it; its calls come one after the other.
final class DiskPartial: PartialBlob {
  private struct State {
    var size: Int64
    var stream: SHA256Stream
    /// The running hash at the last sync: where a cut-off chunk goes back to.
    var checkpoint: SHA256Stream
  }
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
    state = Locked(State(size: size, stream: stream, checkpoint: stream))
  }

  var size: Int64 { state.withLock { $0.size } }
  var hash: (state: [UInt8], byteCount: Int64) {
    state.withLock { ($0.stream.savedState, $0.stream.byteCount) }
  }

  func append(_ chunks: [any ByteChunk]) async throws(BlobError) {
    try await executor.blob { [self] () throws(FileError) in
      var (size, stream) = state.withLock { ($0.size, $0.stream) }
      try file.write(chunks, at: size)
      // In step with the bytes the hash costs no read; behind them it catches up at the end.
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
    try await executor.blob { [self] () throws(FileError) in
      try file.truncate(to: size)
      if isSynced { try file.sync() }
      state.withLock { state in
        state.size = size
        if state.stream.byteCount > size { state.stream = state.checkpoint }
        if state.stream.byteCount > size { state.stream = SHA256Stream() }
        state.checkpoint = state.stream
      }
    }
  }

  func sync() async throws(BlobError) {
    try await executor.blob { [self] () throws(FileError) in
      if isSynced { try file.sync() }
      state.withLock { $0.checkpoint = $0.stream }
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
