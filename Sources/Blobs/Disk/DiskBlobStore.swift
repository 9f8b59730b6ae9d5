import Platform
import Vocabulary

/// Blobs as files: a synchronous core run on the I/O executor.
package struct DiskBlobStore: BlobStore {
  let layout: DiskLayout
  let files: any FileSystem
  let executor: IOExecutor
  let entropy: any Entropy
  /// False: bytes survive the process but not the machine (`durability = process`).
  let isSynced: Bool
  /// Folders this process has made sure of.
  private let folders = Locked<Set<String>>([])

  package init(
    layout: DiskLayout, files: any FileSystem, executor: IOExecutor, entropy: any Entropy, isSynced: Bool
  ) {
    self.layout = layout
    self.files = files
    self.executor = executor
    self.entropy = entropy
    self.isSynced = isSynced
  }

  package func createPartial(_ id: UploadID) async throws(BlobError) {
    try await perform { () throws(FileError) in
      let folder = layout.partialFolder(id)
      try makeFolder(folder, in: layout.partials)
      try files.open(layout.partial(id), .create).close()
      if isSynced { try files.syncFolder(folder) }
    }
  }

  package func openPartial(_ id: UploadID, hashState: [UInt8]?) async throws(BlobError) -> any PartialBlob {
    try await perform { () throws(FileError) in
      let file = try openToWrite(layout.partial(id))
      return DiskPartial(
        file: file, size: try file.size(), hashState: hashState, executor: executor, isSynced: isSynced)
    }
  }

  package func readPartial(_ id: UploadID) async throws(BlobError) -> any BlobReader {
    try await reader(layout.partial(id))
  }

  package func partialSize(_ id: UploadID) async throws(BlobError) -> Int64? {
    try await perform { () throws(FileError) in try files.size(layout.partial(id)) }
  }

  package func publishPartial(_ id: UploadID, as digest: Digest) async throws(BlobError) {
    try await perform { () throws(FileError) in
      let folder = try objectFolder(digest)
      if let stored = try files.size(layout.object(digest)) {
        if let size = try files.size(layout.partial(id)), size != stored {
          throw FileError(
            kind: .other, call: "link", path: layout.object(digest), code: 0,
            explanation: "an object of \(stored) bytes is there, the file of this digest has \(size)")
        }
        // Perhaps made a moment ago, by an attempt that ended before it was durable.
        if isSynced { try files.syncFolder(folder) }
        return
      }
      let file = try files.open(layout.partial(id), .read)
      defer { file.close() }
      try file.setPermissions(0o444)
      if isSynced { try file.sync() }
      do throws(FileError) {
        // A second name and not a rename: until the catalog says "verified" the upload must still find its bytes.
        try files.link(layout.partial(id), to: layout.object(digest))
      } catch {
        if error.kind != .exists { throw error }
      }
      if isSynced { try files.syncFolder(folder) }
    }
  }

  package func removePartial(_ id: UploadID) async throws(BlobError) {
    try await perform { () throws(FileError) in try files.remove(layout.partial(id)) }
  }

  package func partialIDs() async throws(BlobError) -> [UploadID] {
    try await perform { () throws(FileError) in
      var ids: [UploadID] = []
      for folder in try files.list(layout.partials) where folder.utf8.count == 2 {
        for name in try files.list("\(layout.partials)/\(folder)") {
          if let id = UploadID(name) { ids.append(id) }
        }
      }
      return ids
    }
  }

  package func openObject(_ digest: Digest) async throws(BlobError) -> any BlobReader {
    try await reader(layout.object(digest))
  }

  package func makeObject() async throws(BlobError) -> any ObjectWriter {
    let name = "\(layout.incoming)/\(Hexadecimal.encode(entropy.bytes(16)))"
    return try await perform { () throws(FileError) in
      DiskObjectWriter(file: try files.open(name, .create), path: name, store: self)
    }
  }

  package func putDescriptor(_ bytes: [UInt8], name: String, repo: RepoName) async throws(BlobError) {
    try await perform { () throws(FileError) in
      let folder = layout.bundleFolder(repo)
      try makeFolder(folder, in: layout.bundles)
      try AtomicFile.write(bytes, to: name, in: folder, on: files)
    }
  }

  package func space() async throws(BlobError) -> (free: Int64, total: Int64) {
    try await perform { () throws(FileError) in try files.space(layout.root) }
  }

  /// Removes what unfinished object writes of an earlier process left behind.
  package func sweepIncoming() async throws(BlobError) {
    try await perform { () throws(FileError) in
      for name in try files.list(layout.incoming) { try files.remove("\(layout.incoming)/\(name)") }
    }
  }

  /// Makes the object's folder; call on the executor.
  func objectFolder(_ digest: Digest) throws(FileError) -> String {
    let folder = layout.objectFolder(digest)
    try makeFolder(folder, in: layout.objects)
    return folder
  }

  /// Makes a folder and its name durable, once per process: one that is there already may have been made by an
  /// attempt that ended before its name was.
  private func makeFolder(_ folder: String, in parent: String) throws(FileError) {
    if folders.withLock({ $0.contains(folder) }) { return }
    try files.makeFolder(folder)
    if isSynced { try files.syncFolder(parent) }
    folders.withLock { _ = $0.insert(folder) }
  }

  /// A partial file that is published already is read-only: it is complete and only waits for its row.
  private func openToWrite(_ path: String) throws(FileError) -> any OpenFile {
    do throws(FileError) {
      return try files.open(path, .readWrite)
    } catch {
      guard error.kind == .denied else { throw error }
      return try files.open(path, .read)
    }
  }

  private func reader(_ path: String) async throws(BlobError) -> any BlobReader {
    try await perform { () throws(FileError) in
      let file = try files.open(path, .read)
      return DiskReader(file: file, size: try file.size(), executor: executor)
    }
  }

  private func perform<Result: Sendable>(
    _ body: @escaping @Sendable () throws(FileError) -> Result
  ) async throws(BlobError) -> Result {
    try await executor.blob(body)
  }
}

extension IOExecutor {
  /// Runs file calls and turns their errors into the store's.
  func blob<Result: Sendable>(
    _ body: @escaping @Sendable () throws(FileError) -> Result
  ) async throws(BlobError) -> Result {
    let result = await perform { () -> Swift.Result<Result, BlobError> in
      do throws(FileError) { return .success(try body()) } catch { return .failure(BlobError(error)) }
    }
    return try result.get()
  }
}
