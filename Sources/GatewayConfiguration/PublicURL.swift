/// The address of the gateway as its clients write it.
enum PublicURL {
  /// `scheme://host[:port]` as a browser writes an origin: lower case, no default port, no trailing slash.
  ///
  /// `nil` for anything that is not such a URL. A path is refused: pages and uploads live at the root.
  static func normalized(_ text: String) -> String? {
    let text = text.lowercased()
    guard let separator = text.firstRange(of: "://") else { return nil }
    let scheme = text[..<separator.lowerBound]
    guard scheme == "http" || scheme == "https" else { return nil }
    var authority = text[separator.upperBound...]
    if authority.hasSuffix("/") { authority.removeLast() }
    var host = authority
    var port = ""
    if let colon = authority.lastIndex(of: ":"), !authority[colon...].contains("]") {
      let digits = authority[authority.index(after: colon)...]
      guard digits.utf8.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains),
        let number = UInt16(digits),
        number > 0
      else { return nil }
      host = authority[..<colon]
      if number != (scheme == "http" ? 80 : 443) { port = ":\(number)" }
    }
    if host.hasPrefix("["), host.hasSuffix("]") {
      guard let address = IPAddress(host.dropFirst().dropLast()), !address.isIPv4 else { return nil }
      return "\(scheme)://[\(address)]\(port)"
    }
    return isHostName(host) ? "\(scheme)://\(host)\(port)" : nil
  }

  /// Dot-separated labels of letters, digits, `-` and `_` (RFC 1123 §2.1, and what container networks use); IPv4
  /// addresses are among them, but other names of digits only are not.
  static func isHostName(_ text: some StringProtocol) -> Bool {
    let labels = text.split(separator: ".", omittingEmptySubsequences: false)
    let isNumeric = labels.last.map { $0.utf8.allSatisfy(isDigit) } ?? true
    if isNumeric { return IPAddress(text) != nil }
    return text.utf8.count <= 253
      && labels.allSatisfy { label in
        (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
          && label.utf8.allSatisfy {
            isDigit($0) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20)
              || $0 == UInt8(ascii: "-")
              || $0 == UInt8(ascii: "_")
          }
      }
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
}
