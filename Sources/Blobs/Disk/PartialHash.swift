import Platform
import Vocabulary

/// The running SHA-256 of a partial file. It follows the writes from the page cache on threads of its own, never in
/// front of an acknowledgement, and its saved state covers only bytes that were synced.
final class PartialHash: Sendable {
  /// It starts to follow when it is this far behind.
  private static let followBytes: Int64 = 1 << 20
  private static let readBytes = 256 << 10
  /// Reads before others that wait for a thread get their turn.
  private static let turnSteps = 4

  private struct Waiter {
    let size: Int64
    let continuation: CheckedContinuation<Result<Digest, BlobError>, Never>
  }
  private struct State {
    var stream: SHA256Stream
    /// The stream as it was at the last sync: what is saved, and where a cut-off chunk goes back to.
    var saved: SHA256Stream
    /// Bytes from here on may still be cut off and written anew.
    var limit: Int64
    /// Changes when the stream goes back, so that a hash of bytes cut off meanwhile is thrown away.
    var generation = 0
    var isRunning = false
    var isStopped = false
    var waiters: [Waiter] = []
  }
  private let file: any OpenFile
  private let executor: any IOExecutor
  private let state: Locked<State>

  init(file: any OpenFile, size: Int64, savedState: [UInt8]?, executor: any IOExecutor) {
    self.file = file
    self.executor = executor
    var stream = savedState.flatMap(SHA256Stream.init(savedState:)) ?? SHA256Stream()
    if stream.byteCount > size { stream = SHA256Stream() }
    state = Locked(State(stream: stream, saved: stream, limit: size))
  }

  var saved: (state: [UInt8], byteCount: Int64) {
    state.withLock { ($0.saved.savedState, $0.saved.byteCount) }
  }

  /// The stream now, if it covers no more than `size`.
  func snapshot(upTo size: Int64) -> SHA256Stream? {
    state.withLock { $0.stream.byteCount <= size ? $0.stream : nil }
  }

  /// `snapshot` is durable now.
  func save(_ snapshot: SHA256Stream?) {
    guard let snapshot else { return }
    state.withLock { state in
      if snapshot.byteCount > state.saved.byteCount, snapshot.byteCount <= state.stream.byteCount {
        state.saved = snapshot
      }
    }
  }

  /// Bytes below `size` stay.
  func allow(upTo size: Int64) {
    let mustStart = state.withLock { state in
      state.limit = max(state.limit, size)
      guard !state.isRunning, !state.isStopped, state.limit - state.stream.byteCount >= Self.followBytes
      else {
        return false
      }
      state.isRunning = true
      return true
    }
    if mustStart { executor.submit { self.run() } }
  }

  /// Bytes from `size` on go.
  func goBack(to size: Int64) {
    state.withLock { state in
      state.generation += 1
      state.limit = min(state.limit, size)
      if state.saved.byteCount > size { state.saved = SHA256Stream() }
      if state.stream.byteCount > size { state.stream = state.saved }
    }
  }

  /// No need to follow any longer; who waits for a digest still gets it.
  func stop() { state.withLock { $0.isStopped = true } }

  /// The SHA-256 of the first `size` bytes, which are all there are.
  func digest(of size: Int64) async throws(BlobError) -> Digest {
    let answer = await withCheckedContinuation { continuation in
      let (ready, mustStart) = state.withLock { state -> (Digest?, Bool) in
        if state.stream.byteCount == size { return (state.stream.digest(), false) }
        state.limit = max(state.limit, size)
        state.waiters.append(Waiter(size: size, continuation: continuation))
        defer { state.isRunning = true }
        return (nil, !state.isRunning)
      }
      if let ready { continuation.resume(returning: .success(ready)) }
      if mustStart { executor.submit { self.run() } }
    }
    return try answer.get()
  }

  private struct Step {
    var stream: SHA256Stream
    var count: Int
    var generation: Int
  }

  /// Hashes until nothing is left; call on the executor, one at a time.
  private func run() {
    var left = Self.turnSteps
    while let step = nextStep() {
      if left == 0 { return executor.submit { self.run() } }
      left -= 1
      var stream = step.stream
      let answer: Result<Void, FileError>
      do throws(FileError) {
        let bytes = try file.readBytes(step.count, at: stream.byteCount)
        guard bytes.count == step.count else { throw Self.ended }
        stream.update(bytes)
        answer = .success(())
      } catch { answer = .failure(error) }
      for (waiter, digest) in finish(step, stream, answer) { waiter.continuation.resume(returning: digest) }
    }
  }

  private static let ended = FileError(
    kind: .notFound, call: "pread", path: "partial", code: 0, explanation: "file ended early")

  private func nextStep() -> Step? {
    state.withLock { state in
      let rest = state.limit - state.stream.byteCount
      guard rest > 0, !state.isStopped || !state.waiters.isEmpty else {
        state.isRunning = false
        return nil
      }
      return Step(
        stream: state.stream, count: Int(min(rest, Int64(Self.readBytes))), generation: state.generation)
    }
  }

  /// Takes the step's result over and returns those who have waited for it.
  private func finish(
    _ step: Step, _ stream: SHA256Stream, _ answer: Result<Void, FileError>
  ) -> [(Waiter, Result<Digest, BlobError>)] {
    state.withLock { state in
      guard state.generation == step.generation else { return [] }
      switch answer {
      case .failure(let error):
        // It stops here; the next write or the next who wants the digest lets it try again.
        state.limit = state.stream.byteCount
        defer { state.waiters = [] }
        return state.waiters.map { ($0, .failure(BlobError(error))) }
      case .success:
        state.stream = stream
        let ready = state.waiters.filter { $0.size == stream.byteCount }
        state.waiters.removeAll { $0.size == stream.byteCount }
        return ready.map { ($0, .success(stream.digest())) }
      }
    }
  }
}
