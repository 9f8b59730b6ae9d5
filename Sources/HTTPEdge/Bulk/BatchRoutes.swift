import HTTPTypes
import Hummingbird
import Platform
import Uploads
import Vocabulary

/// `POST /files/batch`: the files of an archive become uploads of one push.
struct BatchRoutes: Sendable {
  /// Files in memory of all such requests together.
  private static let gatheredBytes = 64 << 20
  private let services: GatewayServices
  private let budget = ByteBudget(bytes: gatheredBytes)
  private let repeated = RepeatedRequests()
  private let resultBudget: ByteBudget

  /// `resultBudget` as of `ResultText`.
  init(services: GatewayServices, resultBudget: ByteBudget) {
    self.services = services
    self.resultBudget = resultBudget
  }

  func add(to router: Router<GatewayContext>) {
    router.post("/files/batch") { request, context in try await receive(request, context) }
  }

  private func receive(_ request: Request, _ context: GatewayContext) async throws -> Response {
    if services.uploads.isDrainingNow {
      throw ProblemError(.draining, detail: "the server is shutting down and takes no more files")
    }
    let batch = try BatchRequest(request)
    let client = services.client(of: request, context)
    let loop = context.eventLoop
    let answer = try await RequestPieces.of(request, on: loop, services.receptions) {
      [services, budget, resultBudget, repeated] pieces in
      try await repeated.run(batch.repetitionKey, pieces) {
        let receiver = BatchReceiver(
          batch, push: try await BatchPush(batch, services), services: services, pieces: pieces,
          budget: budget, resultBudget: resultBudget, loop: loop, client: client)
        return try await receiver.receive()
      }
    }
    var headers: HTTPFields = [.contentType: "application/json", .cacheControl: "no-store"]
    if let id = answer.opened { headers[.location] = JSONViews.pushPath(id) }
    return Response(
      status: answer.opened == nil ? .ok : .created, headers: headers, body: answer.body)
  }
}
