import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1

/// Answers whatever a connection wants with one problem, and ends it.
final class RefusedConnectionHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = HTTPServerResponsePart

  /// How long what the client sends is thrown away, so that it gets to read the answer before the connection breaks.
  private static let lingerSeconds: Int64 = 2

  private let reply: UploadReply?

  /// Without a reply the connection just ends.
  init(_ reply: UploadReply?) { self.reply = reply }

  func channelActive(context: ChannelHandlerContext) {
    guard let reply else { return context.close(promise: nil) }
    context.write(wrapOutboundOut(.head(HTTPResponseHead(reply.head))), promise: nil)
    context.write(
      wrapOutboundOut(.body(.byteBuffer(context.channel.allocator.buffer(bytes: reply.body)))), promise: nil)
    let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
    context.writeAndFlush(wrapOutboundOut(.end(nil))).assumeIsolated().whenComplete { _ in
      context.close(mode: .output, promise: nil)
    }
    _ = context.eventLoop.scheduleTask(in: .seconds(Self.lingerSeconds)) { bound.value.close(promise: nil) }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event as? ChannelEvent == .inputClosed || event is ChannelShouldQuiesceEvent {
      context.close(promise: nil)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
