import Platform
import Vocabulary

/// Blobs as files: a synchronous core run on the I/O executor.
package struct DiskBlobStore: BlobStore {
  let layout: DiskLayout
  let files: any FileSystem
  let executor: any IOExecutor
  let entropy: any Entropy
  private let hashers: DiskHashers
  let index: any ExtentIndex
  let packs: PackWriter
  let holds = ObjectHolds()
  package let counters = StorageCounters()
  /// False: bytes survive the process but not the machine (`durability = process`).
  let isSynced: Bool
  /// Folders this process has made sure of.
  private let folders = Locked<Set<String>>([])
  /// Partial files with a failed sync that could not be cut back.
  private let doubts = Locked<[UploadID: PartialDoubt]>([:])

  /// `hashers` run the hashes of partial files, `executor` everything else.
  package init(
    layout: DiskLayout, files: any FileSystem, executor: any IOExecutor, hashers: DiskHashers,
    index: any ExtentIndex, clock: any WallClock, entropy: any Entropy, isSynced: Bool
  ) {
    self.hashers = hashers
    self.index = index
    packs = PackWriter(layout: layout, files: files, executor: executor, isSynced: isSynced) {
      PackID.make(clock: clock, entropy: entropy)
    }
    self.layout = layout
    self.files = files
    self.executor = executor
    self.entropy = entropy
    self.isSynced = isSynced
  }

  @discardableResult
  package func createPartial(
    _ id: UploadID, urgency: HashUrgency
  ) async throws(BlobError) -> any PartialBlob {
    try await perform { () throws(FileError) in
      try makeFolder(layout.partialFolder(id), in: layout.partials)
      let file = try files.open(layout.partial(id), .create)
      return partial(file, id, isNew: true, size: 0, hashState: nil, urgency)
    }
  }

  package func openPartial(
    _ id: UploadID, hashState: [UInt8]?, urgency: HashUrgency
  ) async throws(BlobError) -> any PartialBlob {
    try await perform { () throws(FileError) in
      let file = try openToWrite(layout.partial(id))
      try settleDoubt(about: id, file)
      return partial(file, id, isNew: false, size: try file.size(), hashState: hashState, urgency)
    }
  }

  private func partial(
    _ file: any OpenFile, _ id: UploadID, isNew: Bool, size: Int64, hashState: [UInt8]?,
    _ urgency: HashUrgency
  ) -> DiskPartial {
    DiskPartial(
      file: file, isNew: isNew, size: size, hashState: hashState, executor: executor,
      hasher: urgency == .atOnce ? hashers.urgent : hashers.patient, isSynced: isSynced,
      doubt: { [doubts] doubt in doubts.withLock { $0[id] = doubt } },
      syncName: { [files, layout] () throws(FileError) in try files.syncFolder(layout.partialFolder(id)) })
  }

  /// Cuts off what a failed sync left uncertain; while that fails too, nobody writes to the file.
  private func settleDoubt(about id: UploadID, _ file: any OpenFile) throws(FileError) {
    guard let doubt = doubts.withLock({ $0[id] }) else { return }
    guard let durableSize = doubt.durableSize else {
      throw FileError(
        kind: .other, call: "fdatasync", path: layout.partial(id), code: 0,
        explanation: "an earlier sync failed, and what the file has on stable storage is not known")
    }
    if try file.size() > durableSize { try file.truncate(to: durableSize) }
    try file.sync()
    doubts.withLock { $0[id] = nil }
  }

  package func readPartial(_ id: UploadID) async throws(BlobError) -> any BlobReader {
    try await reader(layout.partial(id))
  }

  package func partialSize(_ id: UploadID) async throws(BlobError) -> Int64? {
    try await perform { () throws(FileError) in try files.size(layout.partial(id)) }
  }

  package func hold(_ digests: [Digest]) async -> BlobHold {
    await holds.take(digests)
    return BlobHold { [holds] in holds.release(digests) }
  }

  @discardableResult
  package func publishPartial(_ id: UploadID, as digest: Digest) async throws(BlobError) -> Bool {
    await holds.take(digest, for: id)
    return try await perform { () throws(FileError) in try publish(id, as: digest) }
  }

  /// Call on the executor.
  private func publish(_ id: UploadID, as digest: Digest) throws(FileError) -> Bool {
    let folder = try objectFolder(digest)
    if let stored = try files.size(layout.object(digest)) {
      if let size = try files.size(layout.partial(id)), size != stored {
        throw FileError(
          kind: .other, call: "link", path: layout.object(digest), code: 0,
          explanation: "an object of \(stored) bytes is there, the file of this digest has \(size)")
      }
      // Perhaps made a moment ago, by an attempt that ended before it was durable.
      if isSynced { try files.syncFolder(folder) }
      return false
    }
    let file = try files.open(layout.partial(id), .read)
    defer { file.close() }
    try file.setPermissions(0o444)
    if isSynced { try file.sync() }
    var isNew = true
    do throws(FileError) {
      // A second name and not a rename: until the catalog says "verified" the upload must still find its bytes.
      try files.link(layout.partial(id), to: layout.object(digest))
    } catch {
      if error.kind != .exists { throw error }
      isNew = false
    }
    if isSynced { try files.syncFolder(folder) }
    return isNew
  }

  package func removePartial(_ id: UploadID) async throws(BlobError) {
    try await perform { () throws(FileError) in
      try files.remove(layout.partial(id))
      doubts.withLock { $0[id] = nil }
    }
    holds.forget(id)
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

  package func putSmall(_ content: [UInt8], digest: Digest) async throws(BlobError) -> Extent {
    try await packs.append(content, digest: digest)
  }

  package func openObject(_ digest: Digest) async throws(BlobError) -> any BlobReader {
    guard let extent = try await index.extents(of: [digest])[digest] else {
      return try await reader(layout.object(digest))
    }
    do throws(BlobError) {
      return try await openExtent(extent)
    } catch {
      // A collection may have moved it to another pack since the index was asked.
      guard case .missing = error, let moved = try await index.extents(of: [digest])[digest], moved != extent
      else { throw error }
      return try await openExtent(moved)
    }
  }

  private func openExtent(_ extent: Extent) async throws(BlobError) -> any BlobReader {
    try await perform { () throws(FileError) in
      let file = try files.open(layout.pack(extent.pack), .read)
      return DiskReader(file: file, start: extent.offset, size: extent.length, executor: executor)
    }
  }

  package func objectSizes(_ digests: [Digest]) async throws(BlobError) -> [Digest: Int64] {
    let sizes = try await sizesNow(of: digests)
    let missing = digests.filter { sizes[$0] == nil }
    // A collection may have moved them to another pack since the index was asked.
    return missing.isEmpty ? sizes : sizes.merging(try await sizesNow(of: missing)) { $1 }
  }

  private func sizesNow(of digests: [Digest]) async throws(BlobError) -> [Digest: Int64] {
    let extents = try await index.extents(of: digests)
    return try await perform { () throws(FileError) in
      var packSizes: [PackID: Int64] = [:]
      var sizes: [Digest: Int64] = [:]
      for digest in digests {
        guard let extent = extents[digest] else {
          sizes[digest] = try files.size(layout.object(digest))
          continue
        }
        if packSizes[extent.pack] == nil { packSizes[extent.pack] = try files.size(layout.pack(extent.pack)) }
        if let packSize = packSizes[extent.pack], extent.offset + extent.length <= packSize {
          sizes[digest] = extent.length
        }
      }
      return sizes
    }
  }

  package func makeObject() async throws(BlobError) -> any ObjectWriter {
    let name = "\(layout.incoming)/\(Hexadecimal.encode(entropy.bytes(16)))"
    return try await perform { () throws(FileError) in
      DiskObjectWriter(file: try files.open(name, .create), path: name, store: self)
    }
  }

  package func makeIntake() async throws(BlobError) -> any ObjectIntake {
    let name = "\(layout.incoming)/\(Hexadecimal.encode(entropy.bytes(16)))"
    return try await perform { () throws(FileError) in
      DiskIntake(file: try files.open(name, .create), path: name, store: self, hasher: hashers.patient)
    }
  }

  package func putDescriptor(_ bytes: [UInt8], name: String, folder: RepoName) async throws(BlobError) {
    try await perform { () throws(FileError) in
      let folder = layout.bundleFolder(folder)
      try makeFolder(folder, in: layout.bundles)
      try AtomicFile.write(bytes, to: name, in: folder, on: files)
    }
  }

  package func removeDescriptor(name: String, folder: RepoName) async throws(BlobError) {
    try await perform { () throws(FileError) in
      let folder = layout.bundleFolder(folder)
      guard try files.size("\(folder)/\(name)") != nil else { return }
      try files.remove("\(folder)/\(name)")
      if isSynced { try files.syncFolder(folder) }
    }
  }

  package func descriptorNames(folder: RepoName) async throws(BlobError) -> [String] {
    try await perform { () throws(FileError) in
      let folder = layout.bundleFolder(folder)
      return try files.size(folder) == nil ? [] : try files.list(folder)
    }
  }

  package func space() async throws(BlobError) -> (free: Int64, total: Int64) {
    try await perform { () throws(FileError) in try files.space(layout.root) }
  }

  /// Removes what unfinished object writes of an earlier process left behind, and seals its packs.
  package func takeOver() async throws(BlobError) {
    try await perform { () throws(FileError) in
      for name in try files.list(layout.incoming) { try files.remove("\(layout.incoming)/\(name)") }
      for name in try files.list(layout.packs) {
        guard let id = PackID(name) else { continue }
        let pack = try files.open(layout.pack(id), .read)
        defer { pack.close() }
        try pack.setPermissions(0o444)
      }
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
      return DiskReader(file: file, start: 0, size: try file.size(), executor: executor)
    }
  }

  func perform<Result: Sendable>(
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
