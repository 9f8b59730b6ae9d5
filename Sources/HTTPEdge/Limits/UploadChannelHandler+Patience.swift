import NIOCore
import Vocabulary

/// Ends what keeps a connection busy without getting anywhere.
extension UploadChannelHandler {
  /// Called every few seconds. An answer that is being worked out takes as long as it takes.
  func look(_ now: NIODeadline) {
    guard let context else { return }
    let isSilent = now - lastActivity >= patience.idle
    if let exchange, exchange.isReceiving {
      if exchange.rate.isTooSlow(at: now.time) || isSilent { breakOff(exchange) }
    } else if isRoutedBodyOpen {
      // The router has begun to answer, perhaps: nothing but the end of the connection is sure to be understood.
      if routedRate.isTooSlow(at: now.time) || isSilent { context.close(promise: nil) }
    } else if exchange == nil && routed == 0 {
      lookAtHead(now, isSilent: isSilent, context)
    } else if isSilent, let exchange, exchange.isReplied {
      context.close(promise: nil)
    }
  }

  private func lookAtHead(_ now: NIODeadline, isSilent: Bool, _ context: ChannelHandlerContext) {
    switch receiving.head.verdict(at: now.time) {
    case .refuse: refuse(patience.slowHead, context)
    case .close: context.close(promise: nil)
    case .patient: if isSilent { context.close(promise: nil) }
    }
  }

  /// The engine keeps what arrived, and answers.
  private func breakOff(_ exchange: UploadExchange) {
    exchange.isBrokenOff = true
    exchange.mustClose = true
    exchange.body.breakOff(patience.slowBody)
  }

  /// Everything that arrived is answered: the next thing to come is a head.
  func awaitHead() {
    if exchange == nil && routed == 0 && !isRoutedBodyOpen && held.isEmpty { receiving.head.answered() }
  }
}
