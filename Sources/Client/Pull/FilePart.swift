import Platform
import Vocabulary

/// A file on its way: one content under the name of its digest, until it is proved and takes its place.
///
/// A part that an earlier run left is taken up where it ends, after its bytes are hashed.
struct FilePart: Sendable {
  let digest: Digest
  let size: Int64
  let notes: PullFolder
  let io: any IOExecutor

  /// What came of filling a part.
  struct Filled: Sendable {
    /// Bytes that came over the network.
    var fetched: Int64 = 0
    /// Bytes that an earlier run had left.
    var resumed: Int64 = 0
  }

  private var path: String { notes.part(digest) }

  /// Fetches what the part lacks.
  ///
  /// - Parameters:
  ///   - source: a path of the bundle that has the content.
  ///   - older: a local file that may have some of its blocks.
  ///   - advanced: told of bytes that count for progress, less than nothing when they have to come again.
  /// - Throws: `LocalProblem` when what arrived twice is not the content; else as the receiver and the file system do.
  func fetch(
    _ source: BundlePath, with receiver: EntryReceiver, older: OlderVersion? = nil,
    advanced: @escaping @Sendable (Int64) -> Void
  ) async throws -> Filled {
    let (file, begun) = try await open()
    defer { file.close() }
    var filled = Filled(resumed: begun.byteCount)
    advanced(begun.byteCount)
    var hash = begun
    var older = older
    while true {
      let before = filled.fetched
      while hash.byteCount < size {
        let start = hash.byteCount
        if let bytes = try await io.run({ [older] in try older?.block(at: start) }) {
          try await io.run { try file.write([bytes], at: start) }
          hash.update(bytes)
          advanced(Int64(bytes.count))
          continue
        }
        let end = try await io.run { [older] in try older?.nextBlock(after: start) }
        hash = try await receiver.receive(source, size: size, upTo: end, after: hash) { part, place in
          try await io.run { try file.write([part], at: place) }
          advanced(Int64(part.count))
        }.hash
        filled.fetched += hash.byteCount - start
      }
      let received = hash.digest()
      if received == digest { break }
      // Bytes of an earlier run may have been damaged; fresh ones speak for themselves.
      advanced(-size)
      try await io.run { try file.truncate(to: 0) }
      guard filled.fetched - before < size else {
        try await io.run { try notes.fileSystem.remove(path) }
        throw LocalProblem("what arrived has sha256 \(received), the bundle says \(digest)")
      }
      filled.resumed = 0
      older = nil
      hash = SHA256Stream()
    }
    try await io.run { try file.sync() }
    return filled
  }

  /// Takes the content from another local file; false, with nothing kept, when that does not have it.
  func copy(from local: BundlePath, in folder: LocalCopy) async throws -> Bool {
    try await io.run {
      guard try folder.info(local)?.kind == .file else { return false }
      let source = try folder.fileSystem.open(folder.location(local), .read)
      defer { source.close() }
      try notes.fileSystem.remove(path)
      let file = try notes.fileSystem.open(path, .create)
      defer { file.close() }
      _ = try file.copy(size, of: source, from: 0, to: 0)
      // Hashed as it lies here: the source may change while it is copied.
      guard try Self.hash(file, atMost: size).digest() == digest else {
        try notes.fileSystem.remove(path)
        return false
      }
      try file.sync()
      return true
    }
  }

  /// Takes the whole content, which must not have begun to arrive; call on the executor. The caller makes it durable
  /// before it is placed.
  func write(_ content: [UInt8]) throws {
    let file = try notes.fileSystem.open(path, .create)
    defer { file.close() }
    try file.write([content], at: 0)
  }

