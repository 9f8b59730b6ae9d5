import Platform
import Vocabulary

/// An object on its way: `objects/.incoming/…` until its name is known.
final class DiskObjectWriter: ObjectWriter {
  private struct State {
    var size: Int64 = 0
    var stream = SHA256Stream()
    var hold: BlobHold?
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
    let digest = state.withLock { $0.stream.digest() }
    let hold = await store.hold([digest])
    state.withLock { $0.hold = hold }
    return try await store.executor.blob { [self] () throws(FileError) in
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
