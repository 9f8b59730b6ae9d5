import HTTPTypes
import Hummingbird
import NIOCore
import UploadProtocol
import Vocabulary

/// The fields of a form of these pages, as browsers send it (application/x-www-form-urlencoded).
package struct PageForm: Sendable {
  package static let smallBytes = 64 << 10

  private let fields: [(name: String, value: String)]

  /// - Throws: `ProblemError` with `bad-request` for text that is not percent-encoded UTF-8.
  package init(_ text: String) throws(ProblemError) {
    var fields: [(String, String)] = []
    for pair in text.split(separator: "&") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = Self.decoded(parts[0]), let value = parts.count == 2 ? Self.decoded(parts[1]) : ""
      else { throw ProblemError(.badRequest, detail: "the form is not percent-encoded UTF-8") }
      fields.append((name, value))
    }
    self.fields = fields
  }

  /// - Throws: `ProblemError`: `unsupported-media-type`, `too-large`, `bad-request`.
  static func read(_ request: Request, limit: Int = smallBytes) async throws -> PageForm {
    guard try request.headers.mediaType.optional(.contentType) == "application/x-www-form-urlencoded" else {
      throw ProblemError(
        .unsupportedMediaType, detail: "Content-Type must be application/x-www-form-urlencoded",
        members: ["field": .text("Content-Type")])
    }
    do {
      return try PageForm(String(buffer: try await request.body.collect(upTo: limit)))
    } catch is NIOTooManyBytesError {
      throw ProblemError(
        .tooLarge, detail: "the form has more than \(limit) bytes; use the API for longer lists")
    }
  }

  /// The first value, empty when there is none.
  package subscript(_ name: String) -> String { fields.first { $0.name == name }?.value ?? "" }
  package func values(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }

  /// A whole number, nil for an empty field.
  ///
  /// - Throws: `ProblemError` with `bad-request` naming the field.
  package func number(_ name: String) throws(ProblemError) -> Int64? {
    let text = self[name]
    if text.isEmpty { return nil }
    guard let value = Int64(digits: text) else {
      throw ProblemError(
        .badRequest, detail: "\(name) \(quoted(text)) is not a whole number", members: ["field": .text(name)])
    }
    return value
  }

  private static func decoded(_ text: Substring) -> String? {
    PageLinks.decoded(text.replacing("+", with: " "))
  }
}
