import GatewayConfiguration
import HTTPTypes

/// What trusted proxies say of the request that reached the outermost of them; only to be asked when the direct peer is
/// one.
///
/// A proxy adds itself at the right, and what stood there before came from the client or from further proxies. So the
/// list is read from the right: past elements that name trusted proxies, up to the first that names somebody else.
struct ForwardedRequest: Equatable {
  /// In text form; `ClientNetworks.unknown` where the proxies do not say who it is, nil where they say nothing.
  var client: String?
  /// `http` or `https`
  var scheme: String?
  /// Checked by `HostField`.
  var host: Fact = .unsaid

  enum Fact: Equatable {
    case unsaid
    /// Said, and not to be believed: malformed, or contradicted.
    case dubious
    case said(String)
  }

  /// More than any chain of proxies writes is nobody's honest list.
  static let maximumBytes = 4096

  /// nil when there is neither kind of field.
  ///
  /// Where there are both kinds, a proxy that writes one may pass the other on as the client sent it: then only what
  /// both say alike is believed.
  init?(_ headers: HTTPFields, trustedProxies: [ProxyPeer]) {
    let standard = Self.standard(headers, trustedProxies)
    let customary = Self.customary(headers, trustedProxies)
    switch (standard, customary) {
    case (let standard?, let customary?): self = standard.agreed(with: customary)
    case (let only?, nil), (nil, let only?): self = only
    case (nil, nil): return nil
    }
  }

  private init(client: String?, scheme: String?, host: Fact) {
    self.client = client
    self.scheme = scheme
    self.host = host
  }

  private func agreed(with other: ForwardedRequest) -> ForwardedRequest {
    ForwardedRequest(
      client: client == other.client ? client : ClientNetworks.unknown,
      scheme: scheme == other.scheme ? scheme : nil, host: host == other.host ? host : .dubious)
  }

  private static let nothing = ForwardedRequest(client: ClientNetworks.unknown, scheme: nil, host: .dubious)

  /// RFC 7239.
  private static func standard(_ headers: HTTPFields, _ trusted: [ProxyPeer]) -> ForwardedRequest? {
    let lines = headers[values: .forwarded]
    guard !lines.isEmpty else { return nil }
    guard lines.reduce(0, { $0 + $1.utf8.count }) <= maximumBytes else { return nothing }
    var last: (client: String, element: ForwardedElement)?
    // Line by line, so that one a client spoilt does not take the proxy's own with it.
    for line in lines.reversed() {
      guard let elements = ForwardedElement.parse(line) else { return nothing }
      for element in elements.reversed() {
        let client = element.node.flatMap(addressOfNode) ?? ClientNetworks.unknown
        last = (client, element)
        if !trusted.contains(peer: client) { return request(client, element.scheme, element.host) }
      }
    }
    return last.map { request($0.client, $0.element.scheme, $0.element.host) } ?? nothing
  }

  /// `X-Forwarded-For`, `-Proto` and `-Host`.
  private static func customary(_ headers: HTTPFields, _ trusted: [ProxyPeer]) -> ForwardedRequest? {
    let names: [HTTPField.Name] = [.xForwardedFor, .xForwardedProto, .xForwardedHost]
    guard names.contains(where: { headers[$0] != nil }) else { return nil }
    let lists = names.map { headers[values: $0].joined(separator: ",") }
    guard lists.allSatisfy({ $0.utf8.count <= maximumBytes }) else { return nothing }
    let (nodes, schemes, hosts) = (items(lists[0]), items(lists[1]), items(lists[2]))
    let clients = nodes.map { addressOfNode($0) ?? ClientNetworks.unknown }
    let index = clients.lastIndex { !trusted.contains(peer: $0) } ?? 0
    // Lists as long as the addresses' were written by the same proxies; else only the nearest proxy's word counts.
    func item(_ list: [Substring]) -> String? {
      (list.count == nodes.count ? list[index...].first : list.last).map(String.init)
    }
    return request(clients.isEmpty ? nil : clients[index], item(schemes), item(hosts))
  }

  private static func items(_ list: String) -> [Substring] {
    list.split(separator: ",").map { trimmed($0) }.filter { !$0.isEmpty }
  }

  private static func trimmed(_ text: Substring) -> Substring {
    var text = text.drop { $0 == " " || $0 == "\t" }
    while text.last == " " || text.last == "\t" { text.removeLast() }
    return text
  }

  private static func request(_ client: String?, _ scheme: String?, _ host: String?) -> ForwardedRequest {
    let scheme = scheme?.lowercased()
    return ForwardedRequest(
      client: client, scheme: scheme == "http" || scheme == "https" ? scheme : nil,
      host: host.map { !$0.isEmpty && HostField.isValid($0) ? .said($0) : .dubious } ?? .unsaid)
  }
}
