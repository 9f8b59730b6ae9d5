import HTTPTypes
import NIOCore
import Platform
import Uploads
import Vocabulary

extension ByteBuffer: ByteChunk {
  package var count: Int { readableBytes }
  package func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    try withUnsafeReadableBytes(body)
  }
}

/// A request's content: goes from the socket to the engine's sink on the event loop, without a stop in between.
///
/// While there is no sink, at most one read of the socket waits. A sink that takes no more ends its `deliver`; what
/// follows waits for the next one.
package final class ChannelBody: UploadBody, @unchecked Sendable {
  // Sendable because everything but `loop` and `trailing` is touched on the loop only.
  package typealias TrailerParser = @Sendable (HTTPFields) throws(ProblemError) -> Checksum?
  private struct Trailing {
    var fields: HTTPFields?
    var parse: TrailerParser?
  }
  private enum End { case clean, interrupted }
  private let loop: any EventLoop
  private let trailing = Locked(Trailing())
  private var waiting: [ByteBuffer] = []
  private var end: End?
  private var interruption: ProblemError?
  private var sink: (any UploadSink)?
  private var consumer: CheckedContinuation<Result<Void, BodyInterrupted>, Never>?
  /// Called when the engine first asks for content: now the client may be told to send it.
  private var onFirstDemand: (() -> Void)?
  /// Called when the socket may be read again.
  private var onDemand: (() -> Void)?

  package init(_ loop: any EventLoop) { self.loop = loop }

  /// On the loop, before anything else.
  package func prepare(onFirstDemand: @escaping () -> Void, onDemand: @escaping () -> Void) {
    self.onFirstDemand = onFirstDemand
    self.onDemand = onDemand
  }

  // MARK: the engine's side

  package func deliver(to sink: any UploadSink) async throws(BodyInterrupted) {
    let result = await withCheckedContinuation { continuation in
      onLoop { self.start(sink, continuation) }
    }
    try result.get()
  }

  package func interrupt() { onLoop { self.end(.interrupted) } }

  /// The trailer section, once `deliver` has returned at a clean end that had one. May be read from any thread.
  package var trailers: HTTPFields? { trailing.withLock { $0.fields } }

  /// What `trailingChecksum` makes of the trailer section; none until it is set. May be set from any thread.
  package var parseTrailers: TrailerParser? {
    get { trailing.withLock { $0.parse } }
    set { trailing.withLock { $0.parse = newValue } }
  }

  package func trailingChecksum() throws(ProblemError) -> Checksum? {
    let trailing = trailing.withLock { $0 }
    // The parser knows whether a trailer was announced, so it is asked about an empty section too.
    return try trailing.parse?(trailing.fields ?? [:])
  }

  private func onLoop(_ work: @escaping @Sendable () -> Void) {
    if loop.inEventLoop { work() } else { loop.execute(work) }
  }

  private func start(
    _ sink: any UploadSink, _ continuation: CheckedContinuation<Result<Void, BodyInterrupted>, Never>
  ) {
    precondition(consumer == nil, "a body has one reader")
    onFirstDemand?()
    onFirstDemand = nil
    consumer = continuation
    self.sink = sink
    while self.sink != nil, !waiting.isEmpty { hand(waiting.removeFirst()) }
    guard self.sink != nil else { return }
    if end != nil { conclude(end) } else { onDemand?() }
  }

  // MARK: the event loop's side

  /// Interrupts for a reason that the client is to be told.
  package func breakOff(_ problem: ProblemError) {
    if end == nil { interruption = problem }
    end(.interrupted)
  }

  /// True when the socket must not be read before `onDemand`.
  package func push(_ buffer: ByteBuffer) -> Bool {
    if end != nil { return false }
    guard sink != nil else {
      waiting.append(buffer)
      return true
    }
    hand(buffer)
    return false
  }

  package func finish(trailers: HTTPFields? = nil) {
    if end == nil { trailing.withLock { $0.fields = trailers } }
    end(.clean)
  }

  /// The answer is out: nobody will ask for what waits.
  package func discard() {
    end(.interrupted)
    waiting = []
    onFirstDemand = nil
    onDemand = nil
  }

  /// True once the engine has asked for content.
  var isAsked: Bool { onFirstDemand == nil }
  /// True while the engine takes content.
  package var isTaking: Bool { sink != nil }

  private func hand(_ buffer: ByteBuffer) {
    guard let sink, !sink.take(buffer) else { return }
    conclude(nil)
  }

  private func end(_ end: End) {
    // What has arrived is handed out before an end that came later.
    if self.end == nil { self.end = end }
    if sink != nil { conclude(self.end) }
  }

  /// Without an end it was the sink that had enough.
  private func conclude(_ end: End?) {
    guard let consumer else { return }
    sink = nil
    self.consumer = nil
    consumer.resume(returning: end == .interrupted ? .failure(BodyInterrupted(interruption)) : .success(()))
  }
}
