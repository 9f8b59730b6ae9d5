import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypesHTTP1
import Vocabulary

/// Takes upload requests out of what a connection or a stream of HTTP/2 carries, in front of the router; all others
/// pass untouched.
///
/// One request at a time: an upload waits for the router's answers before it, and the router for the upload's. Parts
/// that arrive too early are held, and the socket is not read meanwhile, so what is held is bounded by one read.
final class UploadChannelHandler: ChannelDuplexHandler, RemovableChannelHandler, SilentConnection {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPServerRequestPart
  typealias OutboundIn = HTTPServerResponsePart
  typealias OutboundOut = HTTPServerResponsePart

  /// How long the rest of a refused request is read and thrown away, so that the client gets to read the answer.
  static let lingerSeconds: Int64 = 5
  private static let keepAliveRestBytes: Int64 = 1 << 20
  /// One read can bring many small requests; a client that pipelines more than this is not waiting for its answers.
  private static let maximumHeldParts = 4096

  private let responder: UploadResponder
  private let resources: LoopResources
  let patience: Patience
  private let carrier: UploadCarrier
  private let attachRouter: (ChannelHandlerContext) throws -> Void
  var receiving: LentBufferAllocator.Choice { carrier.receiving }
  private(set) var context: ChannelHandlerContext?
  private(set) var exchange: UploadExchange?
  private var isRouterAttached = false
  /// Router requests whose answer has not ended.
  private(set) var routed = 0
  private var isRoutedBody = false
  /// A routed request of which more is to come: silence is then the client's.
  private(set) var isRoutedBodyOpen = false
  var routedRate: RateWatch
  private(set) var held: [HTTPServerRequestPart] = []
  private var isReleasing = false
  private var wantsRead = false
  private var quiescing: Any?
  private(set) var lastActivity = NIODeadline.now()

  /// `attachRouter` adds the router's part to the pipeline; called once, at the first request that is not an upload.
  init(
    responder: UploadResponder, resources: LoopResources, patience: Patience, carrier: UploadCarrier,
    attachRouter: @escaping (ChannelHandlerContext) throws -> Void
  ) {
    self.responder = responder
    self.resources = resources
    self.patience = patience
    self.carrier = carrier
    routedRate = patience.rateWatch
    self.attachRouter = attachRouter
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    resources.add(self)
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    resources.remove(self)
    self.context = nil
  }

  func channelInactive(context: ChannelHandlerContext) {
    resources.remove(self)
    exchange?.body.interrupt()
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if let exchange {
      exchange.body.interrupt()
      context.close(promise: nil)
    } else if routed > 0 {
      context.fireErrorCaught(error)
    } else {
      refuse(error, context)
    }
  }

  /// Answers what is no request at all, and ends the connection.
  private func refuse(_ error: any Error, _ context: ChannelHandlerContext) {
    guard let error = error as? HTTPParserError else { return context.close(promise: nil) }
    refuse(UploadResponder.problem(of: error), context)
  }

