import Blobs
import Platform
import Vocabulary

/// Stores content at the end of a partial file while it arrives, as far as the upload machine lets it.
final class AppendSink: UploadSink {
  /// Why it takes no more, other than a failure.
  enum Stop { case overflow, noRoom, closed }
  private struct State {
    var machine: UploadMachine
    var stop: Stop?
    var failure: BlobError?
  }
  private let partial: any PartialBlob
  private let checksums: [ChecksumStream]
  private let isStaged: Bool
  private let headroom: DiskHeadroom
  private let advance: @Sendable (Int64) -> Void
  private let state: Locked<State>

  /// `advance` is told the offset after every piece.
  init(
    _ machine: UploadMachine, partial: any PartialBlob, checksums: [ChecksumStream], isStaged: Bool,
    headroom: DiskHeadroom, advance: @escaping @Sendable (Int64) -> Void
  ) {
    self.partial = partial
    self.checksums = checksums
    self.isStaged = isStaged
    self.headroom = headroom
    self.advance = advance
    state = Locked(State(machine: machine))
  }

  /// Takes no more from now on: whoever owned the upload may have lost it already when late content comes.
  ///
  /// The machine after what was stored, and how the sink ended by itself.
  func close() -> (machine: UploadMachine, stop: Stop?, failure: BlobError?) {
    state.withLock { state in
      defer { if state.stop == nil { state.stop = .closed } }
      return (state.machine, state.stop, state.failure)
    }
  }

  /// True when the next bytes may be stored.
  private func admit(_ count: Int) -> Bool {
    let isRoom = headroom.take(count)
    return state.withLock { state in
      guard state.failure == nil, state.stop == nil else { return false }
      if !isRoom {
        state.stop = .noRoom
      } else if state.machine.store(byteCount: count) == .overflow {
        state.stop = .overflow
      }
      return state.stop == nil
    }
  }

  /// Stored bytes go from file to file, and are shared where the file system can.
  func take(contentsOf blob: any BlobReader) async throws(BlobError) -> Bool {
    precondition(checksums.isEmpty && !isStaged, "only content that comes has checksums")
    guard admit(Int(clamping: blob.size)) else { return false }
    do throws(BlobError) {
      try await partial.append(contentsOf: blob, isStopped: { false })
    } catch {
      state.withLock { $0.failure = error }
      return false
    }
    advance(partial.size)
    return true
  }

  func take(_ chunk: any ByteChunk) -> Bool {
    guard admit(chunk.count) else { return false }
    do throws(BlobError) {
      try partial.append(chunk, isStaged: isStaged)
    } catch {
      state.withLock { $0.failure = error }
      return false
    }
    for checksum in checksums { checksum.update(chunk) }
    advance(partial.size)
    return true
  }
}

/// Keeps small content in memory, up to the bytes it was made for.
final class SmallSink: UploadSink {
  private struct State {
    var bytes: [UInt8] = []
    var isOverflow = false
  }
  private let limit: Int
  private let state = Locked(State())

  init(limit: Int) { self.limit = limit }

  var result: (bytes: [UInt8], isOverflow: Bool) { state.withLock { ($0.bytes, $0.isOverflow) } }

  func take(_ chunk: any ByteChunk) -> Bool {
    state.withLock { state in
      if state.bytes.isEmpty { state.bytes.reserveCapacity(limit) }
      guard !state.isOverflow, chunk.count <= limit - state.bytes.count else {
        state.isOverflow = true
        return false
      }
      chunk.withUnsafeBytes { state.bytes.append(contentsOf: $0) }
      return true
    }
  }
}
