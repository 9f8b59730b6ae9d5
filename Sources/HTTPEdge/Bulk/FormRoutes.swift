import HTTPTypes
import Hummingbird
import Platform
import UploadProtocol
import Uploads
import Vocabulary

/// `POST /files/` with a form: every file part becomes an upload.
struct FormRoutes: Sendable {
  private let services: GatewayServices
  private let resultBudget: ByteBudget

  /// `resultBudget` as of `ResultText`.
  init(services: GatewayServices, resultBudget: ByteBudget) {
    self.services = services
    self.resultBudget = resultBudget
  }

  func add(to router: Router<GatewayContext>) {
    router.post("/files") { request, context in try await receive(request, context) }
  }

  private func receive(_ request: Request, _ context: GatewayContext) async throws -> Response {
    let type = try request.headers.single(.contentType).optional(.contentType) ?? ""
    guard try request.headers.mediaType.optional(.contentType) == MultipartBoundary.mediaType else {
      throw ProblemError(
        .unsupportedMediaType, detail: "Content-Type \(quoted(type)) is not \(MultipartBoundary.mediaType)",
        members: ["field": .text("Content-Type")])
    }
    let boundary = try MultipartBoundary.parse(type)
    let defaults = try FormFields(query: request)
    let client = services.client(of: request, context)
    let (services, results) = (services, FormResults(resultBudget))
    let received = try await RequestPieces.of(request, on: context.eventLoop, services.receptions) { pieces in
      let receiver = FormReceiver(
        services: services, stream: ItemStream(pieces, MultipartParser(boundary: boundary)),
        defaults: defaults, client: client)
      return try await receiver.receive(results)
    }
    return try answer(received, request)
  }

  private func answer(_ results: FormResults, _ request: Request) throws -> Response {
    if results.stored == 0, let problem = results.firstProblem { throw problem }
    if Self.prefersPage(request.headers) {
      return Response(status: .seeOther, headers: [.location: "/ui/pushes", .cacheControl: "no-store"])
    }
    var headers: HTTPFields = [.contentType: "application/json", .cacheControl: "no-store"]
    if results.count == 1, let only = results.firstUpload { headers[.location] = "/files/\(only)" }
    return Response(status: .created, headers: headers, body: results.body(patience: services.patience))
  }

  /// True for a browser that shows the answer to a person.
  private static func prefersPage(_ headers: HTTPFields) -> Bool {
    let ranges = headers[values: .accept].joined(separator: ",").lowercased()
    return ranges.contains("text/html") && !UploadRoutes.wantsJSON(headers)
  }
}

/// What a form says of its files beside them.
struct FormFields: Sendable {
  static let names: Set = ["push", "path", "sha256", "mtime", "mode"]
  private var values: [String: String] = [:]

  init() {}

  /// - Throws: `ProblemError` with `bad-request` for a parameter that means nothing.
  init(query request: Request) throws(ProblemError) {
    for (name, value) in request.uri.queryParameters {
      guard Self.names.contains(String(name)) else {
        throw ProblemError(
          .badRequest,
          detail: "\(quoted(String(name))) is not one of \(Self.names.sorted().joined(separator: ", "))",
          members: ["field": .text(String(name))])
      }
      values[String(name)] = String(value)
    }
  }

  subscript(name: String) -> String? {
    get { values[name] }
    set { values[name] = newValue }
  }

  /// These in front of `defaults`.
  func over(_ defaults: FormFields) -> FormFields {
    var fields = self
    fields.values.merge(defaults.values) { mine, _ in mine }
    return fields
  }

  func metadata(filename: String, mediaType: String?) -> UploadMetadata {
    UploadMetadata([
      "push": self["push"], "path": self["path"], "filename": filename, "filetype": mediaType,
      "sha256": self["sha256"], "mtime": self["mtime"], "mode": self["mode"],
    ])
  }
}
