import HTTPEdge
import NIOCore
import NIOEmbedded
import NIOHTTP2
import Testing

/// Counts what gets past.
private final class ReadCounter: ChannelOutboundHandler {
  typealias OutboundIn = IOData
  var count = 0
  func read(context: ChannelHandlerContext) {
    count += 1
    context.read()
  }
}

/// A stream's handler that asks for more only when it is told to.
private final class Stopper: ChannelDuplexHandler {
  typealias InboundIn = HTTP2Frame.FramePayload
  typealias OutboundIn = HTTP2Frame.FramePayload
  var isStopped = true
  var byteCount = 0
  private var context: ChannelHandlerContext?

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }
  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if case .data(let data) = unwrapInboundIn(data) { byteCount += data.data.readableBytes }
  }

  // The first is the one that brings the head.
  func read(context: ChannelHandlerContext) { if !isStopped || byteCount == 0 { context.read() } }

  func goOn() {
    isStopped = false
    context?.read()
  }
}

@Suite struct HTTP2BackPressureTests {
  private static let window = 1 << 20
  private static let limit = 256 << 10

  /// A server whose streams stop after their first data, and what its client has to say first.
  private func server(_ stoppers: NIOLoopBoundBox<[Stopper]>, _ reads: ReadCounter, _ loop: EmbeddedEventLoop)
    throws -> EmbeddedChannel
  {
    let gate = HTTP2SocketGate(waitingBytes: Self.limit)
    let bound = NIOLoopBound(gate, eventLoop: loop)
    var connection = NIOHTTP2Handler.ConnectionConfiguration()
    connection.initialSettings = [HTTP2Setting(parameter: .initialWindowSize, value: Self.window)]
    connection.targetWindowSize = 4 * Self.window
    var stream = NIOHTTP2Handler.StreamConfiguration()
    stream.targetWindowSize = Self.window
    let channel = EmbeddedChannel(loop: loop)
    try channel.pipeline.syncOperations.addHandlers([
      reads, gate,
      NIOHTTP2Handler(
        mode: .server, eventLoop: loop, connectionConfiguration: connection, streamConfiguration: stream
      ) { stream in
        stream.eventLoop.makeCompletedFuture {
          let stopper = Stopper()
          stoppers.value.append(stopper)
          try stream.pipeline.syncOperations.addHandlers([HTTP2StreamEdge(bound.value), stopper])
        }
      },
    ])
    try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    try channel.writeInbound(ByteBuffer(string: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
    try channel.writeInbound(Self.frame(type: 4, stream: 0, []))
    try channel.writeInbound(Self.frame(type: 4, flags: 1, stream: 0, []))
    return channel
  }

  private static func frame(type: UInt8, flags: UInt8 = 0, stream: UInt32, _ payload: [UInt8]) -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.writeBytes([
      UInt8(payload.count >> 16 & 0xff), UInt8(payload.count >> 8 & 0xff), UInt8(payload.count & 0xff), type,
      flags,
    ])
    buffer.writeInteger(stream)
    buffer.writeBytes(payload)
    return buffer
  }

  /// `POST http / localhost`, by indexes of the static table.
  private static func head(stream: UInt32) -> ByteBuffer {
    frame(
      type: 1, flags: 4, stream: stream,
      [0x83, 0x86, 0x84, 0x41, 0x09] + Array("localhost".utf8))
  }

  /// The streams that were given more window.
  private func updates(_ channel: EmbeddedChannel) throws -> [UInt32] {
    var output = ByteBuffer()
    while let part = try channel.readOutbound(as: IOData.self) {
      if case .byteBuffer(var buffer) = part { output.writeBuffer(&buffer) }
    }
    var streams: [UInt32] = []
    while let head = output.readBytes(length: 5), let stream = output.readInteger(as: UInt32.self) {
      _ = output.readBytes(length: Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2]))
      if head[3] == 8 { streams.append(stream) }
    }
    return streams
  }

  @Test(
    "A.10 a stream that takes nothing gets no WINDOW_UPDATE; the socket rests, and goes on with the stream")
  func stops() throws {
    let loop = EmbeddedEventLoop()
    let stoppers = NIOLoopBoundBox([Stopper](), eventLoop: loop)
    let reads = ReadCounter()
    let channel = try server(stoppers, reads, loop)
    for stream in [UInt32(1), 3] {
      try channel.writeInbound(Self.head(stream: stream))
      try channel.writeInbound(Self.frame(type: 0, stream: stream, [UInt8](repeating: 1, count: 1000)))
    }
    _ = try updates(channel)
    let piece = [UInt8](repeating: 2, count: 16 << 10)
    var sent = 0
    channel.read()
    while sent < 40 {
      let before = reads.count
      channel.read()
      guard reads.count > before else { break }
      try channel.writeInbound(Self.frame(type: 0, stream: sent % 2 == 0 ? 1 : 3, piece))
      sent += 1
    }
    #expect(sent > 10 && sent <= Self.limit / piece.count + 1, "\(sent)")
    #expect(try !updates(channel).contains { $0 != 0 })
    #expect(stoppers.value.map(\.byteCount) == [1000, 1000])
    let before = reads.count
    for stopper in stoppers.value { stopper.goOn() }
    #expect(reads.count > before)
    #expect(stoppers.value.map(\.byteCount).reduce(0, +) == 2000 + sent * piece.count)
    _ = try? channel.finish(acceptAlreadyClosed: true)
  }
}
