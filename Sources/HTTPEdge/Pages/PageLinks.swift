import Vocabulary

/// The addresses of pages and of what they link to. Every part that is data is percent-encoded here and nowhere else.
package enum PageLinks {
  package static let upload = "/ui/upload"
  package static let pushes = "/ui/pushes"
  package static let repos = "/ui/repos"
  package static let status = "/ui/status"

  package static func push(_ id: PushID) -> String { "\(pushes)/\(id)" }
  package static func pushLog(_ id: PushID) -> String { "/api/v1/pushes/\(id)/log" }
  /// The bytes of a finished upload, the JSON of another.
  package static func uploadResource(_ id: UploadID) -> String { "/files/\(id)" }
  package static func repo(_ name: RepoName) -> String { "\(repos)/\(component(name.text))" }
  package static func bundle(_ repo: RepoName, _ reference: String) -> String {
    "\(self.repo(repo))/bundles/\(component(reference))"
  }
  package static func archive(_ repo: RepoName, _ id: BundleID) -> String {
    "/api/v1/repos/\(component(repo.text))/bundles/\(id).tar"
  }
  package static func zip(_ repo: RepoName, _ id: BundleID) -> String {
    "/api/v1/repos/\(component(repo.text))/bundles/\(id).zip"
  }
  /// A folder of a bundle, its root when nil.
  package static func folder(_ repo: RepoName, _ reference: String, _ folder: String?) -> String {
    "\(bundle(repo, reference))/tree" + (folder.map { "/\(path($0))" } ?? "")
  }
  package static func difference(_ repo: RepoName, _ reference: String, _ other: String) -> String {
    "\(bundle(repo, reference))/diff/\(component(other))"
  }
  package static func file(_ repo: RepoName, _ id: BundleID, _ path: BundlePath) -> String {
    "/api/v1/repos/\(component(repo.text))/bundles/\(id)/files/\(self.path(path.text))"
  }

  /// A path whose components are encoded and whose slashes stay.
  package static func path(_ text: String) -> String {
    text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
      .map { component(String(Substring($0))) }.joined(separator: "/")
  }

  /// One component of a path, or one value of a query: only the unreserved characters of RFC 3986 §2.3 stay.
  package static func component(_ text: String) -> String {
    var encoded = ""
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        encoded.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        encoded += "%" + Hexadecimal.encode([byte]).uppercased()
      }
    }
    return encoded
  }

  /// The text of an encoded component; nil when it is not well-formed UTF-8 in well-formed escapes.
  package static func decoded(_ text: some StringProtocol) -> String? {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      let digits = rest.prefix(2)
      guard digits.count == 2, let value = Hexadecimal.decode(String(decoding: digits, as: UTF8.self)) else {
        return nil
      }
      bytes += value
      rest = rest.dropFirst(2)
    }
    return String(validating: bytes, as: UTF8.self)
  }

  /// `path?name=value&…`, leaving out what is nil.
  package static func query(_ path: String, _ values: KeyValuePairs<String, String?>) -> String {
    query(path, values.map { ($0.key, $0.value) })
  }
  static func query(_ path: String, _ values: [(String, String?)]) -> String {
    let pairs = values.compactMap { name, value in value.map { "\(name)=\(component($0))" } }
    return pairs.isEmpty ? path : "\(path)?\(pairs.joined(separator: "&"))"
  }
}
