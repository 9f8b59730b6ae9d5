import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOSSL
import Vocabulary

/// A connection of the one server, of either version of HTTP: uploads are taken in front, and the router's part of the
/// pipeline is attached when the first request for it arrives, so that a client which only uploads costs little.
struct UploadConnection: HTTPChannelHandler {
  struct Value: ServerChildChannelValue {
    let channel: any Channel
  }
  let responder: Responder
  let uploads: UploadResponder
  let loops: LoopPool
  let patience: Patience
  let connections: ConnectionLimit

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
    setup(channel: channel, tls: nil, logger: logger)
  }

  /// With `tls` the connection begins with a handshake.
  func setup(channel: any Channel, tls: NIOSSLContext?, logger: Logger) -> EventLoopFuture<Value> {
    channel.eventLoop.makeCompletedFuture {
      guard try isAdmitted(channel, isSecure: tls != nil) else { return Value(channel: channel) }
      let resources = loops.resources(of: channel.eventLoop)
      let receiving = LentBufferAllocator.Choice(head: patience.headWatch)
      // Only test channels lack the options; they have no socket to size a buffer for.
      try? channel.syncOptions?.setOption(
        .recvAllocator, value: LentBufferAllocator(choice: receiving, resources: resources))
      try? channel.syncOptions?.setOption(.maxMessagesPerRead, value: 1)
      let pipeline = channel.pipeline.syncOperations
      if let tls {
        try pipeline.addHandlers([ReceiveBufferReturn(resources), NIOSSLServerHandler(context: tls)])
      }
      try pipeline.addHandler(
        ConnectionStart(isSecure: tls != nil, resources: resources, receiving: receiving) {
          version, channel in
          let carrier = UploadCarrier(isStream: false, isSecure: tls != nil, receiving: receiving)
          switch version {
          case .http1: try configureHTTP1(channel, carrier, logger)
          case .http2: try configureHTTP2(channel, carrier, logger)
          }
        })
      return Value(channel: channel)
    }
  }

  /// The connection works by its handlers alone until a router is attached.
  func handle(value: Value, logger: Logger) async {}

  private func configureHTTP1(_ channel: any Channel, _ carrier: UploadCarrier, _ logger: Logger) throws {
    var limits = NIOHTTPDecoderLimitConfiguration()
    limits.maxHeaderFieldSize = 16 << 10
    limits.maxHeaderListSize = 64 << 10
    limits.maxHeaderFieldCount = 200
    try channel.pipeline.syncOperations.configureHTTPServerPipeline(
      withPipeliningAssistance: false, withErrorHandling: false, withOutboundHeaderValidation: false,
      withEncoderConfiguration: .init(), withDecoderLimitConfiguration: limits)
    try addUploads(to: channel, carrier, logger)
  }

  private func configureHTTP2(_ channel: any Channel, _ carrier: UploadCarrier, _ logger: Logger) throws {
    let resources = loops.resources(of: channel.eventLoop)
    let pipeline = channel.pipeline.syncOperations
    if !carrier.isSecure { try pipeline.addHandler(ReceiveBufferReturn(resources), position: .first) }
    let gate = HTTP2SocketGate(waitingBytes: HTTP2Limits.waitingBytes)
    let manager = NIOHTTP2ServerConnectionManagementHandler(
      eventLoop: channel.eventLoop,
      configuration: .init(maxIdleTime: patience.idle, maxAge: nil, maxGraceTime: nil, keepalive: nil))
    let watch = HTTP2ConnectionWatch(
      patience: patience, resources: resources, receiving: carrier.receiving)
    let count = HTTP2StreamCount(
      manager: manager.http2StreamDelegate, watch: NIOLoopBound(watch, eventLoop: channel.eventLoop))
    let isSecure = carrier.isSecure
    let boundGate = NIOLoopBound(gate, eventLoop: channel.eventLoop)
    try pipeline.addHandlers([
      gate,
      NIOHTTP2Handler(
        mode: .server, eventLoop: channel.eventLoop, connectionConfiguration: HTTP2Limits.connection,
        streamConfiguration: HTTP2Limits.stream, streamDelegate: count
      ) { stream in
        stream.eventLoop.makeCompletedFuture {
          try configureStream(stream, isSecure: isSecure, gate: boundGate.value, logger)
        }
      },
      manager, watch,
    ])
  }

  private func configureStream(
    _ stream: any Channel, isSecure: Bool, gate: HTTP2SocketGate, _ logger: Logger
  ) throws {
    try stream.pipeline.syncOperations.addHandlers([
      HTTP2StreamEdge(gate),
      HTTP2ContentGathering(loops.resources(of: stream.eventLoop).gathering),
      HTTP2FramePayloadToHTTP1ServerCodec(),
    ])
    let receiving = LentBufferAllocator.Choice(head: patience.headWatch)
    try addUploads(
      to: stream, UploadCarrier(isStream: true, isSecure: isSecure, receiving: receiving), logger)
  }

  private func addUploads(to channel: any Channel, _ carrier: UploadCarrier, _ logger: Logger) throws {
    try channel.pipeline.syncOperations.addHandler(
      UploadChannelHandler(
        responder: uploads, resources: loops.resources(of: channel.eventLoop), patience: patience,
        carrier: carrier, attachRouter: { context in try attach(to: context.channel, carrier, logger) }))
  }

  /// False when the client has too many connections; this one is then told so.
  private func isAdmitted(_ channel: any Channel, isSecure: Bool) throws -> Bool {
    let connections = connections
    switch connections.admit(channel.remoteAddress?.peerName) {
    case .admitted(let name):
      if let name { channel.closeFuture.whenComplete { _ in connections.leave(name) } }
      return true
    case .refused:
      channel.closeFuture.whenComplete { _ in connections.leaveRefused() }
      let problem = ProblemError(
        .tooManyConnections,
        detail: "this address has \(connections.perAddress) connections, as many as one may have")
      // A handshake for a client that is turned away would be the most expensive thing it gets.
      try channel.pipeline.syncOperations.addHandlers([
        HTTPResponseEncoder(), RefusedConnectionHandler(isSecure ? nil : uploads.refusal(problem)),
      ])
    case .dropped: try channel.pipeline.syncOperations.addHandler(RefusedConnectionHandler(nil))
    }
    return false
  }

  private func attach(to channel: any Channel, _ carrier: UploadCarrier, _ logger: Logger) throws {
    let pipeline = channel.pipeline.syncOperations
    try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: carrier.isSecure))
    try pipeline.addHandler(HTTPConnectionStateHandler(idleTimeout: nil, logger: logger))
    let messages = try NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>(
      wrappingChannelSynchronously: channel,
      configuration: .init(isOutboundHalfClosureEnabled: !carrier.isStream))
    Task { await handleHTTP(asyncChannel: messages, logger: logger) }
  }
}
