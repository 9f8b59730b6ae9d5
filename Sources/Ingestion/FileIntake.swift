import Blobs
import Catalog
import Platform
import Vocabulary

/// A file of a source that was read without a change: its content is in memory, or stored already.
struct TakenFile: Sendable {
  let expected: ExpectedFile
  let size: Int64
  let digest: Digest
  let modifiedAt: Timestamp
  let mode: Int
  /// nil: it is stored.
  let content: [UInt8]?

  init(_ expected: ExpectedFile, _ stamp: FileStamp, digest: Digest, content: [UInt8]?) {
    self.expected = expected
    self.digest = digest
    self.content = content
    size = stamp.info.size
    mode = Int(stamp.info.mode & 0o777)
    modifiedAt = Self.modifiedAt(stamp)
  }

  /// In whole milliseconds, rounded down also before 1970.
  static func modifiedAt(_ stamp: FileStamp) -> Timestamp {
    let (quotient, rest) = stamp.info.modifiedNanoseconds.quotientAndRemainder(dividingBy: 1_000_000)
    return Timestamp(milliseconds: rest < 0 ? quotient - 1 : quotient)
  }
}

/// Takes one file in, and notices when it changes meanwhile.
struct FileIntake: Sendable {
  private static let maximumAttempts = 3
  /// One call copies at most this much, so that stopping takes moments.
  private static let stepBytes: Int64 = 16 << 20
  private static let readBytes = 1 << 20

  let file: ExpectedFile
  let base: String
  let source: Source
  let tree: any SourceTree
  let run: IngestRun
  /// Where an unchanged file would be known from.
  let hints: PushID?

  private var services: IngestServices { run.services }
  private var path: String { base.isEmpty ? file.path.text : "\(base)/\(file.path)" }

  /// - Returns: a small file, which is still to be stored and registered; nil for one that is in.
  /// - Throws: `ProblemError` naming the file, `BlobError`, `IngestStopped`.
  func take() async throws -> TakenFile? {
    for _ in 1...Self.maximumAttempts {
      try run.stop.check()
      // One that was moved away could still be read, but is not what was named.
      guard await services.executor.perform({ [tree] in tree.isInPlace }) else { throw source.unavailable }
      let (open, stamp) = try await read { tree, path throws(FileError) in
        let open = try tree.open(path)
        return (open, try open.stamp())
      }
      defer { open.close() }
      if stamp.info.size <= Int64(services.smallBytes) {
        if let small = try await readWhole(open, stamp) { return small }
      } else if try await store(open, stamp) {
        return nil
      }
    }
    throw ProblemError(
      .sourceChanged,
      detail:
        "\(quoted(path)) in source \(quoted(source.name)) changed each of the \(Self.maximumAttempts) times it was read",
      members: ["path": .text(path)])
  }

  /// nil when the file changed meanwhile.
  private func readWhole(_ open: any StampedFile, _ stamp: FileStamp) async throws -> TakenFile? {
    try await read { tree, path throws(FileError) in
      // One byte more shows a file that has grown.
      let content = try open.readBytes(Int(stamp.info.size) + 1, at: 0)
      guard content.count == stamp.info.size, try Self.isUnchanged(open, stamp, at: path, in: tree) else {
        return nil
      }
      return TakenFile(file, stamp, digest: SHA256Stream.digest(of: content), content: content)
    }
  }

  /// Stores and registers a file of its own; false when it changed meanwhile.
  private func store(_ open: any StampedFile, _ stamp: FileStamp) async throws -> Bool {
    if let digest = try await knownDigest(open, stamp), let hold = try await hold(digest, stamp.info.size) {
      defer { withExtendedLifetime(hold) {} }
      services.blobs.counters.add(.deduplicated, bytes: stamp.info.size)
      try await run.register([TakenFile(file, stamp, digest: digest, content: nil)])
      return true
    }
    let room = try await services.requireRoom(stamp.info.size)
    let intake = try await services.blobs.makeIntake()
    // Until the row is there it keeps the object from being collected.
    defer { withExtendedLifetime(intake) {} }
    do {
      let isWhole = try await copy(open, stamp, to: intake, in: room)
      guard isWhole, try await isUnchanged(open, stamp) else {
        await intake.cancel()
        return false
      }
      // What was copied is ours: whatever becomes of the source now, the digest is that of the object.
      let digest = try await intake.finish()
      try await run.register([TakenFile(file, stamp, digest: digest, content: nil)])
      return true
    } catch {
      await intake.cancel()
      throw error
    }
  }