  /// Gives the content its final name, with the entry's mode and time; a copy of it when others want it too. Call on the
  /// executor.
  ///
  /// - Parameters:
  ///   - look: what may be replaced; anything may when nil, but for a folder.
  /// - Throws: `LocalProblem` when something else has the name now; `FileError`.
  func place(_ entry: PulledFile, in folder: LocalCopy, unlessChangedSince look: SecondLook?, isLast: Bool)
    throws
  {
    let named = isLast ? path : "\(path).copy"
    if !isLast {
      try notes.fileSystem.remove(named)
      let source = try notes.fileSystem.open(path, .read)
      defer { source.close() }
      let file = try notes.fileSystem.open(named, .create)
      defer { file.close() }
      guard try file.copy(size, of: source, from: 0, to: 0) == size else {
        throw LocalProblem("\(path) is shorter than it was")
      }
      try file.sync()
    }
    try folder.makeParents(entry.path)
    try FileAttributes.restore(
      named, mode: entry.entry.permissions ?? 0o644, modifiedNanoseconds: entry.entry.modifiedNanoseconds)
    // Also because a folder on the way may have become a link meanwhile.
    switch try (look ?? SecondLook(copy: folder, seen: [:])).look(at: entry.path) {
    case .folder: throw LocalProblem("\(folder.location(entry.path)) is a folder")
    case .other where look != nil: throw Self.changed(folder.location(entry.path))
    case .nothing where look != nil: try add(named, as: folder.location(entry.path))
    case .nothing, .same, .other: try notes.fileSystem.rename(named, to: folder.location(entry.path))
    }
  }

  /// Gives a file its name where nothing had it, not even since it was looked at.
  private func add(_ named: String, as location: String) throws {
    do {
      try notes.fileSystem.link(named, to: location)
    } catch  where error.kind == .exists {
      throw Self.changed(location)
    } catch  where error.kind != .full {
      // Not every file system has second names.
      guard try FileInfo.of(location) == nil else { throw Self.changed(location) }
      return try notes.fileSystem.rename(named, to: location)
    }
    try notes.fileSystem.remove(named)
  }

  private static func changed(_ location: String) -> LocalProblem {
    LocalProblem("\(location) was changed while the pull ran; it stays, unless --force replaces it")
  }

  /// Opens the part, or makes it, with the hash of what it has.
  private func open() async throws -> (file: any OpenFile, hash: SHA256Stream) {
    try await io.run {
      guard try isUsable() else {
        try notes.fileSystem.remove(path)
        return (try notes.fileSystem.open(path, .create), SHA256Stream())
      }
      let file = try notes.fileSystem.open(path, .readWrite)
      if try file.size() > size { try file.truncate(to: 0) }
      return (file, try Self.hash(file, atMost: size))
    }
  }

  /// Whether there is a part that can be gone on with, which it is made ready for.
  private func isUsable() throws -> Bool {
    guard let info = try FileInfo.of(path), info.kind == .file else { return false }
    let file: any OpenFile
    do { file = try notes.fileSystem.open(path, .read) } catch  where error.kind == .denied { return false }
    defer { file.close() }
    // A pull that ended between the file's two names: what is written here would go into the file in its place.
    guard try file.linkCount() == 1 else { return false }
    // A part that did not get its name may have its file's mode already, and that may be one for reading only.
    if info.mode & 0o600 != 0o600 { try file.setPermissions(0o600) }
    return true
  }

  private static func hash(_ file: any OpenFile, atMost size: Int64) throws -> SHA256Stream {
    var hash = SHA256Stream()
    while hash.byteCount < size {
      let bytes = try file.readBytes(Int(min(1 << 20, size - hash.byteCount)), at: hash.byteCount)
      if bytes.isEmpty { break }
      hash.update(bytes)
    }
    return hash
  }
}

extension EntryAnswer {
  /// The file's time for the file system, nil when there is none that fits.
  var modifiedNanoseconds: Int64? {
    guard let milliseconds = mtime.flatMap(CivilTime.rfc3339)?.milliseconds else { return nil }
    let (nanoseconds, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
    return overflow ? nil : nanoseconds
  }
}
