import HTTPEdge
import NIOCore
import NIOEmbedded
import NIOHTTP2
import Testing

/// What a stream's handler was given, in order.
private final class Given: ChannelInboundHandler {
  typealias InboundIn = HTTP2Frame.FramePayload
  enum Event: Equatable {
    case content([UInt8], isLast: Bool)
    case other
    case error
    case readComplete
  }
  var events: [Event] = []
  /// Keeps every content, as a handler does that still waits for the disk.
  var kept: [ByteBuffer] = []

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard case .data(let frame) = unwrapInboundIn(data), case .byteBuffer(let bytes) = frame.data else {
      return events.append(.other)
    }
    events.append(.content(Array(bytes.readableBytesView), isLast: frame.endStream))
    kept.append(bytes)
  }
  func channelReadComplete(context: ChannelHandlerContext) { events.append(.readComplete) }
  func errorCaught(context: ChannelHandlerContext, error: any Error) { events.append(.error) }
}

@Suite struct HTTP2ContentGatheringTests {
  private let given = Given()
  private let channel: EmbeddedChannel

  init() throws {
    channel = EmbeddedChannel()
    try channel.pipeline.syncOperations.addHandlers([HTTP2ContentGathering(.init()), given])
  }

  private func frame(_ bytes: [UInt8], isLast: Bool = false) -> HTTP2Frame.FramePayload {
    .data(.init(data: .byteBuffer(ByteBuffer(bytes: bytes)), endStream: isLast))
  }

  @Test func framesOfOneReadArriveAsOne() throws {
    for bytes in [[1, 2], [3], [4, 5, 6]] as [[UInt8]] { try channel.writeInbound(read: frame(bytes)) }
    #expect(given.events.isEmpty)
    channel.pipeline.fireChannelReadComplete()
    #expect(given.events == [.content([1, 2, 3, 4, 5, 6], isLast: false), .readComplete])
    _ = try channel.finish()
  }

  @Test func whatEndsTheStreamIsPassedOnAtOnceAndNotBeforeTheRest() throws {
    try channel.writeInbound(read: frame([1]))
    try channel.writeInbound(read: frame([2], isLast: true))
    #expect(given.events == [.content([1], isLast: false), .content([2], isLast: true)])
    _ = try channel.finish()
  }

  @Test(arguments: [false, true])
  func nothingOvertakesContent(isError: Bool) throws {
    struct Reset: Error {}
    try channel.writeInbound(read: frame([1]))
    try channel.writeInbound(read: frame([2]))
    if isError {
      channel.pipeline.fireErrorCaught(Reset())
    } else {
      try channel.writeInbound(read: .windowUpdate(windowSizeIncrement: 1))
    }
    #expect(given.events == [.content([1, 2], isLast: false), isError ? .error : .other])
    _ = try channel.finish()
  }

  @Test func contentOfAStreamThatEndsIsNotLost() throws {
    try channel.writeInbound(read: frame([1]))
    _ = try channel.finish()
    #expect(given.events == [.content([1], isLast: false)])
  }

  @Test func noMoreThanTheLimitIsPutTogetherAndLargeFramesAreNotCopied() throws {
    let limit = HTTP2ContentGathering.gatheredBytes
    let piece = 16 << 10
    for number in 0..<(limit / piece + 1) {
      try channel.writeInbound(read: frame(Array(repeating: UInt8(number), count: piece)))
    }
    #expect(given.events.count == 1)
    let large = ByteBuffer(repeating: 0xee, count: limit / 2)
    try channel.writeInbound(read: HTTP2Frame.FramePayload.data(.init(data: .byteBuffer(large))))
    #expect(given.kept.map(\.readableBytes) == [limit, piece, limit / 2])
    let isSameMemory = large.withUnsafeReadableBytes { one in
      given.kept[2].withUnsafeReadableBytes { $0.baseAddress == one.baseAddress }
    }
    #expect(isSameMemory)
    _ = try channel.finish()
  }

  @Test func noMoreThanSomeFramesArePutTogetherHoweverSmallTheyAre() throws {
    let limit = HTTP2ContentGathering.gatheredFrames
    for _ in 0...(2 * limit) { try channel.writeInbound(read: frame([1])) }
    channel.pipeline.fireChannelReadComplete()
    #expect(given.kept.map(\.readableBytes) == [limit, limit, 1])
    _ = try channel.finish()
  }

  /// The memory is shared by the streams of a loop: what one still holds, another must not write over.
  @Test func contentThatIsKeptStaysAsItWas() throws {
    let quarter = HTTP2ContentGathering.gatheredBytes / 4
    for value in [UInt8(1), 2, 3] {
      for _ in 0..<2 { try channel.writeInbound(read: frame(Array(repeating: value, count: quarter))) }
      channel.pipeline.fireChannelReadComplete()
    }
    #expect(given.kept.count == 3)
    for (value, bytes) in zip([UInt8(1), 2, 3], given.kept) {
      #expect(bytes.readableBytes == 2 * quarter && bytes.readableBytesView.allSatisfy { $0 == value })
    }
    _ = try channel.finish()
  }

  @Test func littleContentKeepsLittleMemory() throws {
    for bytes in [[1, 2], [3]] as [[UInt8]] { try channel.writeInbound(read: frame(bytes)) }
    channel.pipeline.fireChannelReadComplete()
    #expect((given.kept.first?.storageCapacity ?? .max) <= 1 << 10)
    _ = try channel.finish()
  }
}

extension EmbeddedChannel {
  /// A frame as it comes with a read that is not complete: `writeInbound` would complete it.
  fileprivate func writeInbound(read frame: HTTP2Frame.FramePayload) throws {
    pipeline.fireChannelRead(frame)
    try throwIfErrorCaught()
  }
}
