import Platform
import Vocabulary

/// Makes a bag (RFC 8493) of files that a pull has put below `data/`.
///
/// `bagit.txt` is written last: without it no program takes the folder for a bag.
package struct BagExport: Sendable {
  private let folder: String
  private let bundle: BundleAnswer
  private let io: any IOExecutor
  private let parallel: Int
  private let fileSystem: any FileSystem

  /// - Parameter folder: of the bag, absolute.
  package init(
    folder: String, bundle: BundleAnswer, io: any IOExecutor, parallel: Int = 4,
    fileSystem: any FileSystem = LinuxFileSystem()
  ) {
    self.folder = folder
    self.bundle = bundle
    self.io = io
    self.parallel = parallel
    self.fileSystem = fileSystem
  }

  /// Where the payload belongs, and where the pull's notes are until the bag is whole.
  package var payload: String { "\(folder)/\(BagFormat.payloadFolder)" }
  package var notes: String { "\(folder)/\(PullFolder.name)" }

  /// - Throws: `BagFlaws` when the folder holds something that is not an interrupted export; `FileError`.
  package func checkFolder() async throws {
    try await io.run {
      guard let info = try FileInfo.of(folder) else { return }
      guard info.kind == .folder else { throw BagFlaws(["\(quoted(folder)) is no folder"]) }
      let names = try fileSystem.list(folder)
      guard names.isEmpty || (names.contains(PullFolder.name) && !names.contains("bagit.txt")) else {
        throw BagFlaws(["\(quoted(folder)) is not empty; a bag needs a folder of its own"])
      }
    }
  }

  /// Writes manifests and tag files around the payload, and removes the notes of the pull.
  ///
  /// - Throws: `BagFlaws` when the payload is not exactly what the bundle has; `FileError`, `CancellationError`.
  package func finish(_ entries: [EntryAnswer]) async throws {
    let files = try entries.map { try PulledFile($0) }.sorted { $0.path < $1.path }
    let scan = await io.perform { FolderScan(contentsOf: payload, takesNotes: true) }
    let wanted = Set(files.map(\.path))
    var flaws = BagFlaws(scan.errors + scan.warnings)
    for file in scan.files where !wanted.contains(file.path) {
      flaws.add("\(quoted(file.localPath)) is not in the bundle")
    }
    guard flaws.texts.isEmpty else { throw flaws }
    let checksums = try await self.checksums(of: files)
    var manifests: [ChecksumAlgorithm: String] = [.sha256: "", .sha512: ""]
    for file in files {
      for algorithm in manifests.keys {
        manifests[algorithm]? += BagFormat.line(
          Hexadecimal.encode(checksums[file.path]?[algorithm] ?? []),
          "\(BagFormat.payloadFolder)/\(file.path.text)")
      }
    }
    try await io.run { [manifests] in try write(manifests, files) }
  }

  /// Read from the disk, so that the manifests say what lies there.
  private func checksums(
    of files: [PulledFile]
  ) async throws -> [BundlePath: [ChecksumAlgorithm: [UInt8]]] {
    let copy = LocalCopy(folder: payload, fileSystem: fileSystem)
    let found = try await inParallel(files, limit: parallel) { file in
      try Task.checkCancellation()
      let checksums = try await io.run {
        try FileChecksums.of(copy.location(file.path), [.sha256, .sha512], fileSystem)
      }
      guard checksums[.sha256] == file.digest.bytes else {
        throw BagFlaws(["\(quoted(copy.location(file.path))) changed after it was written"])
      }
      return Optional((file.path, checksums))
    }
    return Dictionary(found) { first, _ in first }
  }

  private func write(_ manifests: [ChecksumAlgorithm: String], _ files: [PulledFile]) throws {
    let info = BagFormat.info(
      date: CivilTime.rfc3339(bundle.createdAt) ?? Timestamp(milliseconds: 0), fileCount: Int64(files.count),
      byteCount: files.reduce(0) { $0 + $1.size }, identifier: "\(bundle.repo)@\(bundle.id)",
      description: bundle.message)
    var tags = [("bag-info.txt", info)]
    for (algorithm, text) in manifests.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      tags.append(("manifest-\(algorithm.rawValue).txt", text))
    }
    for (name, text) in tags { try write(text, to: name) }
    for algorithm in manifests.keys {
      let lines = (tags + [("bagit.txt", BagFormat.declaration)]).map { name, text in
        let checksum = ChecksumStream(algorithm)
        checksum.update(Array(text.utf8))
        return BagFormat.line(Hexadecimal.encode(checksum.finish()), name)
      }
      try write(lines.sorted().joined(), to: "tagmanifest-\(algorithm.rawValue).txt")
    }
    try PullFolder(path: notes, fileSystem: fileSystem).remove()
    try write(BagFormat.declaration, to: "bagit.txt")
  }

  private func write(_ text: String, to name: String) throws {
    try AtomicFile.write(Array(text.utf8), to: name, in: folder, on: fileSystem)
  }
}
