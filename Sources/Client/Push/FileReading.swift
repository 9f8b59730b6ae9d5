import NIOCore
import Platform
import Vocabulary

/// An open source file, the hash of what was read of it, and the bytes as a request body.
package final class FileReading: Sendable {
  static let chunkBytes = 256 << 10
  /// One blocking call reads at most this much, so that a cancelled push ends soon.
  private static let sliceBytes: Int64 = 8 << 20

  package let source: SourceFile
  private let file: any OpenFile
  private let io: any IOExecutor
  private let ladder: Locked<HashLadder>

  private init(source: SourceFile, file: any OpenFile, io: any IOExecutor) {
    self.source = source
    self.file = file
    self.io = io
    ladder = Locked(HashLadder(fileSize: source.size))
  }

  /// - Throws: `SourceError` when the file is unreadable or no longer the scanned one.
  package static func open(_ source: SourceFile, io: any IOExecutor, fileSystem: any FileSystem) async throws
    -> FileReading
  {
    try await io.run {
      let file = try Self.open(source, fileSystem)
      let reading = FileReading(source: source, file: file, io: io)
      try Self.check(source)
      return reading
    }
  }

  private static func open(_ source: SourceFile, _ fileSystem: any FileSystem) throws -> any OpenFile {
    do {
      return try fileSystem.open(source.localPath, .read)
    } catch {
      throw SourceError.unreadable(error)
    }
  }

  deinit { file.close() }

  /// The whole file in memory, and its digest; for small ones.
  package func whole() async throws -> (content: ByteBuffer, digest: Digest) {
    try await io.run { [self] in
      var hash = SHA256Stream()
      let content = try Self.read(source, file, at: 0, count: Int(source.size), &hash)
      try Self.check(source)
      return (content, hash.digest())
    }
  }

  /// A small file as it was at the scan, and its digest. Blocks: call only on an `IOExecutor`'s threads.
  ///
  /// - Throws: `SourceError` when the file is unreadable or no longer the scanned one.
  static func whole(
    _ source: SourceFile, fileSystem: any FileSystem
  ) throws -> (content: ByteBuffer, digest: Digest) {
    let file = try open(source, fileSystem)
    defer { file.close() }
    var hash = SHA256Stream()
    let content = try read(source, file, at: 0, count: Int(source.size), &hash)
    try check(source)
    return (content, hash.digest())
  }

  /// The digest of a file as it was at the scan. Blocks: call only on an `IOExecutor`'s threads.
  ///
  /// - Throws: `SourceError` when the file is unreadable or no longer the scanned one.
  static func digest(_ source: SourceFile, fileSystem: any FileSystem) throws -> Digest {
    let file = try open(source, fileSystem)
    defer { file.close() }
    var hash = SHA256Stream()
    try scan(source, file, from: 0, to: source.size) { hash.update($0) }
    try check(source)
    return hash.digest()
  }

  /// The answer to a challenge about a file as it was at the scan. Blocks: call only on an `IOExecutor`'s threads.
  ///
  /// - Throws: as `digest`.
  static func proof(
    _ source: SourceFile, digest: Digest, challenge: String, fileSystem: any FileSystem
  ) throws -> Digest {
    let file = try open(source, fileSystem)
    defer { file.close() }
    var hash = PossessionProof.begin(challenge: challenge, digest: digest)
    for range in PossessionProof.ranges(challenge: challenge, digest: digest, size: source.size) {
      try scan(source, file, from: range.lowerBound, to: range.upperBound) { hash.update($0) }
    }
    try check(source)
    return hash.digest()
  }

  /// The digest of each block of the file; the last may be short.
  func blocks(of blockBytes: Int64) async throws -> [Digest] {
    var digests: [Digest] = []
    var position: Int64 = 0
    while position < source.size {
      try Task.checkCancellation()
      let (start, end) = (position, min(source.size, position + blockBytes))
      digests.append(
        try await io.run { [self] in
          var hash = SHA256Stream()
          try Self.scan(source, file, from: start, to: end) { hash.update($0) }
          return hash.digest()
        })
      position = end
    }
    return digests
  }

  /// - Throws: `SourceError.changed` when the name leads to other content than at the scan.
  package func checkUnchanged() async throws { try await io.run { [self] in try Self.check(source) } }

  private static func check(_ source: SourceFile) throws {
    let now: FileInfo?
    do { now = try FileInfo.of(source.localPath) } catch { throw SourceError.unreadable(error) }
    guard let now, now.kind == .file, now.size == source.size,
      now.modifiedNanoseconds == source.modifiedNanoseconds,
      now.inode == source.info.inode, now.device == source.info.device
    else { throw SourceError.changed(source, now) }
  }

  /// The hash of the first `position` bytes, read again only from the nearest known state on.
  package func hash(upTo position: Int64) async throws -> SHA256Stream {
    var hash = ladder.withLock { $0.state(atOrBelow: position) }
    while hash.byteCount < position {
      try Task.checkCancellation()
      let start = hash
      hash = try await io.run { [self] in
        var hash = start
        try Self.scan(
          source, file, from: start.byteCount, to: min(position, start.byteCount + Self.sliceBytes)
        ) {
          hash.update($0)
        }
        return hash
      }
      let reached = hash
      ladder.withLock { $0.offer(reached) }
    }
    return hash
  }

  /// The first position where the local file differs from the server's blocks (whose last may be short); nil when none.
  package func firstDifference(from remote: BlocksAnswer) async throws -> Int64? {
    guard remote.blockBytes > 0 else { return 0 }
    let blockBytes = min(remote.blockBytes, source.size + 1)
    var position: Int64 = 0
    for expected in remote.blocks {
      try Task.checkCancellation()
      let start = position
      let end = min(remote.offset, start + blockBytes, source.size)
      let digest = try await io.run { [self] in
        var hash = SHA256Stream()
        try Self.scan(source, file, from: start, to: end) { hash.update($0) }
        return hash.digest()
      }
      guard digest == Digest(hex: expected) else { return start }
      position = end
    }
    return position < min(remote.offset, source.size) ? position : nil
  }

  /// The bytes `from ..< to` as a request body that reads one chunk ahead and hashes what it reads.
  package func chunks(
    from: Int64, to end: Int64, hash: SHA256Stream, onSent: @escaping @Sendable (Int) -> Void
  )
    -> FileChunks
  {
    FileChunks(reading: self, start: from, end: end, hash: hash, onSent: onSent)
  }

  /// Reads one chunk for a request body.
  fileprivate func next(_ place: FileChunks.Place, end: Int64) async throws -> (ByteBuffer, FileChunks.Place)
  {
    try await io.run { [self] in
      var place = place
      let count = Int(min(Int64(Self.chunkBytes), end - place.position))
      let buffer = try Self.read(source, file, at: place.position, count: count, &place.hash)
      place.position += Int64(count)
      let reached = place.hash
      ladder.withLock { $0.offer(reached) }
      return (buffer, place)
    }
  }

  private static func read(
    _ source: SourceFile, _ file: any OpenFile, at offset: Int64, count: Int, _ hash: inout SHA256Stream
  ) throws -> ByteBuffer {
    var buffer = ByteBufferAllocator().buffer(capacity: count)
    try scan(source, file, from: offset, to: offset + Int64(count)) { bytes in
      hash.update(bytes)
      buffer.writeBytes(bytes)
    }
    return buffer
  }

  private static func scan(
    _ source: SourceFile, _ file: any OpenFile, from start: Int64, to end: Int64,
    _ body: (UnsafeRawBufferPointer) -> Void
  ) throws {
    let scratchBytes = Int(max(1, min(Int64(chunkBytes), end - start)))
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: scratchBytes, alignment: 16)
    defer { scratch.deallocate() }
    var position = start
    while position < end {
      let wanted = Int(min(Int64(scratchBytes), end - position))
      let got: Int
      do {
        got = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: scratch[..<wanted]), at: position)
      } catch {
        throw SourceError.unreadable(error)
      }
      guard got > 0 else { throw SourceError.changed(source, try? FileInfo.of(source.localPath)) }
      body(UnsafeRawBufferPointer(rebasing: scratch[..<got]))
      position += Int64(got)
    }
  }
}

