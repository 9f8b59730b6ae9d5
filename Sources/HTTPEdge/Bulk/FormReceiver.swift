import GatewayConfiguration
import UploadProtocol
import Uploads
import Vocabulary

/// Takes a form part by part; memory does not grow with its files.
struct FormReceiver: Sendable {
  /// Parts of one form, files and fields.
  static let maximumPartCount = 10_000
  /// Bytes of a field's value.
  static let maximumFieldBytes = 4 << 10
  /// Bytes of a file's name, which comes back with the answer.
  private static let maximumNameBytes = 1024
  /// A part that ends within so many bytes is created with its length known.
  private static let maximumWholeBytes = 64 << 10

  let services: GatewayServices
  let stream: ItemStream<FormEvent>
  let defaults: FormFields
  let client: String?

  /// - Throws: `ProblemError` with the number of files `stored` when the form cannot be read on.
  func receive(_ results: FormResults) async throws(ProblemError) -> FormResults {
    var results = results
    do throws(ProblemError) {
      try await receive(into: &results)
      guard results.count > 0 else { throw ProblemError(.badRequest, detail: "the form has no file") }
      return results
    } catch {
      var error = error
      error.members["stored"] = .integer(Int64(results.stored))
      throw error
    }
  }

  private func receive(into results: inout FormResults) async throws(ProblemError) {
    var fields = FormFields()
    var count = 0
    while let event = try await stream.next() {
      guard case .part(let part) = event else { preconditionFailure("a part begins where another ended") }
      count += 1
      guard count <= Self.maximumPartCount else {
        throw ProblemError(.tooLarge, detail: "a form may have \(Self.maximumPartCount) parts")
      }
      guard let filename = part.filename else {
        try await readField(part.name, &fields)
        continue
      }
      // A form with nothing chosen sends a file without a name.
      if let result = try await receive(part, filename, fields.over(defaults)) {
        try results.append(result)
      }
      fields = FormFields()
    }
  }

  private func readField(_ name: String, _ fields: inout FormFields) async throws(ProblemError) {
    guard FormFields.names.contains(name) else { return try await stream.skip() }
    let (value, isWhole) = try await take(Self.maximumFieldBytes)
    guard isWhole else {
      throw ProblemError(
        .badRequest, detail: "the field \(name) has more than \(Self.maximumFieldBytes) bytes",
        members: ["field": .text(name)])
    }
    guard let text = String(validating: value, as: UTF8.self) else {
      throw ProblemError(
        .badRequest, detail: "the field \(name) is not valid UTF-8", members: ["field": .text(name)])
    }
    fields[name] = text
  }

  /// Content of the part at hand, up to its end or until it has more than `limit` bytes.
  private func take(_ limit: Int) async throws(ProblemError) -> (bytes: [UInt8], isWhole: Bool) {
    var bytes: [UInt8] = []
    while let event = try await stream.next() {
      switch event.content {
      case .bytes(let piece): bytes += piece
      case .end: return (bytes, true)
      case nil: preconditionFailure("a part ends before the next one begins")
      }
      if bytes.count > limit { return (bytes, false) }
    }
    preconditionFailure("a part ends before its form")
  }

  /// nil for a part that is no file at all.
  private func receive(
    _ part: FormPart, _ filename: String, _ fields: FormFields
  ) async throws(ProblemError) -> FormResult? {
    var result = FormResult(name: Self.cut(part.name), filename: Self.cut(filename))
    let (head, isWhole) = try await take(
      min(services.settings.smallUploadBytes, Self.maximumWholeBytes))
    if filename.isEmpty && head.isEmpty && isWhole { return nil }
    if let flaw = Self.flaw(of: part, hasPath: fields["path"] != nil) {
      if !isWhole { try await stream.skip() }
      result.problem = ProblemError(
        .badMetadata, detail: "the file name \(quoted(filename)) \(flaw)", members: ["key": .text("filename")]
      )
      return result
    }
    let metadata = fields.metadata(filename: filename, mediaType: part.mediaType)
    let outcome: UploadOutcome
    if isWhole {
      let intent = CreateIntent(
        length: Int64(head.count), metadata: metadata, hasContent: true, contentLength: Int64(head.count))
      outcome = await services.uploads.perform(.create(intent), body: WholeBody(head), client: client)
    } else {
      let intent = CreateIntent(length: nil, metadata: metadata, hasContent: true, completion: .withRequest)
      let body = ItemBody(stream, head: head)
      outcome = await services.uploads.perform(.create(intent), body: body, client: client)
      try await body.leave()
    }
    switch outcome {
    case .created(let view, _) where view.state.isFinished: result.upload = view
    case .refused(let error, _):
      if ItemProblem.concernsAll(error.problem) { throw error }
      result.problem = error
    case .created, .discovered, .inspected, .appended, .terminated:
      result.problem = ProblemError(.notFinished, detail: "the file did not arrive as a whole")
    }
    return result
  }

  private static func flaw(of part: FormPart, hasPath: Bool) -> String? {
    if part.hasUnreadableName { return "is not valid UTF-8" }
    guard let count = part.filename?.utf8.count, count > 0 else { return hasPath ? nil : "is empty" }
    return count > maximumNameBytes ? "is longer than \(maximumNameBytes) bytes" : nil
  }

  private static func cut(_ name: String) -> String {
    name.utf8.count > maximumNameBytes ? String(name.unicodeScalars.prefix(maximumNameBytes / 4)) + "…" : name
  }
}
