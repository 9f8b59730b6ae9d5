import Platform
import Vocabulary

/// Makes a bag (RFC 8493) of files that a pull has put below `data/`.
///
/// `bagit.txt` is written last, but for the removal of the pull's notes: without it no program takes the folder for a bag.
package struct BagExport: Sendable {
  /// The folder cannot become a bag.
  package struct Refusal: Error, Sendable, CustomStringConvertible {
    package let description: String
  }

  private static let declarationName = "bagit.txt"
  private static let infoName = "bag-info.txt"
  private static let algorithms: [ChecksumAlgorithm] = [.sha256, .sha512]

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

  /// Where the payload belongs.
  package var payload: String { "\(folder)/\(BagFormat.payloadFolder)" }
  /// Where the pull's notes are until the bag is whole.
  ///
  /// Not where a pull into the folder itself keeps its own: a pulled folder is no interrupted export.
  package var notes: String { "\(folder)/\(PullFolder.name)/\(Self.notesName)" }
  private static let notesName = "bag"

  /// Makes sure that nothing of somebody's is in the folder, and makes an interrupted export ready to go on.
  ///
  /// - Throws: `Refusal` when the folder holds something that is not an interrupted export; `FileError`.
  package func prepare() async throws {
    try await io.run {
      let kind = try FileInfo.of("\(folder)/.")?.kind
      guard try kind == .folder || kind == nil && FileInfo.of(folder) == nil else {
        throw Refusal(description: "\(quoted(folder)) is no folder")
      }
      guard try kind == nil || isEmptyOrInterrupted() else {
        throw Refusal(description: "\(quoted(folder)) is not empty; a bag needs a folder of its own")
      }
      // First of all: from here on the folder counts as an interrupted export.
      try fileSystem.makeFolder(notes)
      // What follows may change the payload.
      try fileSystem.remove("\(folder)/\(Self.declarationName)")
    }
  }

  private func isEmptyOrInterrupted() throws -> Bool {
    let names = Set(try fileSystem.list(folder))
    if names.isEmpty { return true }
    guard names.contains(PullFolder.name),
      try FileInfo.of("\(folder)/\(PullFolder.name)")?.kind == .folder
    else { return false }
    let noted = try fileSystem.list("\(folder)/\(PullFolder.name)")
    // Ended before the notes had their folder.
    if noted.isEmpty { return names.count == 1 }
    guard noted == [Self.notesName] else { return false }
    var own = [PullFolder.name, BagFormat.payloadFolder, Self.declarationName, Self.infoName]
    for algorithm in Self.algorithms {
      own += [Self.manifestName(algorithm), Self.tagManifestName(algorithm)]
    }
    // What a write that was cut off leaves of the tag files.
    own += own.map { ".\($0).tmp" }
    return names.isSubset(of: own)
  }

  private static func manifestName(_ algorithm: ChecksumAlgorithm) -> String {
    "manifest-\(algorithm.rawValue).txt"
  }
  private static func tagManifestName(_ algorithm: ChecksumAlgorithm) -> String {
    "tagmanifest-\(algorithm.rawValue).txt"
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
    var manifests = Dictionary(uniqueKeysWithValues: Self.algorithms.map { ($0, "") })
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
        try FileChecksums.of(copy.location(file.path), Set(Self.algorithms), fileSystem)
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
    var tags = [(Self.infoName, info)]
    for (algorithm, text) in manifests.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      tags.append((Self.manifestName(algorithm), text))
    }
    for (name, text) in tags { try write(text, to: name) }
    for algorithm in manifests.keys {
      let lines = (tags + [(Self.declarationName, BagFormat.declaration)]).map { name, text in
        let checksum = ChecksumStream(algorithm)
        checksum.update(Array(text.utf8))
        return BagFormat.line(Hexadecimal.encode(checksum.finish()), name)
      }
      try write(lines.sorted().joined(), to: Self.tagManifestName(algorithm))
    }
    try write(BagFormat.declaration, to: Self.declarationName)
    // The notes go last: with them the export can be run again, wherever it was cut off.
    try PullFolder(path: notes, fileSystem: fileSystem).remove()
    _ = try EmptyFolder.remove("\(folder)/\(PullFolder.name)")
  }

  private func write(_ text: String, to name: String) throws {
    try AtomicFile.write(Array(text.utf8), to: name, in: folder, on: fileSystem)
  }
}
