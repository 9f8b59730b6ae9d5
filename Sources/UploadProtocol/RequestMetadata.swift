import HTTPTypes
import Vocabulary

/// Collects the metadata of an upload that is not made by tus: from `Upload-Metadata`, the URL, and the fields that
/// describe any content (R-17).
struct RequestMetadata {
  private static let parameters: Set = ["push", "path", "filename", "sha256", "mtime", "mode"]
  /// What curl says of whatever it posts.
  private static let meaninglessType = "application/x-www-form-urlencoded"

  private var pairs: [UploadMetadata.Pair]
  private let sent: UploadMetadata

  /// The metadata of a request.
  ///
  /// What the URL says must not contradict `Upload-Metadata`; the other fields only fill in what neither of them says.
  /// The raw text is that of the request if nothing was added, else tus's form of it all, so that HEAD can tell it.
  ///
  /// - Throws: `ProblemError`: `bad-metadata`, `headers-too-large`, or `bad-path` for a name in the URL's path.
  static func read(_ head: UploadRequestHead) throws(ProblemError) -> UploadMetadata {
    let fields = head.headerFields
    var metadata = Self(try UploadMetadataParser.parse(fields[.uploadMetadata] ?? ""))
    if case .named(let name) = head.route {
      let path = try BundlePath(name)
      try metadata.state("path", Array(path.text.utf8))
      metadata.fill("filename", path.lastComponent)
    }
    try metadata.addQuery(of: head.path)
    if let type = fields[.contentType], try fields.mediaType.optional(.contentType) != meaninglessType {
      metadata.fill("filetype", type)
    }
    metadata.fill("filename", fields[.contentDisposition].flatMap(ContentDispositionParser.filename))
    metadata.fill("content-encoding", fields[.contentEncoding])
    return try metadata.value()
  }

  private init(_ sent: UploadMetadata) {
    self.sent = sent
    pairs = sent.pairs
  }

  private mutating func state(_ key: String, _ value: [UInt8]) throws(ProblemError) {
    guard let pair = pairs.first(where: { $0.key == key }) else {
      pairs.append(.init(key: key, value: value))
      return
    }
    guard pair.value == value else {
      throw ProblemError(
        .badMetadata, detail: "\(quoted(key)) is given more than once with different values",
        members: ["key": .text(key)])
    }
  }

  private mutating func fill(_ key: String, _ value: String?) {
    guard let value, !value.isEmpty, !pairs.contains(where: { $0.key == key }) else { return }
    pairs.append(.init(key: key, value: Array(value.utf8)))
  }

  private mutating func addQuery(of path: String) throws(ProblemError) {
    let target = path.utf8.prefix { $0 != UInt8(ascii: "#") }
    guard let start = target.firstIndex(of: UInt8(ascii: "?")) else { return }
    for part in target[start...].dropFirst().split(separator: UInt8(ascii: "&")) {
      let sides = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      let key = String(decoding: Array(sides[0]), as: UTF8.self)
      guard Self.parameters.contains(key) else { continue }
      guard
        let value = PercentEncoding.decode(sides.count == 2 ? sides[1] : sides[0].dropFirst(key.utf8.count))
      else {
        throw ProblemError(
          .badMetadata, detail: "the query's \(quoted(key)) is not percent-encoded",
          members: ["key": .text(key)])
      }
      try state(key, value)
    }
  }

  private func value() throws(ProblemError) -> UploadMetadata {
    if pairs == sent.pairs { return sent }
    let elements = pairs.map { pair in
      pair.value.isEmpty ? pair.key : "\(pair.key) \(Base64.encode(pair.value))"
    }
    return try UploadMetadataParser.parse(elements.joined(separator: ","))
  }
}
