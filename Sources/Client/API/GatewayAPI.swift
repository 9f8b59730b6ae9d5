import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Platform
import Vocabulary

/// Typed HTTP calls to one gateway: each makes one request and retries nothing.
///
/// Call `shutdown` when done.
package struct GatewayAPI: Sendable {
  package let server: ServerURL
  /// Who asks for changes, as it is sent in `From`.
  package var author: String?
  /// For requests that are answered at once; its read timeout counts from the end of the request.
  private let prompt: any HTTPTransport
  /// For requests whose answer needs the server to read whole files.
  private let patient: any HTTPTransport
  private let clock: any WallClock

  package static let mostAnswerBytes = 256 << 20

  /// How long an answer may take.
  package enum Patience: Sendable { case prompt, patient }

  package struct Answer: Sendable {
    package var status: Int
    package var body: [UInt8]
    let headers: HTTPHeaders
    package func field(_ name: String) -> String? { headers.first(name: name) }
    package var uploadOffset: Int64? { field("Upload-Offset").flatMap { Int64($0) } }
    package var mostAppendBytes: Int64? { field("Upload-Limit").flatMap(UploadLimit.mostAppendBytes) }
  }

  /// - Parameter trust: whom to believe at an `https:` address.
  package init(
    server: ServerURL, connections: Int = 8, trust: ServerTrust = .system,
    clock: any WallClock = SystemClock()
  ) {
    self.server = server
    self.clock = clock
    prompt = PooledTransport(connections: connections, answer: .seconds(120), trust: trust)
    patient = PooledTransport(connections: connections, answer: .hours(6), trust: trust)
  }

  /// All requests go over `transport`.
  package init(server: ServerURL, transport: any HTTPTransport, clock: any WallClock = SystemClock()) {
    self.server = server
    self.clock = clock
    prompt = transport
    patient = transport
  }

  package func shutdown() async {
    for transport in [prompt, patient] { await transport.shutdown() }
  }

  /// One request with a small answer, which is read whole.
  ///
  /// - Throws: `ClientError` for every status but 2xx and for a missing answer, `CancellationError`, or what the body's
  ///   source threw.
  package func send(
    _ method: HTTPMethod, _ address: String, fields: [(String, String)] = [],
    body: HTTPClientRequest.Body? = nil,
    patience: Patience = .prompt
  ) async throws -> Answer {
    let response = try await start(method, address, fields: fields, body: body, patience: patience)
    let bytes: [UInt8]
    do {
      let buffer = try await response.body.collect(upTo: Self.mostAnswerBytes)
      bytes = Array(buffer.readableBytesView)
    } catch {
      if Task.isCancelled { throw CancellationError() }
      throw ClientError.network("the answer broke off: \(Self.reason(error))")
    }
    return Answer(status: Int(response.status.code), body: bytes, headers: response.headers)
  }

  /// One request whose answer's body the caller reads as it comes.
  package func start(
    _ method: HTTPMethod, _ address: String, fields: [(String, String)] = [],
    body: HTTPClientRequest.Body? = nil,
    patience: Patience = .prompt
  ) async throws -> HTTPClientResponse {
    var request = HTTPClientRequest(url: address)
    request.method = method
    request.headers.add(name: "User-Agent", value: "sheaf/\(SheafVersion.current)")
    // HTTP/1.1 wants a host (RFC 9112 §3.2), and the path of a socket is none.
    if server.socketPath != nil { request.headers.add(name: "Host", value: "localhost") }
    if let author, method != .GET, method != .HEAD { request.headers.add(name: "From", value: author) }
    for (name, value) in fields { request.headers.add(name: name, value: value) }
    request.body = body
    let response: HTTPClientResponse
    do {
      response = try await (patience == .prompt ? prompt : patient).execute(request)
    } catch let error as SourceError {
      throw error
    } catch {
      if Task.isCancelled || error is CancellationError { throw CancellationError() }
      if Self.isDistrust(error) { throw ClientError.untrusted(Self.reason(error)) }
      throw ClientError.network(Self.reason(error))
    }
    guard !(200..<300).contains(response.status.code) else { return response }
    // A refusal is worth reporting even when its explanation breaks off.
    var bytes: [UInt8] = []
    do {
      let buffer = try await response.body.collect(upTo: 1 << 20)
      bytes = Array(buffer.readableBytesView)
    } catch {
      if Task.isCancelled { throw CancellationError() }
    }
    throw ProblemReader.error(
      status: Int(response.status.code), body: bytes, now: clock.now(),
      field: { response.headers.first(name: $0) })
  }

  package func json<Value: Decodable>(_ type: Value.Type, _ answer: Answer) throws(ClientError) -> Value {
    do {
      return try JSONDecoder().decode(type, from: Data(answer.body))
    } catch {
      throw .unexpected(
        "the answer is not the JSON this client knows (\(type))", status: answer.status,
        requestID: answer.field("X-Request-ID"))
    }
  }

  package func get<Value: Decodable>(
    _ type: Value.Type, _ segments: [String], query: [(String, String)] = [], patience: Patience = .prompt
  ) async throws -> Value {
    let answer = try await send(
      .GET, server.resource(segments, query: query), fields: [("Accept", "application/json")],
      patience: patience)
    return try json(type, answer)
  }

  package func post<Value: Decodable>(
    _ type: Value.Type, _ segments: [String], query: [(String, String)] = [], json content: Data? = nil,
    patience: Patience = .prompt
  ) async throws -> Value {
    let answer = try await send(
      .POST, server.resource(segments, query: query),
      fields: [("Accept", "application/json")]
        + (content == nil ? [] : [("Content-Type", "application/json")]),
      body: content.map { .bytes(ByteBuffer(bytes: $0)) }, patience: patience)
    return try self.json(type, answer)
  }

  /// A request with JSON as its content, answered with JSON.
  package func exchange<Value: Decodable>(
    _ type: Value.Type, _ method: HTTPMethod, _ segments: [String], json content: Data
  ) async throws -> Value {
    let answer = try await send(
      method, server.resource(segments),
      fields: [("Accept", "application/json"), ("Content-Type", "application/json")],
      body: .bytes(ByteBuffer(bytes: content)))
    return try self.json(type, answer)
  }

  package func delete(_ segments: [String]) async throws {
    _ = try await send(.DELETE, server.resource(segments), patience: .patient)
  }

  /// All items of a list, page by page, each page retried on its own.
  package func all<Item: Decodable & Sendable>(
    _ type: Item.Type, _ segments: [String], query fixed: [(String, String)] = [], retrier: Retrier
  ) async throws -> [Item] {
    var items: [Item] = []
    var cursor: String?
    repeat {
      let query = fixed + [("limit", "1000")] + (cursor.map { [("cursor", $0)] } ?? [])
      let page = try await retrier.run { try await get(Page<Item>.self, segments, query: query) }
      items += page.items
      guard page.next == nil || page.next != cursor else {
        throw ClientError.unexpected("the list's cursor does not advance")
      }
      cursor = page.next
    } while cursor != nil
    return items
  }

  /// Waiting makes no certificate better.
  private static func isDistrust(_ error: any Error) -> Bool {
    let text = String(describing: error)
    return text.contains("CERTIFICATE_VERIFY_FAILED") || text.contains("failedToValidateHostname")
  }

  private static func reason(_ error: any Error) -> String {
    if let error = error as? HTTPClientError { return error.shortDescription }
    let text = String(describing: error)
    // Connection errors come as lists of lists; the usual causes are told in their own words.
    let causes = [
      "Connection refused", "Connection reset by peer", "Network is unreachable", "No route to host",
      "Broken pipe", "No such file or directory", "CERTIFICATE_VERIFY_FAILED",
    ]
    return causes.first { text.contains($0) } ?? text
  }
}
