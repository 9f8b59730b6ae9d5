import GatewayConfiguration
import Glibc
import HTTPEdge
import HTTPTypes

/// The input is lines: a block, a peer's address, `Host`, `Forwarded`, `X-Forwarded-Proto`, `X-Forwarded-Host`,
/// `X-Forwarded-For`; a line that is not there is a field that is not there.
@_cdecl("LLVMFuzzerTestOneInput")
public func checkNetworkAddress(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let lines = FuzzInput(start, count).lines().map(text)
  for line in lines.prefix(2) { checkAddress(line) }
  let block = checkBlock(lines[0], peer: lines.count > 1 ? lines[1] : "")
  checkOrigin(lines, block)
  return 0
}

private func checkAddress(_ text: String) {
  let address = IPAddress(text)
  let expected = bits(text)
  precondition((address != nil) == (expected != nil), "an address is what inet_pton takes")
  guard let address, let expected else { return }
  precondition(bits(address.description) == expected && IPAddress(address.description) == address)
}

private func checkBlock(_ text: String, peer: String) -> CIDRBlock? {
  let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
  guard let block = CIDRBlock(text) else { return nil }
  precondition(CIDRBlock(block.description) == block, "a block is read as it is written")
  guard let first = bits(parts[0]) else { preconditionFailure("a block begins with an address") }
  precondition(block.contains(parts[0]), "a block contains its first address")
  guard let address = bits(peer) else { return block }
  let isIPv4 = { (bits: UInt128) in bits >> 32 == 0xffff }
  let width = isIPv4(first) ? 32 : 128
  guard let length = parts.count == 2 ? Int(parts[1]) : width else {
    preconditionFailure("the length of a block is a number")
  }
  let isInside =
    isIPv4(first) == isIPv4(address) && (length == 0 || (first ^ address) >> (width - length) == 0)
  precondition(block.contains(peer) == isInside, "a block contains what shares its first bits")
  return block
}

/// What the C library reads; IPv4 is mapped into IPv6.
private func bits(_ text: String) -> UInt128? {
  guard !text.utf8.contains(0) else { return nil }
  var bytes = [UInt8](repeating: 0, count: 16)
  if inet_pton(AF_INET6, text, &bytes) == 1 { return bytes.reduce(0) { $0 << 8 | UInt128($1) } }
  guard inet_pton(AF_INET, text, &bytes) == 1 else { return nil }
  return bytes.prefix(4).reduce(0xffff) { $0 << 8 | UInt128($1) }
}

private func checkOrigin(_ lines: [String], _ block: CIDRBlock?) {
  func line(_ index: Int) -> String? { index < lines.count ? lines[index] : nil }
  var fields = HTTPFields()
  for (index, name) in [
    (3, "Forwarded"), (4, "X-Forwarded-Proto"), (5, "X-Forwarded-Host"), (6, "X-Forwarded-For"),
  ] {
    guard let value = line(index), let name = HTTPField.Name(name) else { continue }
    fields.append(HTTPField(name: name, value: value))
  }
  let peer = line(1)
  let isTrusted = peer.flatMap { peer in block?.contains(peer) } ?? false
  let address = PublicAddress(configured: nil, trustedProxies: block.map { [.network($0)] } ?? [])
  let origin = address.origin(authority: line(2), headers: fields, peer: peer)
  let client = address.client(headers: fields, peer: peer)
  precondition(isTrusted || client == peer, "only a trusted proxy names another client")
  precondition(client == peer || client == ClientNetworks.unknown || client.flatMap { IPAddress($0) } != nil)
  precondition(origin == nil || fields.isEmpty != isTrusted, "only a trusted proxy forwards, and always does")
  if let origin { checkOrigin(origin) }
  let fixed = PublicAddress(
    configured: "https://example.org", trustedProxies: block.map { [.network($0)] } ?? [])
  precondition(fixed.origin(authority: line(2), headers: fields, peer: peer) == "https://example.org")
}

/// A scheme and a host: nothing that could begin a path, name a user or end a line.
private func checkOrigin(_ origin: String) {
  let scheme = origin.hasPrefix("https://") ? "https://" : "http://"
  let host = origin.utf8.dropFirst(scheme.utf8.count)
  precondition(origin.utf8.starts(with: scheme.utf8) && (1...261).contains(host.count))
  precondition(host.allSatisfy { (0x21...0x7e).contains($0) && !"/\\@?#%\"'<>&,; ".utf8.contains($0) })
}