  func refuse(_ problem: ProblemError, _ context: ChannelHandlerContext) {
    if context.channel.isActive { write(responder.refusal(problem), context) }
    context.close(promise: nil)
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
    if isRouterAttached {
      context.fireUserInboundEventTriggered(event)
    } else if event is ChannelShouldQuiesceEvent || event as? ChannelEvent == .inputClosed {
      context.close(promise: nil)
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    lastActivity = .now()
    let part = unwrapInboundIn(data)
    if held.isEmpty && process(part, context) { return }
    held.append(part)
    if held.count > Self.maximumHeldParts { context.close(promise: nil) }
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
    awaitHead()
    if !held.isEmpty {
      context.flush()
      release(context)
    }
  }

  /// False when the part has to wait.
  private func process(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) -> Bool {
    switch part {
    case .head(var head):
      guard exchange == nil else { return false }
      receiving.head.requestBegan()
      if let problem = head.settle(isStream: carrier.isStream) {
        guard routed == 0 else { return false }
        refuse(problem, context)
        return true
      }
      if var request = responder.uploadRequest(head) {
        guard routed == 0 else { return false }
        isRoutedBody = false
        request.scheme = carrier.isSecure ? "https" : "http"
        begin(request, head.version, context)
      } else {
        guard attachRouterOnce(context) else { return true }
        routed += 1
        isRoutedBody = true
        isRoutedBodyOpen = true
        routedRate.begin(at: lastActivity.time)
        // Behind a request that is not answered yet it would be taken for that one's; the client sends without it.
        if routed == 1, head.version.knowsInterim,
          head.headers.first(name: "expect")?.lowercased() == "100-continue"
        {
          sendContinue(context)
        }
        context.fireChannelRead(wrapInboundOut(.head(head)))
      }
    case .body(let buffer):
      if isRoutedBody {
        routedRate.received(buffer.readableBytes)
        context.fireChannelRead(wrapInboundOut(part))
      } else if let exchange {
        exchange.rate.received(buffer.readableBytes)
        exchange.restBytes -= Int64(buffer.readableBytes)
        if !exchange.isReplied { exchange.isPaused = exchange.body.push(buffer) }
        receiving.isLarge = exchange.wantsLargeBuffer
        if !exchange.isPaused && carrier.ownsBuffers { resources.giveBack(buffer) }
      }
    case .end(let trailers):
      if isRoutedBody {
        isRoutedBodyOpen = false
        awaitHead()
        context.fireChannelRead(wrapInboundOut(part))
      } else if let exchange {
        exchange.isRequestEnded = true
        receiving.isLarge = false
        exchange.body.finish(trailers: trailers.map { HTTPFields($0, splitCookie: false) })
        if exchange.isReplied { complete(context) }
      }
    }
    return true
  }

  /// False when the connection cannot go on.
  private func attachRouterOnce(_ context: ChannelHandlerContext) -> Bool {
    if isRouterAttached { return true }
    do {
      try attachRouter(context)
      isRouterAttached = true
    } catch {
      context.close(promise: nil)
    }
    return isRouterAttached
  }

  private func release(_ context: ChannelHandlerContext) {
    guard !isReleasing, !held.isEmpty else { return resumeReading(context) }
    isReleasing = true
    var released = 0
    while released < held.count, process(held[released], context) { released += 1 }
    held.removeFirst(released)
    isReleasing = false
    // Without this the router's end of the pipeline never learns that there is something to take.
    if released > 0 { context.fireChannelReadComplete() }
    resumeReading(context)
  }

  private func resumeReading(_ context: ChannelHandlerContext) {
    guard wantsRead, held.isEmpty, exchange?.isPaused != true else { return }
    wantsRead = false
    context.read()
  }

  private func sendContinue(_ context: ChannelHandlerContext) {
    context.writeAndFlush(
      wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .continue))), promise: nil)
  }

  // MARK: an upload request

  private func begin(_ request: HTTPRequest, _ version: HTTPVersion, _ context: ChannelHandlerContext) {
    let body = ChannelBody(context.eventLoop)
    let exchange = UploadExchange(
      request, body: body, rate: patience.rateWatch, takesInterim: version.knowsInterim)
    self.exchange = exchange
    body.prepare(
      onFirstDemand: { [weak self, exchange] in
        // The time before, the client was waited for by nobody.
        self?.lastActivity = .now()
        exchange.rate.begin(at: NIODeadline.now().time)
        guard let context = self?.context, exchange.expectsContinue, !exchange.isReplied else { return }
        self?.sendContinue(context)
      },
      onDemand: { [weak self, exchange] in
        exchange.isPaused = false
        guard let self, let context = self.context else { return }
        receiving.isLarge = exchange.wantsLargeBuffer
        resumeReading(context)
      })
    let bound = NIOLoopBound(
      (handler: self, context: context, exchange: exchange), eventLoop: context.eventLoop)
    let loop = context.eventLoop
    let (peer, local) = (context.channel.remoteAddress, context.channel.localAddress)
    let responder = responder
    Task(executorPreference: resources.executor) {
      let reply = await responder.respond(to: request, body: body, peer: peer, local: local) { head in
        // In the order of the calls, and before the answer, which takes the same way.
        loop.execute {
          let (handler, context, exchange) = bound.value
          if handler.exchange === exchange { handler.interim(head, context) }
        }
      }
      loop.execute {
        let (handler, context, _) = bound.value
        handler.reply(reply, context)
      }
    }
  }

  /// 100 is not for the responder to say: it goes out when the engine asks for content.
  private func interim(_ head: HTTPResponse, _ context: ChannelHandlerContext) {
    guard let exchange, exchange.takesInterim, !exchange.isReplied, context.channel.isActive,
      head.status.kind == .informational, head.status != .continue, head.status != .switchingProtocols
    else { return }
    context.writeAndFlush(wrapOutboundOut(.head(HTTPResponseHead(head))), promise: nil)
  }

  private func reply(_ reply: UploadReply, _ context: ChannelHandlerContext) {
    guard let exchange else { return }
    guard context.channel.isActive else {
      // Lets go of what the body and the exchange know of each other.
      exchange.body.discard()
      self.exchange = nil
      return
    }
    lastActivity = .now()
    var reply = reply
    // A short rest is read to keep the connection; a long one is cheaper to send again elsewhere.
    let isLongRest =
      !exchange.isRequestEnded
      && (exchange.restBytes < 0 || exchange.restBytes > Self.keepAliveRestBytes || exchange.expectsContinue)
    if isLongRest || reply.mustClose { exchange.mustClose = true }
    if exchange.mustClose && !carrier.isStream { reply.head.headerFields[.connection] = "close" }
    exchange.isReplied = true
    exchange.isPaused = false
    exchange.body.discard()
    receiving.isLarge = false
    let isOut = context.eventLoop.makePromise(of: Void.self)
    write(reply, context, promise: isOut)
    if exchange.isRequestEnded { return complete(context) }
    let bound = NIOLoopBound(
      (handler: self, context: context, exchange: exchange), eventLoop: context.eventLoop)
    if carrier.isStream {
      isOut.futureResult.assumeIsolated().whenSuccess {
        let (handler, context, exchange) = bound.value
        guard handler.exchange === exchange else { return }
        // The answer is complete and nothing more is wanted: RFC 9113 section 8.1.
        context.triggerUserOutboundEvent(StreamReset(code: .noError), promise: nil)
      }
    } else {
      _ = context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(Self.lingerSeconds)) {
        let (handler, context, exchange) = bound.value
        if handler.exchange === exchange { context.close(promise: nil) }
      }
    }
    resumeReading(context)
  }

  private func write(
    _ reply: UploadReply, _ context: ChannelHandlerContext, promise: EventLoopPromise<Void>? = nil
  ) {
    context.write(wrapOutboundOut(.head(HTTPResponseHead(reply.head))), promise: nil)
    if !reply.body.isEmpty {
      context.write(
        wrapOutboundOut(.body(.byteBuffer(context.channel.allocator.buffer(bytes: reply.body)))), promise: nil
      )
    }
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: promise)
  }

  private func complete(_ context: ChannelHandlerContext) {
    guard let exchange else { return }
    self.exchange = nil
    // A stream ends by itself when both sides have ended.
    if exchange.mustClose && !carrier.isStream {
      context.close(promise: nil)
      return
    }
    if let event = quiescing {
      quiescing = nil
      userInboundEventTriggered(context: context, event: event)
      return
    }
    awaitHead()
    release(context)
  }
}
