import Hummingbird
import NIOCore
import Platform

/// The content of a routed request, read only when somebody asks for more; whoever waits can be woken up.
final class RequestPieces: @unchecked Sendable {
  // Sendable because `iterator` is touched by the one running read only, and all else under the lock.
  enum Piece: Sendable {
    case bytes([UInt8])
    /// The clean end of the request.
    case end
    case brokenOff
    /// `wake` was called.
    case woken
    /// `drain` was called.
    case draining
    /// `supersede` was called.
    case superseded
  }
  private struct State {
    var read: Task<Void, Never>?
    var arrived: Piece?
    var waiter: CheckedContinuation<Piece, Never>?
    var isWoken = false
    /// Why nobody waits for more.
    var ending: Piece?
  }
  private let executor: LoopExecutor
  private var iterator: RequestBody.AsyncIterator
  private let state = Locked(State())

  private init(_ body: RequestBody, executor: LoopExecutor) {
    self.executor = executor
    iterator = body.makeAsyncIterator()
  }

  /// Runs `work` on the connection's event loop with the request's content; no read outlives it.
  static func of<Result: Sendable>(
    _ request: Request, on loop: any EventLoop, _ receptions: Receptions,
    _ work: @escaping @Sendable (RequestPieces) async throws -> Result
  ) async throws -> Result {
    let executor = LoopExecutor(loop)
    return try await withTaskExecutorPreference(executor) {
      let pieces = RequestPieces(request.body, executor: executor)
      receptions.add(pieces)
      defer { receptions.remove(pieces) }
      do {
        let result = try await work(pieces)
        await pieces.close()
        return result
      } catch {
        await pieces.close()
        throw error
      }
    }
  }

  /// The next piece; one caller at a time. After `end` and `brokenOff` it is not to be called again.
  func next() async -> Piece {
    await withCheckedContinuation { continuation in
      let piece: Piece? = state.withLock { state in
        if state.isWoken {
          state.isWoken = false
          return .woken
        }
        if let ending = state.ending { return ending }
        if let arrived = state.arrived {
          state.arrived = nil
          return arrived
        }
        state.waiter = continuation
        if state.read == nil { state.read = Task(executorPreference: executor) { await self.read() } }
        return nil
      }
      if let piece { continuation.resume(returning: piece) }
    }
  }

  /// Makes the running or the next `next` return `woken`.
  func wake() {
    let waiter = state.withLock { state in
      defer { state.waiter = nil }
      if state.waiter == nil { state.isWoken = true }
      return state.waiter
    }
    waiter?.resume(returning: .woken)
  }

  /// Makes the running `next`, or every later one, return `draining`.
  func drain() { end(.draining) }

  /// Makes the running `next`, or every later one, return `superseded`.
  func supersede() { end(.superseded) }

  private func end(_ ending: Piece) {
    let waiter = state.withLock { state in
      state.ending = ending
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume(returning: ending)
  }

  private func read() async {
    let piece: Piece
    do {
      if let buffer = try await iterator.next() {
        piece = .bytes(Array(buffer.readableBytesView))
      } else {
        piece = .end
      }
    } catch { piece = .brokenOff }
    let waiter = state.withLock { state in
      state.read = nil
      defer { state.waiter = nil }
      if state.waiter == nil { state.arrived = piece }
      return state.waiter
    }
    waiter?.resume(returning: piece)
  }

  /// The server reads what is left of the request; two readers at once it does not bear.
  private func close() async {
    guard let read = state.withLock({ $0.read }) else { return }
    read.cancel()
    await read.value
  }
}