/// A part of a file as a request body.
package struct FileChunks: AsyncSequence, Sendable {
  package typealias Element = ByteBuffer

  struct Place: Sendable {
    var position: Int64
    var hash: SHA256Stream
  }

  let reading: FileReading
  let start: Int64
  let end: Int64
  let hash: SHA256Stream
  let onSent: @Sendable (Int) -> Void

  package func makeAsyncIterator() -> Iterator { Iterator(chunks: self) }

  package struct Iterator: AsyncIteratorProtocol {
    private let chunks: FileChunks
    private var ahead: Task<(ByteBuffer, Place), any Error>?

    init(chunks: FileChunks) {
      self.chunks = chunks
      ahead = Self.read(chunks, Place(position: chunks.start, hash: chunks.hash))
    }

    // While one chunk is on its way to the network, the next is read and hashed.
    private static func read(_ chunks: FileChunks, _ place: Place) -> Task<(ByteBuffer, Place), any Error>? {
      guard place.position < chunks.end else { return nil }
      return Task { try await chunks.reading.next(place, end: chunks.end) }
    }

    package mutating func next() async throws -> ByteBuffer? {
      guard let ahead else { return nil }
      let (buffer, place) = try await ahead.value
      self.ahead = Self.read(chunks, place)
      chunks.onSent(buffer.readableBytes)
      return buffer
    }
  }
}
