import HTTPTypes
import Hummingbird
import Pushes
import Vocabulary

/// What the buttons of a push's page do.
enum PushAction: String, CaseIterable {
  case seal, retry, cancel

  var word: String {
    switch self {
    case .seal: "Seal and commit"
    case .retry: "Retry"
    case .cancel: "Cancel push"
    }
  }

  /// Class of its button.
  var look: String { self == .cancel ? "danger" : "primary" }

  /// - Throws: `ProblemError`, as the same call of the API.
  func run(_ services: GatewayServices, on id: PushID, by actor: String) async throws {
    switch self {
    case .seal: _ = try await services.attemptSeal(id, by: actor).get()
    case .retry: _ = try await services.retryPush(id, by: actor)
    case .cancel: _ = try await services.cancelPush(id, by: actor)
    }
  }
}

/// The proof that a form was sent from one of these pages.
///
/// Stricter than the rule for the API: only browsers send forms, and all of them say where from.
enum PageOrigin {
  /// - Throws: `ProblemError` with `forbidden-origin`.
  static func check(_ request: HTTPRequest, address: PublicAddress, peer: String?) throws(ProblemError) {
    if let flaw = RequestOrigin.flaw(of: request, address: address, peer: peer) { throw flaw }
    let site = request.headerFields[.secFetchSite]
    guard request.headerFields[.origin] != nil || site == "same-origin" || site == "none" else {
      throw ProblemError(
        .forbiddenOrigin,
        detail: "the request does not say that it comes from a page of this server; use the API instead")
    }
  }
}
