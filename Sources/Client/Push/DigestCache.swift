import Platform
import Vocabulary

/// Digests of local files, so that a file that has not changed is not hashed again. Losing it costs time only.
///
/// A file is known by device, inode, size and both of its times. Times of a moment ago do not tell one content from the
/// next, so such a file is not remembered.
package final class DigestCache: Sendable {
  /// Files that are remembered, the newest; about 14 MB.
  package static let maximumCount = 200_000
  /// A file that changed less than this before it was hashed is not remembered.
  package static let racyNanoseconds: Int64 = 2_000_000_000
  private static let name = "digests"
  private static let header = Array("sheaf digests 1\n".utf8)
  private static let recordBytes = 5 * 8 + 32

  private struct Key: Hashable, Sendable {
    var device: UInt64
    var inode: UInt64
    var size: Int64
    var modified: Int64
    var changed: Int64

    init(_ info: FileInfo) {
      device = info.device
      inode = info.inode
      size = info.size
      modified = info.modifiedNanoseconds
      changed = info.changedNanoseconds
    }

    init(_ words: [UInt64]) {
      (device, inode, size) = (words[0], words[1], Int64(bitPattern: words[2]))
      (modified, changed) = (Int64(bitPattern: words[3]), Int64(bitPattern: words[4]))
    }

    var words: [UInt64] {
      [device, inode, UInt64(bitPattern: size), UInt64(bitPattern: modified), UInt64(bitPattern: changed)]
    }
  }
  private struct State {
    /// Of earlier runs.
    var old: [Key: Digest] = [:]
    /// Seen in this run.
    var new: [Key: Digest] = [:]
    var isDirty = false
  }
  private let folder: String
  private let fileSystem: any FileSystem
  private let clock: any WallClock
  private let maximumCount: Int
  private let state: Locked<State>

  /// Reads what an earlier run left in `folder`; anything but a whole file of this version is nothing. Blocks.
  ///
  /// - Parameter maximumCount: files that are remembered.
  package init(
    folder: String, maximumCount: Int = DigestCache.maximumCount,
    fileSystem: any FileSystem = LinuxFileSystem(), clock: any WallClock = SystemClock()
  ) {
    self.maximumCount = maximumCount
    self.folder = folder
    self.fileSystem = fileSystem
    self.clock = clock
    let found = try? Self.load("\(folder)/\(Self.name)", maximumCount, fileSystem)
    state = Locked(State(old: found ?? [:]))
  }

  package func digest(of info: FileInfo) -> Digest? {
    guard info.changedNanoseconds != 0 else { return nil }
    let key = Key(info)
    return state.withLock { state in
      if let digest = state.new[key] { return digest }
      guard let digest = state.old[key] else { return nil }
      if state.new.count < maximumCount { state.new[key] = digest }
      return digest
    }
  }

  /// Remembers what a file was hashed to, unless it changed too short a time before `hashedAt`, when the hashing began.
  package func remember(_ digest: Digest, of info: FileInfo, hashedAt: Timestamp) {
    let newest = max(info.modifiedNanoseconds, info.changedNanoseconds)
    guard info.changedNanoseconds != 0,
      newest <= hashedAt.milliseconds * 1_000_000 - Self.racyNanoseconds
    else { return }
    state.withLock { state in
      guard state.new.count < maximumCount else { return }
      state.new[Key(info)] = digest
      state.isDirty = true
    }
  }

  /// Writes what is known, if there is anything new: this run's files first, then of the earlier ones what fits. Blocks.
  package func save() throws {
    let (old, new, isDirty) = state.withLock { ($0.old, $0.new, $0.isDirty) }
    guard isDirty else { return }
    var bytes = Self.header
    bytes.reserveCapacity((new.count + old.count) * Self.recordBytes + 64)
    for (key, digest) in new { Self.append(key, digest, to: &bytes) }
    for (key, digest) in old.filter({ new[$0.key] == nil }).prefix(max(0, maximumCount - new.count)) {
      Self.append(key, digest, to: &bytes)
    }
    bytes += SHA256Stream.digest(of: bytes).bytes
    try fileSystem.makeFolder(folder)
    try AtomicFile.write(bytes, to: Self.name, in: folder, permissions: 0o600, on: fileSystem)
  }

  private static func append(_ key: Key, _ digest: Digest, to bytes: inout [UInt8]) {
    for word in key.words { withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) } }
    bytes += digest.bytes
  }

  private static func load(
    _ path: String, _ maximumCount: Int, _ fileSystem: any FileSystem
  ) throws -> [Key: Digest]? {
    let most = Int64(header.count + maximumCount * recordBytes + 32)
    guard let size = try fileSystem.size(path), size <= most else { return nil }
    let file = try fileSystem.open(path, .read)
    defer { file.close() }
    let bytes = try file.readBytes(Int(size), at: 0)
    let body = bytes.dropLast(32)
    guard bytes.count >= header.count + 32, bytes.starts(with: header),
      (body.count - header.count).isMultiple(of: recordBytes),
      SHA256Stream.digest(of: Array(body)).bytes == Array(bytes.suffix(32))
    else { return nil }
    var digests: [Key: Digest] = [:]
    digests.reserveCapacity(body.count / recordBytes)
    for start in stride(from: header.count, to: body.count, by: recordBytes) {
      let words = (0..<5).map { word in
        bytes[(start + 8 * word)..<(start + 8 * word + 8)].reversed().reduce(UInt64(0)) {
          $0 << 8 | UInt64($1)
        }
      }
      digests[Key(words)] = Digest(bytes: Array(bytes[(start + 40)..<(start + recordBytes)]))
    }
    return digests
  }
}
