import Blobs
import Platform
import Vocabulary

/// Stores content at the end of a partial file while it arrives, as far as the upload machine lets it.
final class AppendSink: UploadSink {
  private struct State {
    var machine: UploadMachine
    var isOverflow = false
    var failure: BlobError?
  }
  private let partial: any PartialBlob
  private let checksum: ChecksumStream?
  private let isStaged: Bool
  private let advance: @Sendable (Int64) -> Void
  private let state: Locked<State>

  /// `advance` is told the offset after every piece.
  init(
    _ machine: UploadMachine, partial: any PartialBlob, checksum: ChecksumStream?, isStaged: Bool,
    advance: @escaping @Sendable (Int64) -> Void
  ) {
    self.partial = partial
    self.checksum = checksum
    self.isStaged = isStaged
    self.advance = advance
    state = Locked(State(machine: machine))
  }

  /// The machine after what was stored, and how the sink ended by itself.
  var result: (machine: UploadMachine, isOverflow: Bool, failure: BlobError?) {
    state.withLock { ($0.machine, $0.isOverflow, $0.failure) }
  }

  func take(_ chunk: any ByteChunk) -> Bool {
    let isStored = state.withLock { state in
      guard state.failure == nil, !state.isOverflow else { return false }
      state.isOverflow = state.machine.store(byteCount: chunk.count) == .overflow
      return !state.isOverflow
    }
    guard isStored else { return false }
    do throws(BlobError) {
      try partial.append(chunk, isStaged: isStaged)
    } catch {
      state.withLock { $0.failure = error }
      return false
    }
    checksum?.update(chunk)
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
