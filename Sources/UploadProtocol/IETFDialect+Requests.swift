import HTTPTypes
import Vocabulary

extension IETFDialect {
  func creation(_ head: UploadRequestHead) throws(ProblemError) -> CreateIntent {
    let fields = head.headerFields
    // Without the field it is an ordinary request, whose content is the whole file.
    let isComplete = version.isComplete(fields) ?? true
    let contentLength = try head.contentLength()
    let stated = try statedLength(fields)
    let length = isComplete ? try Self.agreed(stated, end: contentLength) : stated
    if let length, let contentLength, contentLength > length {
      throw Self.contradiction(length, contentLength)
    }
    try options.checkSize(length ?? contentLength, of: length == stated ? .uploadLength : .contentLength)
    return CreateIntent(
      length: length, metadata: try RequestMetadata.read(head), hasContent: head.hasBody || isComplete,
      contentLength: contentLength, checks: try ContentChecksParser.checks(of: fields, isCreation: true),
      completion: isComplete ? .withRequest : .later, overflow: version.overflow,
      idempotencyKey: try fields.idempotencyKey())
  }

  func append(_ head: UploadRequestHead) throws(ProblemError) -> AppendIntent {
    let fields = head.headerFields
    try checkMediaType(fields)
    let offset = try fields.structuredInteger(.uploadOffset).required(.uploadOffset)
    let isComplete = try statedCompleteness(fields)
    let contentLength = try head.contentLength()
    let stated = try statedLength(fields)
    let length = isComplete ? try Self.agreed(stated, end: try Self.end(offset, contentLength)) : stated
    try options.checkSize(length, of: length == stated ? .uploadLength : .contentLength)
    return AppendIntent(
      offset: offset, length: length, contentLength: contentLength,
      checks: try ContentChecksParser.checks(of: fields, isCreation: false),
      completion: isComplete ? .withRequest : .later, overflow: version.overflow)
  }

  private func checkMediaType(_ fields: HTTPFields) throws(ProblemError) {
    guard let wanted = version.appendMediaType, try fields.mediaType.optional(.contentType) != wanted else {
      return
    }
    throw ProblemError(
      .unsupportedMediaType, detail: "Content-Type of an append must be \(wanted)",
      members: ["field": .text(HTTPField.Name.contentType.rawName)])
  }

  private func statedCompleteness(_ fields: HTTPFields) throws(ProblemError) -> Bool {
    if let isComplete = version.isComplete(fields) { return isComplete }
    guard version.appendNeedsCompleteness || fields.contains(version.completenessField) else { return true }
    throw badHeader(version.completenessField, "is missing or neither ?0 nor ?1")
  }

  private func statedLength(_ fields: HTTPFields) throws(ProblemError) -> Int64? {
    version.hasLength ? try fields.structuredInteger(.uploadLength).optional(.uploadLength) : nil
  }

  private static func end(_ offset: Int64, _ contentLength: Int64?) throws(ProblemError) -> Int64? {
    guard let contentLength else { return nil }
    let (end, overflow) = offset.addingReportingOverflow(contentLength)
    guard !overflow else { throw badHeader(.contentLength, "ends beyond any file") }
    return end
  }

  /// The length that the field and the end of the last content both stand for.
  private static func agreed(_ stated: Int64?, end: Int64?) throws(ProblemError) -> Int64? {
    guard let stated, let end else { return stated ?? end }
    guard stated == end else { throw contradiction(stated, end) }
    return stated
  }

  private static func contradiction(_ stated: Int64, _ end: Int64) -> ProblemError {
    ProblemError(
      .inconsistentLength, detail: "Upload-Length is \(stated), but the content ends at \(end)",
      members: ["field": .text(HTTPField.Name.uploadLength.rawName)])
  }
}
