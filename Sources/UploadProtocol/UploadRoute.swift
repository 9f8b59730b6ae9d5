import Vocabulary

/// What a request's path names below the upload resource.
package enum UploadRoute: Sendable, Equatable {
  /// Where uploads are served, also with a trailing slash.
  package static let basePath = "/files"

  case collection
  case upload(UploadID)
  /// A view of an upload, such as its `digest` or its `blocks`: a plain route that no dialect speaks about.
  case view(UploadID, name: String)
  /// Something about many files in one request (`batch`, `lookup`, `claim`): a plain route.
  case batch
  /// The name or path that a file is to have, decoded and not yet checked as a `BundlePath`: only PUT takes it.
  case named(String)
  /// Below the base path, but the name of nothing.
  case nothing
  /// Not below the base path.
  case outside

  /// Routes a request's path as it came, with or without a query.
  ///
  /// Ids and views are never decoded: none has a character that needs encoding, so whatever else a later decoder might
  /// turn into one is not it. Names are decoded exactly once, after `%2f`, `%5c`, `%00` were refused; dot segments,
  /// empty ones and what is not UTF-8 name nothing, and so does whatever stands below an id (B-20).
  package init(path: String) {
    let path = path.utf8.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
    guard path.starts(with: Self.basePath.utf8) else {
      self = .outside
      return
    }
    let rest = path.dropFirst(Self.basePath.utf8.count)
    guard rest.isEmpty || rest.first == UInt8(ascii: "/") else {
      self = .outside
      return
    }
    self = Self.below(rest.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false))
  }

  private static func below(_ segments: [Substring.UTF8View.SubSequence]) -> Self {
    if segments.count == 1 {
      if segments[0].isEmpty { return .collection }
      if ["batch", "lookup", "claim"].contains(where: { segments[0].elementsEqual($0.utf8) }) {
        return .batch
      }
    }
    guard let id = UploadID(Substring(segments[0])) else { return named(segments) }
    guard segments.count <= 2 else { return .nothing }
    guard segments.count == 2 else { return .upload(id) }
    let isName = segments[1].allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
    return isName && !segments[1].isEmpty ? .view(id, name: String(Substring(segments[1]))) : .nothing
  }

  private static func named(_ segments: [Substring.UTF8View.SubSequence]) -> Self {
    let forbidden = [UInt8(0), UInt8(ascii: "/"), UInt8(ascii: "\\")]
    var names = [String]()
    for segment in segments {
      guard let bytes = PercentEncoding.decode(segment), !bytes.isEmpty,
        !bytes.contains(where: forbidden.contains),
        let name = String(validating: bytes, as: UTF8.self), name != ".", name != ".."
      else { return .nothing }
      names.append(name)
    }
    return .named(names.joined(separator: "/"))
  }
}
