import NIOCore
import NIOHTTP2

/// The numbers of an HTTP/2 connection; decision 0009 says why these.
enum HTTP2Limits {
  /// What a client may send on one stream before the content is taken.
  static let streamWindowBytes = 4 << 20
  /// The same for all streams of a connection together.
  static let connectionWindowBytes = 16 << 20
  /// What is still read of a connection while one of its streams takes nothing.
  static let waitingBytes = 8 << 20
  static let frameBytes = 1 << 20
  static let concurrentStreams = 100
  static let headerListBytes = 64 << 10

  static var connection: NIOHTTP2Handler.ConnectionConfiguration {
    var configuration = NIOHTTP2Handler.ConnectionConfiguration()
    configuration.initialSettings = [
      HTTP2Setting(parameter: .maxConcurrentStreams, value: concurrentStreams),
      HTTP2Setting(parameter: .maxHeaderListSize, value: headerListBytes),
      HTTP2Setting(parameter: .initialWindowSize, value: streamWindowBytes),
      HTTP2Setting(parameter: .maxFrameSize, value: frameBytes),
    ]
    configuration.targetWindowSize = connectionWindowBytes
    return configuration
  }

  static var stream: NIOHTTP2Handler.StreamConfiguration {
    var configuration = NIOHTTP2Handler.StreamConfiguration()
    configuration.targetWindowSize = streamWindowBytes
    configuration.outboundBufferSizeHighWatermark = 64 << 10
    configuration.outboundBufferSizeLowWatermark = 32 << 10
    return configuration
  }
}

/// Watches over one HTTP/2 connection: whether it is used at all, and how large its receive buffer should be.
///
/// The orderly end is `NIOHTTP2ServerConnectionManagementHandler`'s; this one closes what does not answer to it.
final class HTTP2ConnectionWatch: ChannelInboundHandler, SilentConnection {
  typealias InboundIn = HTTP2Frame

  private static let quiescingPatience = TimeAmount.seconds(2)
  private let patience: Patience
  private let resources: LoopResources
  private let receiving: LentBufferAllocator.Choice
  private var context: ChannelHandlerContext?
  private var openStreams: Set<HTTP2StreamID> = []
  /// Streams whose end came before word of their beginning: their first frame was refused on the spot.
  private var endedStreams: Set<HTTP2StreamID> = []
  private var unusedSince = NIODeadline.now()
  private var isQuiescing = false

  init(patience: Patience, resources: LoopResources, receiving: LentBufferAllocator.Choice) {
    self.patience = patience
    self.resources = resources
    self.receiving = receiving
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

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event is ChannelShouldQuiesceEvent {
      isQuiescing = true
      if openStreams.isEmpty { unusedSince = .now() }
    } else if event as? ChannelEvent == .inputClosed {
      context.close(promise: nil)
    }
    context.fireUserInboundEventTriggered(event)
  }

  /// A violation of the protocol: what the library has to say about it (GOAWAY) is on its way.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if error is NIOHTTP2Errors.StreamError { return }
    context.close(promise: nil)
  }

  func look(_ now: NIODeadline) {
    guard openStreams.isEmpty, let context else { return }
    let limit = isQuiescing ? Self.quiescingPatience : patience.idle + patience.lookInterval
    if now - unusedSince >= limit { context.close(promise: nil) }
  }

  /// False when the stream has ended already.
  func streamOpened(_ id: HTTP2StreamID) -> Bool {
    guard endedStreams.remove(id) == nil else { return false }
    openStreams.insert(id)
    receiving.isLarge = true
    return true
  }

  /// False when the stream's beginning is still to be told.
  func streamClosed(_ id: HTTP2StreamID) -> Bool {
    guard openStreams.remove(id) != nil else {
      endedStreams.insert(id)
      return false
    }
    if openStreams.isEmpty {
      unusedSince = .now()
      receiving.isLarge = false
    }
    return true
  }
}

/// Tells both that watch over a connection of its streams, each of which it tells of first as open and then as closed.
struct HTTP2StreamCount: NIOHTTP2StreamDelegate {
  let manager: NIOHTTP2ServerConnectionManagementHandler.HTTP2StreamDelegate
  let watch: NIOLoopBound<HTTP2ConnectionWatch>

  func streamCreated(_ id: HTTP2StreamID, channel: any Channel) {
    if watch.value.streamOpened(id) { manager.streamCreated(id, channel: channel) }
  }

  func streamClosed(_ id: HTTP2StreamID, channel: any Channel) {
    if watch.value.streamClosed(id) { manager.streamClosed(id, channel: channel) }
  }
}
