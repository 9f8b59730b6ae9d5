import NIOCore
import NIOSSL
import NIOTLS

/// Finds out which protocol a new connection speaks: by ALPN when it is TLS, otherwise by its first bytes.
///
/// Until then it has the time of a request's head; a handshake counts too.
final class ConnectionStart: ChannelInboundHandler, RemovableChannelHandler, SilentConnection {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  enum Version { case http1, http2 }
  /// What a client of HTTP/2 sends first: RFC 9113 section 3.4.
  static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

  private let isSecure: Bool
  private let resources: LoopResources
  private let receiving: LentBufferAllocator.Choice
  private let configure: (Version, any Channel) throws -> Void
  private var context: ChannelHandlerContext?
  private var arrived: ByteBuffer?

  /// `configure` adds the handlers of the protocol behind this one; called once.
  init(
    isSecure: Bool, resources: LoopResources, receiving: LentBufferAllocator.Choice,
    configure: @escaping (Version, any Channel) throws -> Void
  ) {
    self.isSecure = isSecure
    self.resources = resources
    self.receiving = receiving
    self.configure = configure
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
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    // Nothing comes out of a TLS handler before its handshake.
    guard !isSecure else { return context.fireChannelRead(data) }
    var buffer = unwrapInboundIn(data)
    if var earlier = arrived {
      earlier.writeBuffer(&buffer)
      buffer = earlier
    }
    arrived = buffer
    if let version = Self.version(of: buffer.readableBytesView) { begin(version, context) }
  }

  /// Nil while it is open.
  static func version(of bytes: some Sequence<UInt8>) -> Version? {
    var count = 0
    for (byte, expected) in zip(bytes, preface) {
      if byte != expected { return .http1 }
      count += 1
    }
    return count == preface.count ? .http2 : nil
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .handshakeCompleted(let negotiated)? = event as? TLSUserEvent {
      begin(negotiated == "h2" ? .http2 : .http1, context)
    } else if event is ChannelShouldQuiesceEvent {
      context.close(promise: nil)
    } else if event as? ChannelEvent == .inputClosed {
      arrived == nil ? context.close(promise: nil) : begin(.http1, context)
    }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

  func look(_ now: NIODeadline) {
    guard let context else { return }
    switch receiving.head.verdict(at: now.time) {
    case .patient: break
    case .close: context.close(promise: nil)
    // Bytes that may be the beginning of either protocol: they are refused as the head that never came.
    case .refuse: arrived == nil ? context.close(promise: nil) : begin(.http1, context)
    }
  }

  private func begin(_ version: Version, _ context: ChannelHandlerContext) {
    do {
      try configure(version, context.channel)
    } catch {
      return context.close(promise: nil)
    }
    if let arrived {
      self.arrived = nil
      context.fireChannelRead(wrapInboundOut(arrived))
    }
    context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
  }
}

/// Gives the event loop its receive buffer back once the handlers behind have made their own of its bytes.
final class ReceiveBufferReturn: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  private let resources: LoopResources
  private var buffer: ByteBuffer?

  init(_ resources: LoopResources) { self.resources = resources }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    buffer = unwrapInboundIn(data)
    context.fireChannelRead(data)
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    context.fireChannelReadComplete()
    guard let buffer else { return }
    self.buffer = nil
    resources.giveBack(buffer)
  }
}
