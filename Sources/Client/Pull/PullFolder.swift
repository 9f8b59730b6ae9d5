import Foundation
import Platform
import Vocabulary

/// Where a pull keeps its notes: what the folder holds, and the files on their way.
///
/// Call only on an `IOExecutor`'s threads.
package struct PullFolder: Sendable {
  /// Below the folder that was pulled; never pushed, never part of a comparison.
  package static let name = ".sheaf"
  private static let recordName = "bundle.json"
  private static let intentName = "pulling.json"
  /// A record of 1,000,000 long paths has room.
  private static let mostRecordBytes = 1 << 30

  /// Absolute.
  let path: String
  let fileSystem: any FileSystem

  var parts: String { "\(path)/parts" }

  /// The file that becomes the content with this digest.
  func part(_ digest: Digest) -> String { "\(parts)/\(digest.hex).part" }

  /// Makes the folders and takes the lock.
  ///
  /// - Throws: `LocalProblem` when another pull has it, or something else stands in the folders' place; `FileError`.
  func open() throws -> FileLock {
    for folder in [path, parts] {
      try fileSystem.makeFolder(folder)
      guard try FileInfo.of(folder)?.kind == .folder else { throw LocalProblem("\(folder) is no folder") }
    }
    guard let lock = try FileLock(path: "\(path)/lock") else {
      throw LocalProblem("another sheaf process is pulling into this folder")
    }
    return lock
  }

  /// What the folder holds, nil when that is not known.
  ///
  /// - Throws: `LocalProblem` when there is a record that cannot be read; `FileError`.
  func record() throws -> PullRecord? {
    let location = "\(path)/\(Self.recordName)"
    guard let size = try fileSystem.size(location) else { return nil }
    let file = try fileSystem.open(location, .read)
    defer { file.close() }
    guard size <= Self.mostRecordBytes,
      let record = try? JSONDecoder().decode(
        PullRecord.self, from: Data(try file.readBytes(Int(size), at: 0))),
      record.version == PullRecord.currentVersion
    else {
      throw LocalProblem(
        "\(location) is no record of this program; remove it to have the folder's files looked at as your own"
      )
    }
    return record
  }

  /// Puts the record in its place, whole and durable.
  func save(_ record: PullRecord) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    try AtomicFile.write(
      Array(try encoder.encode(record)), to: Self.recordName, in: path, on: fileSystem)
  }

  /// What pulls that did not end may have written; nothing when that is not known, so that such files count as changed
  /// here.
  ///
  /// - Throws: `FileError`.
  func intent() throws -> PullIntent? {
    let location = "\(path)/\(Self.intentName)"
    guard let size = try fileSystem.size(location), size <= Self.mostRecordBytes else { return nil }
    let file = try fileSystem.open(location, .read)
    defer { file.close() }
    let intent = try? JSONDecoder().decode(
      PullIntent.self, from: Data(try file.readBytes(Int(size), at: 0)))
    return intent?.version == PullIntent.currentVersion ? intent : nil
  }

  /// Puts what is going to be written in its place, whole and durable; forgets it when that is nothing.
  func save(_ intent: PullIntent) throws {
    guard !intent.entries.isEmpty else {
      // Also what a write that was cut off has left of it.
      for name in [".\(Self.intentName).tmp", Self.intentName] { try fileSystem.remove("\(path)/\(name)") }
      return
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    try AtomicFile.write(
      Array(try encoder.encode(intent)), to: Self.intentName, in: path, on: fileSystem)
  }

  /// Removes the parts that no wanted content needs.
  ///
  /// - Returns: the contents that have begun to arrive.
  @discardableResult
  func removeParts(except wanted: Set<Digest>) throws -> Set<Digest> {
    let names = Dictionary(uniqueKeysWithValues: wanted.map { ("\($0.hex).part", $0) })
    var begun: Set<Digest> = []
    for name in try fileSystem.list(parts) {
      if let digest = names[name] { begun.insert(digest) } else { try fileSystem.remove("\(parts)/\(name)") }
    }
    return begun
  }

  /// Forgets what the folder holds.
  func remove() throws {
    try removeParts(except: [])
    try fileSystem.remove("\(path)/\(Self.recordName)")
    try save(PullIntent(entries: []))
    try removeIfUnused()
  }

  /// Leaves no trace of a pull that did nothing.
  func removeIfUnused() throws {
    for name in [Self.recordName, Self.intentName] {
      guard try fileSystem.size("\(path)/\(name)") == nil else { return }
    }
    guard try fileSystem.list(parts).isEmpty else { return }
    try fileSystem.remove("\(path)/lock")
    for folder in [parts, path] where try !EmptyFolder.remove(folder) { return }
  }
}

/// What a pull is about to write, and what earlier ones wrote that did not end: files with these contents are not
/// somebody's own.
package struct PullIntent: Codable, Sendable, Equatable {
  package static let currentVersion = 1

  package var version = Self.currentVersion
  /// By path; one path may have several.
  package var entries: [EntryAnswer]

  package init(entries: [EntryAnswer]) { self.entries = entries }
}

/// The bundle that a folder holds.
package struct PullRecord: Codable, Sendable, Equatable {
  package static let currentVersion = 1

  package var version = Self.currentVersion
  package var server: String
  package var repo: String
  package var bundle: String
  package var sequence: Int64
  /// SHA-256 of the bundle's manifest.
  package var digest: String
  /// The expression that the latest pull was limited by.
  package var nameFilter: String?
  /// What was put into the folder, by path.
  package var entries: [EntryAnswer]

  package init(
    server: ServerURL, bundle: BundleAnswer, nameFilter: String?, entries: [EntryAnswer]
  ) {
    self.server = server.text
    repo = bundle.repo
    self.bundle = bundle.id
    sequence = bundle.sequence
    digest = bundle.digest
    self.nameFilter = nameFilter
    self.entries = entries
  }
}
