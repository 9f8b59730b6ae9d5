import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Takes upload requests out of the stream of a connection, in front of the router; all others pass untouched.
///
/// One request at a time: an upload waits for the router's answers before it, and the router for the upload's. Parts
/// that arrive too early are held, and the socket is not read meanwhile, so what is held is bounded by one read.
final class UploadChannelHandler: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  /// How long the rest of a refused request is read and thrown away, so that the client gets to read the answer.
  static let lingerSeconds: Int64 = 5
  private static let keepAliveRestBytes: Int64 = 1 << 20
  private static let receiveBufferBytes = 256 << 10

  private let responder: UploadResponder
  private let idleTimeout: TimeAmount
  private var context: ChannelHandlerContext?
  private var exchange: UploadExchange?
  /// Router requests whose answer has not ended.
  private var routed = 0
  private var isRoutedBody = false
  /// A routed request of which more is to come: silence is then the client's.
  private var isRoutedBodyOpen = false
  private var held = CircularBuffer<HTTPRequestPart>()
  private var isReleasing = false
  private var wantsRead = false
  private var quiescing: Any?
  private var lastActivity = NIODeadline.now()
  private var idleCheck: Scheduled<Void>?

  init(responder: UploadResponder, idleTimeout: TimeAmount) {
    self.responder = responder
    self.idleTimeout = idleTimeout
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    let allocator = AdaptiveRecvByteBufferAllocator(
      minimum: 2048, initial: 16 << 10, maximum: Self.receiveBufferBytes)
    // Only test channels lack the options; they have no socket to size a buffer for.
    try? context.channel.syncOptions?.setOption(.recvAllocator, value: allocator)
    scheduleIdleCheck(context)
  }

  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  func channelInactive(context: ChannelHandlerContext) {
    idleCheck?.cancel()
    exchange?.body.interrupt()
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    exchange?.body.interrupt()
    if exchange != nil { context.close(promise: nil) } else { context.fireErrorCaught(error) }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if let event = event as? ChannelEvent, event == .inputClosed {
      if let exchange {
        // The answer can still be read: it goes out first, and then the connection ends.
        exchange.mustClose = true
        if !exchange.isRequestEnded {
          exchange.body.interrupt()
          if exchange.isReplied { context.close(promise: nil) }
        }
        return
      }
    }
    if event is ChannelShouldQuiesceEvent, exchange != nil {
      quiescing = event
      return
    }
    context.fireUserInboundEventTriggered(event)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    lastActivity = .now()
    let part = unwrapInboundIn(data)
    if !held.isEmpty || !process(part, context) { held.append(part) }
  }

  func read(context: ChannelHandlerContext) {
    if held.isEmpty && exchange?.isPaused != true { context.read() } else { wantsRead = true }
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    lastActivity = .now()
    let isEnd = if case .end = unwrapOutboundIn(data) { true } else { false }
    context.write(data, promise: promise)
    guard isEnd else { return }
    routed -= 1
    if !held.isEmpty {
      context.flush()
      release(context)
    }
  }

  /// False when the part has to wait.
  private func process(_ part: HTTPRequestPart, _ context: ChannelHandlerContext) -> Bool {
    switch part {
    case .head(let request):
      guard exchange == nil else { return false }
      if responder.takes(request) {
        guard routed == 0 else { return false }
        isRoutedBody = false
        begin(request, context)
      } else {
        routed += 1
        isRoutedBody = true
        isRoutedBodyOpen = true
        // Behind a request that is not answered yet it would be taken for that one's; the client sends without it.
        if routed == 1, request.headerFields[.expect]?.lowercased() == "100-continue" {
          sendContinue(context)
        }
        context.fireChannelRead(wrapInboundOut(part))
      }
    case .body(let buffer):
      if isRoutedBody {
        context.fireChannelRead(wrapInboundOut(part))
      } else if let exchange {
        exchange.restBytes -= Int64(buffer.readableBytes)
        if !exchange.isReplied { exchange.isPaused = exchange.body.push(buffer) }
      }
    case .end:
      if isRoutedBody {
        isRoutedBodyOpen = false
        context.fireChannelRead(wrapInboundOut(part))
      } else if let exchange {
        exchange.isRequestEnded = true
        exchange.body.finish()
        if exchange.isReplied { complete(context) }
      }
    }
    return true
  }

  private func release(_ context: ChannelHandlerContext) {
    guard !isReleasing else { return }
    isReleasing = true
    var released = false
    while let part = held.first, process(part, context) {
      held.removeFirst()
      released = true
    }
    isReleasing = false
    // Without this the router's end of the pipeline never learns that there is something to take.
    if released { context.fireChannelReadComplete() }
    resumeReading(context)
  }

  private func resumeReading(_ context: ChannelHandlerContext) {
    guard wantsRead, held.isEmpty, exchange?.isPaused != true else { return }
    wantsRead = false
    context.read()
  }

  private func sendContinue(_ context: ChannelHandlerContext) {
    context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
  }

  // MARK: an upload request

  private func begin(_ request: HTTPRequest, _ context: ChannelHandlerContext) {
    let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
    let loop = context.eventLoop
    let expectsContinue = request.headerFields[.expect]?.lowercased() == "100-continue"
    let body = ChannelBody(
      onFirstDemand: {
        guard expectsContinue else { return }
        loop.execute {
          let (handler, context) = bound.value
          if handler.exchange?.isReplied == false { handler.sendContinue(context) }
        }
      },
      onDrained: {
        loop.execute {
          let (handler, context) = bound.value
          handler.exchange?.isPaused = false
          handler.resumeReading(context)
        }
      })
    let exchange = UploadExchange(request, body: body)
    self.exchange = exchange
    let peer = context.remoteAddress
    let responder = responder
    Task {
      let reply = await responder.respond(to: request, body: body, peer: peer)
      loop.execute {
        let (handler, context) = bound.value
        handler.reply(reply, context)
      }
    }
  }

  private func reply(_ reply: UploadReply, _ context: ChannelHandlerContext) {
    guard let exchange, context.channel.isActive else { return }
    lastActivity = .now()
    var head = reply.head
    // A short rest is read to keep the connection; a long one is cheaper to send again elsewhere.
    let isLongRest =
      !exchange.isRequestEnded
      && (exchange.restBytes < 0 || exchange.restBytes > Self.keepAliveRestBytes || exchange.expectsContinue)
    if isLongRest || reply.mustClose { exchange.mustClose = true }
    if exchange.mustClose { head.headerFields[.connection] = "close" }
    exchange.isReplied = true
    exchange.isPaused = false
    exchange.body.discard()
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    if !reply.body.isEmpty {
      context.write(wrapOutboundOut(.body(ByteBuffer(bytes: reply.body))), promise: nil)
    }
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    if exchange.isRequestEnded {
      complete(context)
    } else {
      let bound = NIOLoopBound(
        (handler: self, context: context, exchange: exchange), eventLoop: context.eventLoop)
      _ = context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(Self.lingerSeconds)) {
        let (handler, context, exchange) = bound.value
        if handler.exchange === exchange { context.close(promise: nil) }
      }
      resumeReading(context)
    }
  }

  private func complete(_ context: ChannelHandlerContext) {
    guard let exchange else { return }
    self.exchange = nil
    if exchange.mustClose {
      context.close(promise: nil)
      return
    }
    if let event = quiescing {
      quiescing = nil
      context.fireUserInboundEventTriggered(event)
      return
    }
    release(context)
  }

  // MARK: silence

  /// Closes a connection on which nothing has moved for the idle time, unless an answer is being worked out.
  private func scheduleIdleCheck(_ context: ChannelHandlerContext) {
    let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
    idleCheck = context.eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(idleTimeout.nanoseconds / 2))
    {
      let (handler, context) = bound.value
      let isSilent = NIODeadline.now() - handler.lastActivity >= handler.idleTimeout
      let isWorking =
        (handler.routed > 0 && !handler.isRoutedBodyOpen) || handler.exchange?.isWorking == true
      if isSilent && !isWorking {
        handler.exchange?.body.interrupt()
        context.close(promise: nil)
      } else {
        handler.scheduleIdleCheck(context)
      }
    }
  }
}

/// One upload request and its answer, touched on the event loop only.
final class UploadExchange {
  let body: ChannelBody
  let expectsContinue: Bool
  /// Bytes of the body that have not arrived; negative when the client gave no Content-Length.
  var restBytes: Int64
  var isRequestEnded = false
  var isReplied = false
  var isPaused = false
  var mustClose: Bool

  init(_ request: HTTPRequest, body: ChannelBody) {
    self.body = body
    expectsContinue = request.headerFields[.expect]?.lowercased() == "100-continue"
    restBytes = Self.declaredBytes(of: request)
    mustClose = request.headerFields[.connection]?.lowercased().contains("close") ?? false
  }

  /// Bytes of body the head announces; negative when it does not say how many.
  static func declaredBytes(of request: HTTPRequest) -> Int64 {
    if request.headerFields[.transferEncoding] != nil { return -1 }
    return request.headerFields[.contentLength].flatMap { Int64($0) } ?? 0
  }

  /// The whole request is here, or waits for the storage: silence is ours, not the client's.
  var isWorking: Bool { !isReplied && (isRequestEnded || isPaused || !body.isAsked) }
}
