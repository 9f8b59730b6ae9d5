import NIOCore
import NIOHTTP2

/// Bounds what waits in memory for the streams of one connection.
///
/// The library withholds WINDOW_UPDATE of a stream that takes nothing, but gives the connection's window back as data
/// arrive, so that many streams could each fill their window. While any stream takes nothing, `waitingBytes` more are
/// read of the socket; then it rests until all take again.
package final class HTTP2SocketGate: ChannelDuplexHandler {
  package typealias InboundIn = ByteBuffer
  package typealias InboundOut = ByteBuffer
  package typealias OutboundIn = IOData
  package typealias OutboundOut = IOData

  private let waitingBytes: Int
  private var rest: Int
  private var idleStreams = 0
  private var wantsRead = false
  private var context: ChannelHandlerContext?

  package init(waitingBytes: Int) {
    self.waitingBytes = waitingBytes
    rest = waitingBytes
  }

  package func handlerAdded(context: ChannelHandlerContext) { self.context = context }
  package func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if idleStreams > 0 { rest -= unwrapInboundIn(data).readableBytes }
    context.fireChannelRead(data)
  }

  package func read(context: ChannelHandlerContext) {
    if idleStreams > 0 && rest <= 0 { wantsRead = true } else { context.read() }
  }

  package func streamStopped() { idleStreams += 1 }

  package func streamTakes() {
    idleStreams -= 1
    guard idleStreams == 0 else { return }
    rest = waitingBytes
    guard wantsRead else { return }
    wantsRead = false
    context?.read()
  }
}

/// The end of a stream's pipeline that is next to the connection: says whether the stream takes data, and resets it.
package final class HTTP2StreamEdge: ChannelDuplexHandler {
  package typealias InboundIn = HTTP2Frame.FramePayload
  package typealias InboundOut = HTTP2Frame.FramePayload
  package typealias OutboundIn = HTTP2Frame.FramePayload
  package typealias OutboundOut = HTTP2Frame.FramePayload

  private let gate: HTTP2SocketGate
  private var hasEnded = false
  private var isStopped = false

  package init(_ gate: HTTP2SocketGate) { self.gate = gate }

  package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .data(let data) where data.endStream: hasEnded = true
    case .headers(let headers) where headers.endStream: hasEnded = true
    default: break
    }
    context.fireChannelRead(data)
  }

  package func channelReadComplete(context: ChannelHandlerContext) {
    if !hasEnded && !isStopped {
      isStopped = true
      gate.streamStopped()
    }
    // Whoever takes more asks for it in here.
    context.fireChannelReadComplete()
  }

  package func read(context: ChannelHandlerContext) {
    takes()
    context.read()
  }

  package func channelInactive(context: ChannelHandlerContext) {
    hasEnded = true
    takes()
    context.fireChannelInactive()
  }

  package func triggerUserOutboundEvent(
    context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?
  ) {
    guard let reset = event as? StreamReset else {
      return context.triggerUserOutboundEvent(event, promise: promise)
    }
    context.writeAndFlush(
      wrapOutboundOut(.rstStream(reset.code == .noError ? .noError : .cancel)), promise: promise)
  }

  private func takes() {
    guard isStopped else { return }
    isStopped = false
    gate.streamTakes()
  }
}
