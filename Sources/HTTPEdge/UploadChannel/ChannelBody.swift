import NIOCore
import Platform
import Uploads

extension ByteBuffer: ByteChunk {
  package var count: Int { readableBytes }
  package func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    try withUnsafeReadableBytes(body)
  }
}

/// A request's content on its way from the event loop to the engine, with a bound on what waits in between.
final class ChannelBody: UploadBody {
  /// Bytes that may wait; beyond them the socket is not read, so that a slow disk slows its client.
  static let highWaterBytes = 512 << 10

  private enum End { case clean, interrupted }
  private struct State {
    var chunks: [ByteBuffer] = []
    var waitingBytes = 0
    var end: End?
    var consumer: CheckedContinuation<[ByteBuffer]?, any Error>?
    var isAsked = false
    var isPaused = false
  }
  private let state = Locked(State())
  /// Called when the engine first asks for content: now the client may be told to send it.
  private let onFirstDemand: @Sendable () -> Void
  /// Called when the socket may be read again.
  private let onDrained: @Sendable () -> Void

  init(onFirstDemand: @escaping @Sendable () -> Void, onDrained: @escaping @Sendable () -> Void) {
    self.onFirstDemand = onFirstDemand
    self.onDrained = onDrained
  }

  // MARK: the engine's side

  func next() async throws(BodyInterrupted) -> [any ByteChunk]? {
    let isFirst = state.withLock { state in
      defer { state.isAsked = true }
      return !state.isAsked
    }
    if isFirst { onFirstDemand() }
    do {
      let chunks = try await withCheckedThrowingContinuation { continuation in
        let (result, drained) = state.withLock { state -> (Result<[ByteBuffer]?, any Error>?, Bool) in
          if !state.chunks.isEmpty {
            defer {
              state.chunks = []
              state.waitingBytes = 0
            }
            return (.success(state.chunks), state.isPaused)
          }
          if state.end == .interrupted { return (.failure(BodyInterrupted()), false) }
          if state.end == .clean { return (.success(nil), false) }
          precondition(state.consumer == nil, "a body has one reader")
          state.consumer = continuation
          return (nil, false)
        }
        if drained { resume() }
        if let result { continuation.resume(with: result) }
      }
      return chunks
    } catch {
      throw BodyInterrupted()
    }
  }

  func interrupt() { end(.interrupted) }

  // MARK: the event loop's side

  /// True when the socket must not be read before `onDrained`.
  func push(_ buffer: ByteBuffer) -> Bool {
    let (consumer, isPaused) = state.withLock {
      state -> (CheckedContinuation<[ByteBuffer]?, any Error>?, Bool) in
      if state.end != nil { return (nil, false) }
      if let consumer = state.consumer {
        state.consumer = nil
        return (consumer, false)
      }
      state.chunks.append(buffer)
      state.waitingBytes += buffer.readableBytes
      if state.waitingBytes >= Self.highWaterBytes { state.isPaused = true }
      return (nil, state.isPaused)
    }
    consumer?.resume(returning: [buffer])
    return isPaused
  }

  func finish() { end(.clean) }

  /// The answer is out: nobody will ask for what waits.
  func discard() {
    end(.interrupted)
    state.withLock { state in
      state.chunks = []
      state.waitingBytes = 0
    }
  }

  /// True once the engine has asked for content.
  var isAsked: Bool { state.withLock { $0.isAsked } }

  private func end(_ end: End) {
    let consumer = state.withLock { state -> CheckedContinuation<[ByteBuffer]?, any Error>? in
      guard state.end == nil else { return nil }
      state.end = end
      defer { state.consumer = nil }
      return state.consumer
    }
    switch end {
    case .clean: consumer?.resume(returning: nil)
    case .interrupted: consumer?.resume(throwing: BodyInterrupted())
    }
  }

  private func resume() {
    state.withLock { $0.isPaused = false }
    onDrained()
  }
}
