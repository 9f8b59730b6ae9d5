import Platform
import Vocabulary

/// An object on its way from another file: `objects/.incoming/…` until its name is known.
///
/// What is hashed is read back from the new file, on the hashers' threads while the rest is being copied, so that the
/// name is that of the stored bytes whatever becomes of the other file.
final class DiskIntake: ObjectIntake {
  private let file: any OpenFile
  private let path: String
  private let store: DiskBlobStore
  private let hashing: PartialHash
  private let size = Locked<Int64>(0)
  /// Of the object, once it has its name.
  private let hold = Locked<BlobHold?>(nil)

  init(file: any OpenFile, path: String, store: DiskBlobStore, hasher: any IOExecutor) {
    self.file = file
    self.path = path
    self.store = store
    hashing = PartialHash(file: file, size: 0, savedState: nil, executor: hasher)
  }

  func take(
    _ count: Int64, of other: any OpenFile, from offset: Int64, on executor: any IOExecutor
  ) async throws(BlobError) -> Int64 {
    let position = size.withLock { $0 }
    let copied = try await executor.blob { [self] () throws(FileError) in
      try file.copy(count, of: other, from: offset, to: position)
    }
    size.withLock { $0 = position + copied }
    hashing.allow(upTo: position + copied)
    return copied
  }

  func digest() async throws(BlobError) -> Digest { try await hashing.digest(of: size.withLock { $0 }) }

  func finish() async throws(BlobError) -> Digest {
    let digest = try await digest()
    let size = size.withLock { $0 }
    let hold = await store.hold([digest])
    self.hold.withLock { $0 = hold }
    let isNew = try await store.executor.blob { [self] () throws(FileError) in
      let folder = try store.objectFolder(digest)
      let name = store.layout.object(digest)
      if try store.files.size(name) == size {
        // Perhaps made a moment ago, by an attempt that ended before it was durable.
        if store.isSynced { try store.files.syncFolder(folder) }
        try store.files.remove(path)
        return false
      }
      try file.setPermissions(0o444)
      if store.isSynced { try file.sync() }
      try store.files.rename(path, to: name)
      if store.isSynced { try store.files.syncFolder(folder) }
      return true
    }
    store.counters.add(isNew ? .written : .deduplicated, bytes: size)
    file.close()
    return digest
  }

  func cancel() async {
    hashing.stop()
    // Nothing depends on it: the next start sweeps the folder.
    _ = await store.executor.perform { [self] in
      do throws(FileError) { try store.files.remove(path) } catch {}
    }
  }
}
