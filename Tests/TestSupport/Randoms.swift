import Vocabulary

extension SeededRandom {
  /// A path of one to four components from all scripts, with quotes, blanks and long names among them.
  package mutating func path(maximumDepth: Int = 4) -> BundlePath {
    while true {
      let components = (0..<int(1...maximumDepth)).map { _ in component() }
      if let path = try? BundlePath(components.joined(separator: "/")) { return path }
    }
  }

  private mutating func component() -> String {
    let parts = [
      "a", "b", "Z", "9", ".", "-", "_", " ", "+", "\"", "\\", "'", "{", "}", ":", ",", "ä", "e\u{301}", "ß",
      "я", "日本", "ع",
      "👩‍👩‍👧", "\u{301}", "\u{200d}", "\u{2028}", "\u{85}", "$", "*", "~", "#", "%2f",
    ]
    let count = int(1...20) == 1 ? int(30...60) : int(1...5)
    return (0..<count).map { _ in element(of: parts) }.joined()
  }

  package mutating func id<Kind>() -> Identifier<Kind> {
    Identifier(milliseconds: Int64(int(0...(1 << 41))), random: bytes(10))
  }

  package mutating func digest() -> Digest {
    guard let digest = Digest(bytes: bytes(32)) else { preconditionFailure("a digest has 32 bytes") }
    return digest
  }
}
