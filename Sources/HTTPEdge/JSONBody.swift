import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Platform
import UploadProtocol
import Vocabulary

/// JSON that clients send: bounded, of the right media type, decoded off the cooperative pool.
package enum JSONBody {
  static let smallLimit = 64 << 10
  /// A list of a million files.
  static let listLimit = 128 << 20
  /// Bytes of all bodies together that may be in memory beyond the small ones.
  private static let totalLimit = 128 << 20
  private static let inMemory = Locked(0)
  private static let executor = ThreadedExecutor(name: "sheaf.json", threads: 2)

  /// - Throws: `ProblemError`: `unsupported-media-type`, `too-large`, `busy`, or `bad-request` naming the field.
  static func decode<Value: Decodable & Sendable>(
    _ type: Value.Type, from request: Request, limit: Int = smallLimit
  ) async throws -> Value {
    try requireJSON(request)
    return try await withContent(of: request, limit: limit) { content in
      try await executor.run { try decode(type, content) }
    }
  }

  /// Checks that a request has no content, or JSON, which then says nothing.
  ///
  /// The media type matters also here: a form of another site can send any other kind, with a visitor's cookies.
  static func ignore(_ request: Request) async throws {
    if request.headers[.contentType] != nil { try requireJSON(request) }
    try await withContent(of: request, limit: smallLimit) { _ in }
  }

  /// Decodes a whole body.
  ///
  /// - Throws: `ProblemError` with `bad-request` naming the field, or what the type's own parts throw.
  package static func decode<Value: Decodable>(_ type: Value.Type, _ content: Data) throws -> Value {
    guard !content.isEmpty else {
      throw ProblemError(.badRequest, detail: "the body is empty; it must be a JSON object")
    }
    do {
      return try JSONDecoder().decode(type, from: content)
    } catch is DecodingError {
      // Every value's own flaw is told by FieldReader; what is left is the text as a whole, and Foundation says no more.
      throw ProblemError(.badRequest, detail: "the body is not well-formed JSON (RFC 8259)")
    }
  }

  private static func requireJSON(_ request: Request) throws(ProblemError) {
    let type = try request.headers.mediaType.optional(.contentType)
    guard type == "application/json" else {
      throw ProblemError(
        .unsupportedMediaType,
        detail: "Content-Type \(type.map(quoted) ?? "is missing; it") must be application/json",
        members: ["field": .text("Content-Type")])
    }
  }

  private static func withContent<Result: Sendable>(
    of request: Request, limit: Int, _ body: (Data) async throws -> Result
  ) async throws -> Result {
    if let text = request.headers[.contentLength], let declared = Int(text), declared > limit {
      throw tooLarge(limit)
    }
    var content = Data()
    var counted = 0
    defer { inMemory.withLock { [counted] in $0 -= counted } }
    var pieces = request.body.makeAsyncIterator()
    while let buffer = try await next(&pieces) {
      guard content.count + buffer.readableBytes <= limit else { throw tooLarge(limit) }
      content.append(contentsOf: buffer.readableBytesView)
      guard content.count > smallLimit else { continue }
      let added = content.count - counted
      let isRoom = inMemory.withLock { total in
        guard total + added <= totalLimit else { return false }
        total += added
        return true
      }
      guard isRoom else {
        throw ProblemError(
          .busy, detail: "too many long lists of files are being read; try again in a moment")
      }
      counted += added
    }
    return try await body(content)
  }

  /// A client that stops in the middle is the client's problem and not a failure of ours.
  private static func next(_ pieces: inout RequestBody.AsyncIterator) async throws(ProblemError)
    -> ByteBuffer?
  {
    do {
      return try await pieces.next()
    } catch {
      throw ProblemError(.badRequest, detail: "the request's body broke off")
    }
  }

  private static func tooLarge(_ limit: Int) -> ProblemError {
    ProblemError(.tooLarge, detail: "the body has more than the \(limit) bytes that this request may have")
  }
}
