import NIOCore
import NIOHTTP2

/// Puts the content frames of a stream that came with one read of the socket together: clients send 16 KiB at a time,
/// and storing as much costs the file system nearly as much as storing ten times of it.
///
/// Nothing waits beyond the read it came with, and nothing overtakes it.
package final class HTTP2ContentGathering: ChannelInboundHandler {
  package typealias InboundIn = HTTP2Frame.FramePayload
  package typealias InboundOut = HTTP2Frame.FramePayload

  /// Memory to gather in, one for all streams of an event loop: each has given it back before the next one begins.
  package final class Spare {
    fileprivate var buffer: ByteBuffer?
    package init() {}
  }

  /// Bytes that are passed on together at most.
  package static let gatheredBytes = 512 << 10

  /// Frames that are put together at most: a read may bring a hundred thousand of a byte each.
  package static let gatheredFrames = 64

  private let spare: Spare
  private var pieces: [ByteBuffer] = []
  private var waitingBytes = 0

  package init(_ spare: Spare) { self.spare = spare }

  package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard case .data(let frame) = unwrapInboundIn(data), case .byteBuffer(let bytes) = frame.data,
      !frame.endStream, bytes.readableBytes < Self.gatheredBytes / 2
    else {
      flush(context)
      return context.fireChannelRead(data)
    }
    if waitingBytes + bytes.readableBytes > Self.gatheredBytes || pieces.count == Self.gatheredFrames {
      flush(context)
    }
    pieces.append(bytes)
    waitingBytes += bytes.readableBytes
  }

  package func channelReadComplete(context: ChannelHandlerContext) {
    flush(context)
    context.fireChannelReadComplete()
  }

  package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    flush(context)
    context.fireUserInboundEventTriggered(event)
  }

  package func errorCaught(context: ChannelHandlerContext, error: any Error) {
    flush(context)
    context.fireErrorCaught(error)
  }

  package func channelInactive(context: ChannelHandlerContext) {
    flush(context)
    context.fireChannelInactive()
  }

  private func flush(_ context: ChannelHandlerContext) {
    guard let first = pieces.first else { return }
    // Little content must not keep much memory: it may be waited with for long.
    let isShared = waitingBytes >= Self.gatheredBytes / 4
    let whole = pieces.count == 1 ? first : joined(isShared, context.channel.allocator)
    let isJoined = pieces.count > 1
    pieces.removeAll(keepingCapacity: true)
    waitingBytes = 0
    context.fireChannelRead(wrapInboundOut(.data(.init(data: .byteBuffer(whole)))))
    if isJoined && isShared { spare.buffer = whole }
  }

  private func joined(_ isShared: Bool, _ allocator: ByteBufferAllocator) -> ByteBuffer {
    var whole: ByteBuffer
    if isShared {
      whole = spare.buffer ?? allocator.buffer(capacity: Self.gatheredBytes)
      spare.buffer = nil
      // Makes new storage when somebody still holds the old.
      whole.clear(minimumCapacity: Self.gatheredBytes)
    } else {
      whole = allocator.buffer(capacity: waitingBytes)
    }
    for piece in pieces { whole.writeImmutableBuffer(piece) }
    return whole
  }
}
