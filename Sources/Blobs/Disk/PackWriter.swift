import Platform
import Vocabulary

/// Appends small contents to a pack: everything that waits goes out with one write and one sync.
///
/// A pack is written by one process only. After a failed write or sync nobody knows what the disk has, so the pack is
/// left as it is and the next batch begins a new one.
final class PackWriter: Sendable {
  private typealias Answer = Result<Extent, BlobError>
  private struct Item {
    let content: [UInt8]
    let digest: Digest
    let continuation: CheckedContinuation<Answer, Never>
  }
  private struct State {
    var waiting: [Item] = []
    var isRunning = false
    var pack: Pack?
    var unsealed: Set<PackID> = []
  }
  private struct Pack {
    let id: PackID
    let file: any OpenFile
    var size: Int64
  }
  private static let batchItems = 512
  private static let batchBytes = 4 << 20
  /// A pack of this size is sealed.
  static let packBytes: Int64 = 256 << 20

  private let layout: DiskLayout
  private let files: any FileSystem
  private let executor: any IOExecutor
  private let newID: @Sendable () -> PackID
  private let isSynced: Bool
  private let state = Locked(State())

  init(
    layout: DiskLayout, files: any FileSystem, executor: any IOExecutor, isSynced: Bool,
    newID: @escaping @Sendable () -> PackID
  ) {
    self.layout = layout
    self.files = files
    self.executor = executor
    self.isSynced = isSynced
    self.newID = newID
  }

  /// Appends the content; when it returns the content is as durable as configured.
  func append(_ content: [UInt8], digest: Digest) async throws(BlobError) -> Extent {
    let answer = await withCheckedContinuation { continuation in
      let mustStart = state.withLock { state in
        state.waiting.append(Item(content: content, digest: digest, continuation: continuation))
        defer { state.isRunning = true }
        return !state.isRunning
      }
      if mustStart { executor.submit { self.run() } }
    }
    return try answer.get()
  }

  /// Packs of this process that may still grow.
  var unsealed: Set<PackID> { state.withLock { $0.unsealed } }

  /// One batch; call on the executor. It goes on as a work of its own, so that others get their turn.
  private func run() {
    var (batch, pack) = state.withLock { state in
      let count = Self.batchCount(state.waiting)
      defer { state.waiting.removeFirst(count) }
      return (Array(state.waiting.prefix(count)), state.pack)
    }
    let answers = write(batch, to: &pack)
    let isMore = state.withLock { [pack] state in
      state.pack = pack
      state.isRunning = !state.waiting.isEmpty
      return state.isRunning
    }
    if isMore { executor.submit { self.run() } }
    for (item, answer) in zip(batch, answers) { item.continuation.resume(returning: answer) }
  }

  private static func batchCount(_ waiting: [Item]) -> Int {
    var bytes = 0
    for (index, item) in waiting.enumerated() {
      bytes += item.content.count
      if index > 0, index == batchItems || bytes > batchBytes { return index }
    }
    return waiting.count
  }

  private func write(_ batch: [Item], to pack: inout Pack?) -> [Answer] {
    do throws(FileError) {
      if pack == nil { pack = try begin() }
      guard var current = pack else { preconditionFailure("a pack was just begun") }
      var bytes: [UInt8] = []
      bytes.reserveCapacity(batch.reduce(0) { $0 + $1.content.count + PackFormat.headBytes })
      let answers = batch.map { item in
        bytes += PackFormat.head(length: item.content.count, digest: item.digest)
        defer { bytes += item.content }
        return Answer.success(
          Extent(
            pack: current.id, offset: current.size + Int64(bytes.count), length: Int64(item.content.count)))
      }
      try write(bytes, to: current)
      if isSynced { try current.file.sync() }
      current.size += Int64(bytes.count)
      pack = current
      if current.size >= Self.packBytes {
        pack = nil
        seal(current)
      }
      return answers
    } catch {
      // `full` from a write that was cut off again has touched nothing that counts.
      if let left = pack, error.kind != .full || error.call == "fdatasync" {
        abandon(left)
        pack = nil
      }
      return batch.map { _ in .failure(BlobError(error)) }
    }
  }

  private func write(_ bytes: [UInt8], to pack: Pack) throws(FileError) {
    do throws(FileError) {
      try pack.file.write([bytes], at: pack.size)
    } catch {
      try pack.file.truncate(to: pack.size)
      throw error
    }
  }

  /// A pack whose last bytes are in doubt takes no more; one without content goes, so that failing does not pile up.
  private func abandon(_ pack: Pack) {
    guard pack.size == Int64(PackFormat.firstLine.count) else { return seal(pack) }
    pack.file.close()
    do throws(FileError) { try files.remove(layout.pack(pack.id)) } catch {}
  }

  private func begin() throws(FileError) -> Pack {
    let id = newID()
    // Before there is a file of it: who lists the files then never takes it for a sealed one.
    state.withLock { _ = $0.unsealed.insert(id) }
    let file = try files.open(layout.pack(id), .create)
    do throws(FileError) {
      try file.write([PackFormat.firstLine], at: 0)
      if isSynced {
        try file.sync()
        try files.syncFolder(layout.packs)
      }
    } catch {
      file.close()
      do throws(FileError) { try files.remove(layout.pack(id)) } catch {}
      throw error
    }
    return Pack(id: id, file: file, size: Int64(PackFormat.firstLine.count))
  }

  /// The mode only tells people; the next start sets it again where this fails.
  private func seal(_ pack: Pack) {
    do throws(FileError) { try pack.file.setPermissions(0o444) } catch {}
    pack.file.close()
    state.withLock { _ = $0.unsealed.remove(pack.id) }
  }
}
