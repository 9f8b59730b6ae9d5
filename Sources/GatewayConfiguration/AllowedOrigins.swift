/// The sites whose pages may use this server from a browser, beside its own.
package enum AllowedOrigins: Sendable, Equatable {
  /// Any site.
  case all
  /// Exactly these, as a browser writes them in `Origin`; empty for none.
  case listed([String])

  /// Reads `*`, or a comma-separated list of origins `scheme://host[:port]`; empty text is the empty list.
  ///
  /// Each is normalized to what a browser sends: lower case, no default port. `nil` for anything else: `*` beside
  /// origins, `null`, a path, a pattern.
  package init?(_ text: String) {
    if text == "*" {
      self = .all
      return
    }
    var origins: [String] = []
    for item in text.split(separator: ",", omittingEmptySubsequences: false) where !text.isEmpty {
      var item = item.drop { $0 == " " }
      while item.last == " " { item.removeLast() }
      guard !item.hasSuffix("/"), let origin = PublicURL.normalized(String(item)) else { return nil }
      if !origins.contains(origin) { origins.append(origin) }
    }
    self = .listed(origins)
  }

  /// The value as a list: `["*"]` for any site.
  package var list: [String] {
    switch self {
    case .all: ["*"]
    case .listed(let origins): origins
    }
  }

  /// Whether pages of an origin may use this server.
  ///
  /// Never for `null`, which sandboxed frames and files of every site share, nor for what is no origin at all.
  package func contains(_ origin: String) -> Bool {
    switch self {
    case .all: PublicURL.normalized(origin) == origin
    case .listed(let origins): origins.contains(origin)
    }
  }
}
