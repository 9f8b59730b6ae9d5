import Platform
import UploadProtocol
import Uploads
import Vocabulary

/// What an event says of the content of the item it belongs to.
enum ItemContent {
  case bytes(ArraySlice<UInt8>)
  case end
}

/// An event of a parser of items.
protocol ItemEvent: Sendable {
  /// nil for an event that is no content.
  var content: ItemContent? { get }
}

extension ArchiveEvent: ItemEvent {
  var content: ItemContent? {
    switch self {
    case .content(let bytes): .bytes(bytes)
    case .endOfFile: .end
    case .file, .refused: nil
    }
  }
}

extension FormEvent: ItemEvent {
  var content: ItemContent? {
    switch self {
    case .content(let bytes): .bytes(bytes)
    case .endOfPart: .end
    case .part: nil
    }
  }
}

/// The events of a parser fed with a request's content, as they are asked for.
final class ItemStream<Event: ItemEvent>: @unchecked Sendable {
  // Sendable because one task at a time asks: the request's own, also while the engine takes an item's content.
  private let pieces: RequestPieces
  private var parser: any ItemParser<Event>
  private var input: ArraySlice<UInt8> = []
  private var hasEnded = false
  /// Why there is no more, said again to whoever asks again.
  private var failure: ProblemError?

  init(_ pieces: RequestPieces, _ parser: any ItemParser<Event>) {
    self.pieces = pieces
    self.parser = parser
  }

  /// The next event, nil at the end.
  ///
  /// - Throws: `ProblemError` with `bad-archive`, also when the request was broken off; `draining`; or `taken-over` when
  ///   the same request came again, or `isWoken` says so after a call of `wake`.
  func next(isWoken: () -> Bool = { false }) async throws(ProblemError) -> Event? {
    while true {
      if let failure { throw failure }
      if let event = try Self.next(&parser, &input) { return event }
      if hasEnded { return nil }
      switch await pieces.next() {
      case .bytes(let bytes): input = bytes[...]
      case .end:
        hasEnded = true
        try parser.finish()
      case .brokenOff: failure = ProblemError(.badArchive, detail: "the request was broken off")
      case .draining:
        failure = ProblemError(.draining, detail: "the server is shutting down and takes no more files")
      case .superseded:
        failure = ProblemError(.takenOver, detail: "the same request came again, and the newer one goes on")
      case .woken:
        if isWoken() { throw ProblemError(.takenOver, detail: "the upload was taken from this request") }
      }
    }
  }

  private static func next(
    _ parser: inout any ItemParser<Event>, _ input: inout ArraySlice<UInt8>
  ) throws(ProblemError) -> Event? {
    func open<Parser: ItemParser<Event>>(_ opened: Parser) throws(ProblemError) -> Event? {
      var opened = opened
      defer { parser = opened }
      return try opened.next(&input)
    }
    return try open(parser)
  }

  func wake() { pieces.wake() }

  /// Reads the rest of an item without keeping it.
  func skip() async throws(ProblemError) {
    while true {
      guard let event = try await next() else { return }
      if case .end? = event.content { return }
    }
  }
}

/// The content of one item, handed to the engine as it arrives.
final class ItemBody<Event: ItemEvent>: UploadBody {
  private struct State {
    var isInterrupted = false
    var isAtEnd = false
    var failure: ProblemError?
  }
  private let stream: ItemStream<Event>
  /// What was read already.
  private let head: [UInt8]
  private let state = Locked(State())

  init(_ stream: ItemStream<Event>, head: [UInt8] = []) {
    self.stream = stream
    self.head = head
  }

  func deliver(to sink: any UploadSink) async throws(BodyInterrupted) {
    if state.withLock({ $0.isInterrupted }) { throw BodyInterrupted() }
    if !head.isEmpty && !sink.take(head) { return }
    while true {
      let event: Event?
      do throws(ProblemError) {
        event = try await stream.next { state.withLock { $0.isInterrupted } }
      } catch {
        if error.problem == .takenOver { throw BodyInterrupted() }
        state.withLock { $0.failure = error }
        throw BodyInterrupted(error)
      }
      switch event?.content {
      case .bytes(let bytes): if !sink.take(ItemPiece(bytes: bytes)) { return }
      case .end:
        state.withLock { $0.isAtEnd = true }
        return
      case nil: preconditionFailure("an item ends before the next one begins")
      }
      if state.withLock({ $0.isInterrupted }) { throw BodyInterrupted() }
    }
  }

  func interrupt() {
    state.withLock { $0.isInterrupted = true }
    stream.wake()
  }

  /// Goes on to the end of the item, whatever the engine took of it.
  ///
  /// - Throws: why the stream ended in the middle.
  func leave() async throws(ProblemError) {
    let (isAtEnd, failure) = state.withLock { ($0.isAtEnd, $0.failure) }
    if let failure { throw failure }
    if !isAtEnd { try await stream.skip() }
  }
}

/// Content that is in memory as a whole.
final class WholeBody: UploadBody {
  private let bytes: [UInt8]
  let isFromClient: Bool

  init(_ bytes: [UInt8], isFromClient: Bool = true) {
    self.bytes = bytes
    self.isFromClient = isFromClient
  }

  func deliver(to sink: any UploadSink) async throws(BodyInterrupted) {
    if !bytes.isEmpty { _ = sink.take(bytes) }
  }
  func interrupt() {}
}

/// A piece of an item's content.
struct ItemPiece: ByteChunk {
  let bytes: ArraySlice<UInt8>
  var count: Int { bytes.count }
  func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    try bytes.withUnsafeBytes(body)
  }
}
