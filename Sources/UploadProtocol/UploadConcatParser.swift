import HTTPTypes
import Vocabulary

/// Reads and writes `Upload-Concat` of the tus concatenation extension: `partial`, or `final;` and the parts' URLs.
package enum UploadConcatParser {
  package static let maximumPartCount = 1000

  /// Parses the field's value; URLs are absolute and of an own origin, or relative to the collection (T-77).
  ///
  /// - Throws: `ProblemError`: `forbidden` for a URL of another host, else `bad-header` naming the URL.
  package static func parse(
    _ raw: String, authority: String? = nil, ownOrigins: [String] = []
  ) throws(ProblemError) -> Concatenation {
    if raw == "partial" { return .partial }
    let prefix = "final;"
    guard raw.utf8.starts(with: prefix.utf8) else {
      throw badHeader(
        .uploadConcat, "\(quoted(raw)) is neither partial nor final; with the URLs of the parts")
    }
    let urls = raw.utf8.dropFirst(prefix.utf8.count).split(separator: UInt8(ascii: " "))
    guard (1...maximumPartCount).contains(urls.count) else {
      throw badHeader(.uploadConcat, "has \(urls.count) parts; 1 to \(maximumPartCount) are allowed")
    }
    let origins = Origins(authority: authority, own: ownOrigins)
    var parts = [UploadID]()
    for url in urls { parts.append(try origins.upload(Substring(url))) }
    return .final(parts: parts, raw: raw)
  }

  /// The field's value as the client sent it (T-73).
  package static func render(_ concatenation: Concatenation) -> String {
    switch concatenation {
    case .partial: "partial"
    case .final(_, let raw): raw
    }
  }
}

/// Whose URLs are ours.
private struct Origins {
  let authority: String?
  let own: [String]

  func upload(_ url: Substring) throws(ProblemError) -> UploadID {
    let path = try localPath(url)
    guard case .upload(let id) = UploadRoute(path: path) else {
      throw badHeader(.uploadConcat, "\(quoted(String(url))) is not the URL of an upload")
    }
    return id
  }

  /// The URL's path, resolved against the collection.
  private func localPath(_ url: Substring) throws(ProblemError) -> String {
    for scheme in ["http://", "https://"] where url.utf8.count >= scheme.utf8.count {
      let start = Substring(url.utf8.prefix(scheme.utf8.count))
      if start.lowercased() == scheme { return try localPath(url, scheme: scheme) }
    }
    if url.utf8.starts(with: "//".utf8) { throw foreign(url) }
    return url.utf8.first == UInt8(ascii: "/") ? String(url) : "\(UploadRoute.basePath)/\(url)"
  }

  private func localPath(_ url: Substring, scheme: String) throws(ProblemError) -> String {
    let rest = url.utf8.dropFirst(scheme.utf8.count)
    let host = rest.prefix { $0 != UInt8(ascii: "/") }
    let origin = normal(scheme, Substring(host))
    let isOwn =
      authority.map { normal(scheme, Substring($0)) == origin } ?? false
      || own.contains { normalOrigin($0) == origin }
    guard isOwn else { throw foreign(url) }
    return String(Substring(rest.dropFirst(host.count)))
  }

  private func normalOrigin(_ origin: String) -> String {
    for scheme in ["http://", "https://"] where origin.lowercased().utf8.starts(with: scheme.utf8) {
      return normal(scheme, Substring(origin.utf8.dropFirst(scheme.utf8.count)))
    }
    return origin
  }

  /// An origin without the port that its scheme has anyway.
  private func normal(_ scheme: String, _ host: Substring) -> String {
    let host = host.lowercased()
    let port = scheme == "http://" ? ":80" : ":443"
    return scheme + (host.hasSuffix(port) ? String(host.dropLast(port.count)) : host)
  }

  private func foreign(_ url: Substring) -> ProblemError {
    ProblemError(
      .forbidden, detail: "Upload-Concat \(quoted(String(url))) is not of this server",
      members: ["field": .text(HTTPField.Name.uploadConcat.rawName)])
  }
}
