import Vocabulary

/// What a request's path names below the upload resource.
package enum UploadRoute: Sendable, Equatable {
  /// Where uploads are served, also with a trailing slash.
  package static let basePath = "/files"

  case collection
  case upload(UploadID)
  /// A view of an upload, such as its `digest` or its `blocks`: a plain route that no dialect speaks about.
  case view(UploadID, name: String)
  /// Below the base path, but the name of nothing.
  case nothing
  /// Not below the base path.
  case outside

  /// Routes a request's path as it came, with or without a query.
  ///
  /// Nothing is ever decoded. No id has a character that needs encoding, so `%2f`, `%5c`, `%00`, dot segments
  /// and whatever else a later decoder might turn into a path are names of nothing.
  package init(path: String) {
    let path = path.prefix { $0 != "?" && $0 != "#" }
    guard path.utf8.starts(with: Self.basePath.utf8) else {
      self = .outside
      return
    }
    let rest = path.utf8.dropFirst(Self.basePath.utf8.count)
    guard rest.isEmpty || rest.first == UInt8(ascii: "/") else {
      self = .outside
      return
    }
    self = Self.below(rest.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false))
  }

  private static func below(_ segments: [Substring.UTF8View.SubSequence]) -> Self {
    if segments.count == 1, segments[0].isEmpty { return .collection }
    guard segments.count <= 2, let id = UploadID(Substring(segments[0])) else { return .nothing }
    guard segments.count == 2 else { return .upload(id) }
    let isName = segments[1].allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
    return isName && !segments[1].isEmpty ? .view(id, name: String(Substring(segments[1]))) : .nothing
  }
}
