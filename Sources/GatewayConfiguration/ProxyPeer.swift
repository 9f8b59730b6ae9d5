/// Who may be named as a proxy: the addresses of a block, or whoever connects through a unix socket.
package enum ProxyPeer: Hashable, Sendable, CustomStringConvertible {
  case network(CIDRBlock)
  case unixSocket

  /// The name of every peer of a unix socket, in settings and in place of an address.
  package static let unixSocketName = "unix"

  /// Parses `unix`, or what `CIDRBlock` parses; `nil` for anything else.
  package init?(_ text: some StringProtocol) {
    if text == Self.unixSocketName {
      self = .unixSocket
    } else {
      guard let block = CIDRBlock(text) else { return nil }
      self = .network(block)
    }
  }

  /// Whether the direct peer of a connection is meant: an IP address in text form, or `unix`.
  ///
  /// `nil`, a peer that is not known, is meant by nothing.
  package func contains(_ peer: String?) -> Bool {
    guard let peer else { return false }
    switch self {
    case .network(let block): return block.contains(peer)
    case .unixSocket: return peer == Self.unixSocketName
    }
  }

  /// The form that parses back to the same peers.
  package var description: String {
    switch self {
    case .network(let block): block.description
    case .unixSocket: Self.unixSocketName
    }
  }
}

extension [ProxyPeer] {
  /// Whether any of the list means the peer.
  package func contains(peer: String?) -> Bool { contains { $0.contains(peer) } }
}
