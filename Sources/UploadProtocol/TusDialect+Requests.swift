import HTTPTypes
import Vocabulary

extension TusDialect {
  func creation(_ head: UploadRequestHead) throws(ProblemError) -> CreateIntent {
    let fields = head.headerFields
    let concatenation = try concatenation(head)
    var intent = CreateIntent(length: nil, concatenation: concatenation)
    if case .final = concatenation {
      try checkFinal(head)
    } else {
      intent.length = try declaredLength(fields)
    }
    if let raw = fields[.uploadMetadata] { intent.metadata = try UploadMetadataParser.parse(raw) }
    intent.checks.fileDigests = try ContentChecksParser.fileDigests(of: fields, isCreation: true)
    intent.idempotencyKey = try fields.idempotencyKey()
    // Some HTTP libraries force a content type and a body on every POST; such a body is no content.
    guard head.hasBody, try declaresContent(fields) else { return intent }
    try refuseContentCoding(fields)
    intent.hasContent = true
    intent.contentLength = try head.contentLength()
    intent.checks = try checks(fields, isCreation: true)
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
      contentLength: try head.contentLength(), checks: try checks(fields, isCreation: false))
  }

  private func concatenation(_ head: UploadRequestHead) throws(ProblemError) -> Concatenation? {
    guard let raw = try head.headerFields.single(.uploadConcat).optional(.uploadConcat) else { return nil }
    return try UploadConcatParser.parse(raw, authority: head.authority, ownOrigins: options.ownOrigins)
  }

  /// A final upload is its parts: it has no length and no content of its own (T-72).
  private func checkFinal(_ head: UploadRequestHead) throws(ProblemError) {
    for name in [HTTPField.Name.uploadLength, .uploadDeferLength] where head.headerFields.contains(name) {
      throw badHeader(name, "does not belong on a final upload, whose length is that of its parts")
    }
    guard head.hasBody, try declaresContent(head.headerFields) else { return }
    throw ProblemError(
      .finalImmutable, detail: "a final upload is made of its parts; send it without content")
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
      try options.checkSize(length, of: .uploadLength)
      return length
    }
  }

  private func declaresContent(_ fields: HTTPFields) throws(ProblemError) -> Bool {
    try fields.mediaType.optional(.contentType) == Self.contentType
  }

  private func checks(_ fields: HTTPFields, isCreation: Bool) throws(ProblemError) -> ContentChecks {
    ContentChecks(
      checksums: try checksum(fields).map { [$0] } ?? [],
      hasTrailer: fields.announcesTrailer(.uploadChecksum),
      fileDigests: try ContentChecksParser.fileDigests(of: fields, isCreation: isCreation))
  }

  func checksum(_ fields: HTTPFields) throws(ProblemError) -> Checksum? {
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
