/// A server that takes part in a comparison, and how it is started.
struct Contender: Sendable {
  enum Kind: Sendable {
    case sheaf(Durability)
    case baseline([String])
    case peer(Peer)
  }

  let name: String
  let kind: Kind
  /// Small files go into one open push instead of becoming a bundle each.
  var usesPush = false

  static func sheaf(_ durability: Durability) -> Self {
    Self(name: "sheaf, \(durability.rawValue)", kind: .sheaf(durability))
  }

  static func peer(_ peer: Peer) -> Self { Self(name: peer.name, kind: .peer(peer)) }

  var isSheaf: Bool {
    if case .sheaf = kind { true } else { false }
  }
}

/// What acknowledged bytes survive, in the words of sheaf's setting.
enum Durability: String, CaseIterable, Sendable {
  case process, synced

  /// The baseline that promises as much.
  var baselineFlags: [String] { self == .synced ? ["--sync"] : [] }
}

/// A tus server that runs already.
struct Peer: Sendable {
  let name: String
  let address: Address
  let process: RunningProcess?
}
