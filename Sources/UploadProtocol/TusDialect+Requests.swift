import HTTPTypes
import Vocabulary

extension TusDialect {
  func creation(_ head: UploadRequestHead) throws(ProblemError) -> CreateIntent {
    let fields = head.headerFields
    guard !fields.contains(.uploadConcat) else {
      throw badHeader(.uploadConcat, "concatenation is not supported")
    }
    var intent = CreateIntent(length: try declaredLength(fields), metadata: .none)
    if let raw = fields[.uploadMetadata] { intent.metadata = try UploadMetadataParser.parse(raw) }
    // Some HTTP libraries force a content type and a body on every POST; such a body is no content.
    guard head.hasBody, try declaresContent(fields) else { return intent }
    try refuseContentCoding(fields)
    intent.hasContent = true
    intent.contentLength = try head.contentLength()
    intent.checks = .checksum(try checksum(fields))
    return intent
  }

  func append(_ head: UploadRequestHead) throws(ProblemError) -> AppendIntent {
    let fields = head.headerFields
    guard try declaresContent(fields) else {
      throw ProblemError(
        .unsupportedMediaType, detail: "Content-Type of a PATCH must be \(Self.contentType)",
        members: ["field": .text(HTTPField.Name.contentType.rawName)])
    }
    try refuseContentCoding(fields)
    return AppendIntent(
      offset: try fields.integer(.uploadOffset).required(.uploadOffset),
      length: try fields.integer(.uploadLength).optional(.uploadLength),
      contentLength: try head.contentLength(),
      checks: .checksum(try checksum(fields)))
  }

  /// The length a creation declares, `nil` when it is deferred.
  private func declaredLength(_ fields: HTTPFields) throws(ProblemError) -> Int64? {
    let length = try fields.integer(.uploadLength).optional(.uploadLength)
    let deferral = try fields.single(.uploadDeferLength).optional(.uploadDeferLength)
    switch (length, deferral) {
    case (nil, nil):
      throw badHeader(.uploadLength, "is missing; send it, or Upload-Defer-Length: 1")
    case (_?, _?):
      throw ProblemError(
        .inconsistentLength, detail: "Upload-Length and Upload-Defer-Length exclude each other",
        members: ["field": .text(HTTPField.Name.uploadDeferLength.rawName)])
    case (nil, let deferral?):
      guard deferral == "1" else { throw badHeader(.uploadDeferLength, "\(quoted(deferral)) is not 1") }
      return nil
    case (let length?, nil):
      if let maximum = options.maximumSizeBytes, length > maximum {
        throw ProblemError(
          .tooLarge, detail: "Upload-Length \(length) is more than the \(maximum) bytes this server takes",
          members: ["maximum-size": .integer(maximum), "provided-length": .integer(length)])
      }
      return length
    }
  }

  private func declaresContent(_ fields: HTTPFields) throws(ProblemError) -> Bool {
    try fields.mediaType.optional(.contentType) == Self.contentType
  }

  private func checksum(_ fields: HTTPFields) throws(ProblemError) -> Checksum? {
    guard let text = try fields.single(.uploadChecksum).optional(.uploadChecksum) else { return nil }
    return try UploadChecksumParser.parse(text)
  }

  /// Offsets count the bytes of the file, which a coding would hide.
  private func refuseContentCoding(_ fields: HTTPFields) throws(ProblemError) {
    guard let coding = fields[.contentEncoding] else { return }
    throw ProblemError(
      .unsupportedMediaType,
      detail: "Content-Encoding \(quoted(coding)) is not supported; send the bytes as they are",
      members: ["field": .text(HTTPField.Name.contentEncoding.rawName)])
  }
}
