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
/// Before there is a sink, at most one read of the socket waits.
final class ChannelBody: UploadBody, @unchecked Sendable {
  // Sendable because everything but `loop` is touched on the loop only.
  private enum End { case clean, interrupted, refused }
  private let loop: any EventLoop
  private var waiting: [ByteBuffer] = []
  private var end: End?
  private var interruption: ProblemError?
  private var sink: (any UploadSink)?
  private var consumer: CheckedContinuation<Result<Void, BodyInterrupted>, Never>?
  /// Called when the engine first asks for content: now the client may be told to send it.
  private var onFirstDemand: (() -> Void)?
  /// Called when the socket may be read again.
  private var onDemand: (() -> Void)?

  init(_ loop: any EventLoop) { self.loop = loop }

  var parseTrailers: TrailerParser? {
    get { nil }
    set {}
  }
  typealias TrailerParser = @Sendable (HTTPFields) throws(ProblemError) -> Checksum?

  /// On the loop, before anything else.
  func prepare(onFirstDemand: @escaping () -> Void, onDemand: @escaping () -> Void) {
    self.onFirstDemand = onFirstDemand
    self.onDemand = onDemand
  }

  // MARK: the engine's side

  func deliver(to sink: any UploadSink) async throws(BodyInterrupted) {
    let result = await withCheckedContinuation { continuation in
      onLoop { self.start(sink, continuation) }
    }
    try result.get()
  }

  func interrupt() { onLoop { self.end(.interrupted) } }

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
    let arrived = waiting
    waiting = []
    for buffer in arrived where self.sink != nil {
      if !sink.take(buffer) { end = .refused }
      if end == .refused { break }
    }
    if end != nil { conclude() } else { onDemand?() }
  }

  // MARK: the event loop's side

  /// Interrupts for a reason that the client is to be told.
  func breakOff(_ problem: ProblemError) {
    if end == nil { interruption = problem }
    end(.interrupted)
  }

  /// True when the socket must not be read before `onDemand`.
  func push(_ buffer: ByteBuffer) -> Bool {
    if end != nil { return false }
    guard let sink else {
      waiting.append(buffer)
      return true
    }
    if !sink.take(buffer) { end(.refused) }
    return false
  }

  func finish() { end(.clean) }

  /// The answer is out: nobody will ask for what waits.
  func discard() {
    end(.interrupted)
    waiting = []
    onFirstDemand = nil
    onDemand = nil
  }

  /// True once the engine has asked for content.
  var isAsked: Bool { onFirstDemand == nil }
  /// True while the engine takes content.
  var isTaking: Bool { sink != nil }

  private func end(_ end: End) {
    // What has arrived is handed out before an end that came later.
    if self.end == nil { self.end = end }
    if sink != nil { conclude() }
  }

  private func conclude() {
    guard let end, let consumer else { return }
    sink = nil
    self.consumer = nil
    consumer.resume(returning: end == .interrupted ? .failure(BodyInterrupted(interruption)) : .success(()))
  }
}
