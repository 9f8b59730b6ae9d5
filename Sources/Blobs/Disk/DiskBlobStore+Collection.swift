import Platform
import Vocabulary

extension DiskBlobStore: BlobCollection {
  package func objectFiles(beginningWith byte: UInt8) async throws(BlobError) -> [Digest: Int64] {
    try await perform { () throws(FileError) in
      let folder = "\(layout.objects)/\(Hexadecimal.encode([byte]))"
      guard try files.size(folder) != nil else { return [:] }
      var sizes: [Digest: Int64] = [:]
      for name in try files.list(folder) {
        guard let digest = Digest(hex: name), digest.bytes.first == byte else { continue }
        sizes[digest] = try files.size("\(folder)/\(name)")
      }
      return sizes
    }
  }

  package func withUnheld<Result: Sendable>(
    _ digests: [Digest], _ remove: @Sendable ([Digest]) async throws -> Result
  ) async throws -> Result {
    let free = holds.begin(digests)
    defer { holds.end(free) }
    return try await remove(free)
  }

  package func removeObjectFiles(_ digests: [Digest]) async throws(BlobError) {
    try await perform { () throws(FileError) in
      var touched: Set<String> = []
      for digest in digests where try files.size(layout.object(digest)) != nil {
        try files.remove(layout.object(digest))
        touched.insert(layout.objectFolder(digest))
      }
      if isSynced { for folder in touched.sorted() { try files.syncFolder(folder) } }
    }
  }

  package func sealedPacks() async throws(BlobError) -> [PackID: Int64] {
    try await perform { () throws(FileError) in
      var sizes: [PackID: Int64] = [:]
      for name in try files.list(layout.packs) {
        guard let id = PackID(name), !packs.unsealed.contains(id) else { continue }
        sizes[id] = try files.size(layout.pack(id))
      }
      return sizes
    }
  }

  package func records(of pack: PackID) async throws(BlobError) -> PackRecords {
    try await perform { () throws(FileError) in
      let file = try files.open(layout.pack(pack), .read)
      defer { file.close() }
      var records: [PackFormat.Record] = []
      let end = try PackFormat.walk(
        size: try file.size(), isDeep: false,
        read: { (count, offset) throws(FileError) in try file.readBytes(count, at: offset) },
        visit: { records.append($0) })
      return PackRecords(records: records, end: end)
    }
  }

  package func content(
    of record: PackFormat.Record, in pack: PackID
  ) async throws(BlobError) -> [UInt8] {
    let bytes = try await perform { () throws(FileError) in
      let file = try files.open(layout.pack(pack), .read)
      defer { file.close() }
      return try file.readBytes(Int(record.length), at: record.offset)
    }
    guard SHA256Stream.digest(of: bytes) == record.digest else {
      throw .failed("the record at \(record.offset) of pack \(pack) does not have its digest")
    }
    return bytes
  }

  package func makeDurable(_ packs: Set<PackID>) async throws(BlobError) {
    if packs.isEmpty { return }
    try await perform { () throws(FileError) in
      for id in packs.sorted() {
        let file = try files.open(layout.pack(id), .read)
        defer { file.close() }
        try file.sync()
      }
      try files.syncFolder(layout.packs)
    }
  }

  package func removePack(_ id: PackID) async throws(BlobError) {
    try await perform { () throws(FileError) in
      guard try files.size(layout.pack(id)) != nil else { return }
      try files.remove(layout.pack(id))
      if isSynced { try files.syncFolder(layout.packs) }
    }
  }

  package func descriptorFolders() async throws(BlobError) -> [RepoName] {
    try await perform { () throws(FileError) in
      let names = try files.list(layout.bundles).compactMap { try? RepoName($0) }.sorted()
      var folders: [RepoName] = []
      for name in names where try FileInfo.of(layout.bundleFolder(name))?.kind == .folder {
        folders.append(name)
      }
      return folders
    }
  }

  package func descriptor(
    name: String, folder: RepoName, maximumBytes: Int
  ) async throws(BlobError) -> [UInt8]? {
    try await perform { () throws(FileError) in
      let path = "\(layout.bundleFolder(folder))/\(name)"
      guard let size = try files.size(path), size <= maximumBytes else { return nil }
      let file = try files.open(path, .read)
      defer { file.close() }
      return try file.readBytes(Int(size), at: 0)
    }
  }
}
