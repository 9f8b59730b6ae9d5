import HTTPTypes
import Hummingbird
import Vocabulary

extension GatewayServices {
  /// Who asks for a change, for the event of it: `Ann <ann@example.org> (192.0.2.7)`, or the address alone.
  ///
  /// The name is what `From` says (RFC 9110 §10.1.2): a statement that nobody checks.
  ///
  /// - Throws: `ProblemError` with `bad-header` for a `From` that is no line of text or too long.
  func actor(of request: Request, _ context: GatewayContext) throws(ProblemError) -> String {
    let client = client(of: request, context) ?? "unknown"
    guard let name = try RequestActor.name(request.headers[.from]) else { return client }
    return "\(name) (\(client))"
  }
}

/// The name in a request's `From` field.
package enum RequestActor {
  package static let maximumBytes = 256

  /// nil when the field is absent or empty.
  ///
  /// - Throws: `ProblemError` with `bad-header`.
  package static func name(_ field: String?) throws(ProblemError) -> String? {
    guard let field, !field.isEmpty else { return nil }
    guard field.utf8.count <= maximumBytes,
      !field.unicodeScalars.contains(where: { $0.value < 0x20 || (0x7f...0x9f).contains($0.value) })
    else {
      throw ProblemError(
        .badHeader,
        detail: "From must be one line of at most \(maximumBytes) bytes, such as a name and address",
        members: ["field": .text("From")])
    }
    return field
  }
}

extension HTTPField.Name {
  static let from = HTTPField.Name("From")!
}
