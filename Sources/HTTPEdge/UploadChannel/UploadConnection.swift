import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import Vocabulary

/// A connection of the one server: uploads are taken in front, and the router's part of the pipeline is attached when
/// the first request for it arrives, so that a client which only uploads costs little.
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
    channel.eventLoop.makeCompletedFuture {
      guard try isAdmitted(channel) else { return Value(channel: channel) }
      var limits = NIOHTTPDecoderLimitConfiguration()
      limits.maxHeaderFieldSize = 16 << 10
      limits.maxHeaderListSize = 64 << 10
      limits.maxHeaderFieldCount = 200
      try channel.pipeline.syncOperations.configureHTTPServerPipeline(
        withPipeliningAssistance: false, withErrorHandling: false, withOutboundHeaderValidation: false,
        withEncoderConfiguration: .init(), withDecoderLimitConfiguration: limits)
      try channel.pipeline.syncOperations.addHandler(
        UploadChannelHandler(
          responder: uploads, resources: loops.resources(of: channel.eventLoop), patience: patience,
          attachRouter: { context in try attach(to: context.channel, logger) }))
      return Value(channel: channel)
    }
  }

  /// The connection works by its handlers alone until a router is attached.
  func handle(value: Value, logger: Logger) async {}

  /// False when the client has too many connections; this one is then told so.
  private func isAdmitted(_ channel: any Channel) throws -> Bool {
    let connections = connections
    switch connections.admit(channel.remoteAddress?.ipAddress) {
    case .admitted(let name):
      if let name { channel.closeFuture.whenComplete { _ in connections.leave(name) } }
      return true
    case .refused:
      channel.closeFuture.whenComplete { _ in connections.leaveRefused() }
      let problem = ProblemError(
        .tooManyConnections,
        detail: "this address has \(connections.perAddress) connections, as many as one may have")
      try channel.pipeline.syncOperations.addHandlers([
        HTTPResponseEncoder(), RefusedConnectionHandler(uploads.refusal(problem)),
      ])
    case .dropped: try channel.pipeline.syncOperations.addHandler(RefusedConnectionHandler(nil))
    }
    return false
  }

  private func attach(to channel: any Channel, _ logger: Logger) throws {
    let pipeline = channel.pipeline.syncOperations
    try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: false))
    try pipeline.addHandler(HTTPConnectionStateHandler(idleTimeout: nil, logger: logger))
    let messages = try NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>(
      wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
    Task { await handleHTTP(asyncChannel: messages, logger: logger) }
  }
}