  /// Keeps the object until its row is there; nil when it was collected meanwhile.
  private func hold(_ digest: Digest, _ size: Int64) async throws -> BlobHold? {
    let hold = await services.blobs.hold([digest])
    return try await services.blobs.objectSizes([digest])[digest] == size ? hold : nil
  }

  private func copy(
    _ open: any StampedFile, _ stamp: FileStamp, to intake: any ObjectIntake, in room: IngestRoom.Share
  ) async throws -> Bool {
    var position: Int64 = 0
    defer { run.progress.withLock { [position] in $0.bytesUnderWay -= position } }
    while position < stamp.info.size {
      try run.stop.check()
      let wanted = min(Self.stepBytes, stamp.info.size - position)
      let copied = try await step(wanted, of: open, from: position, to: intake)
      if copied == 0 { return false }
      position += copied
      room.wrote(copied)
      run.progress.withLock { $0.bytesUnderWay += copied }
    }
    return true
  }

  private func step(
    _ count: Int64, of open: any StampedFile, from position: Int64, to intake: any ObjectIntake
  ) async throws -> Int64 {
    do {
      return try await intake.take(count, of: open, from: position, on: services.executor)
    } catch {
      // The call does not say which of the two files it failed on.
      guard case .failed = error, await !services.executor.perform({ [tree] in tree.isInPlace }) else {
        throw error
      }
      services.report("push \(run.push.id): \(error)")
      throw source.unavailable
    }
  }

  /// The digest of a file that has the size and time it had in the latest bundle, when its content is still the same:
  /// it is read and hashed, but not copied.
  private func knownDigest(_ open: any StampedFile, _ stamp: FileStamp) async throws -> Digest? {
    guard let hints else { return nil }
    let known = try await services.catalog.read { [file] in try $0.upload(ofPush: hints, at: file.path) }
    let modifiedAt = TakenFile.modifiedAt(stamp)
    guard let known, let digest = known.digest, known.length == stamp.info.size,
      known.modifiedAt == modifiedAt,
      try await services.blobs.objectSizes([digest])[digest] == stamp.info.size
    else { return nil }
    var stream = SHA256Stream()
    while stream.byteCount < stamp.info.size {
      try run.stop.check()
      let before = stream
      let next = try await read { _, _ throws(FileError) in
        var stream = before
        let end = min(stamp.info.size, before.byteCount + Self.stepBytes)
        while stream.byteCount < end {
          let bytes = try open.readBytes(
            min(Self.readBytes, Int(end - stream.byteCount)), at: stream.byteCount)
          if bytes.isEmpty { return nil as SHA256Stream? }
          stream.update(bytes)
        }
        return stream
      }
      guard let next else { return nil }
      stream = next
    }
    guard stream.digest() == digest else { return nil }
    return try await isUnchanged(open, stamp) ? digest : nil
  }

  private func isUnchanged(_ open: any StampedFile, _ stamp: FileStamp) async throws -> Bool {
    try await read { tree, path throws(FileError) in
      try Self.isUnchanged(open, stamp, at: path, in: tree)
    }
  }

  /// The same file as it was, and still the one of its name.
  private static func isUnchanged(
    _ open: any StampedFile, _ stamp: FileStamp, at path: String, in tree: any SourceTree
  ) throws(FileError) -> Bool {
    guard try open.stamp() == stamp, let named = try tree.info(path) else { return false }
    return named.device == stamp.info.device && named.inode == stamp.info.inode
  }

  private func read<Result: Sendable>(
    _ body: @escaping @Sendable (any SourceTree, String) throws(FileError) -> Result
  ) async throws -> Result {
    try await services.executor.run { [tree, path, source] in
      do throws(FileError) { return try body(tree, path) } catch {
        throw SourceProblem.of(error, path, tree, source)
      }
    }
  }
}
