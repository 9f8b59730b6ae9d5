import HTTPTypes
import Vocabulary

/// Same-origin rule for requests that change something: a page of another site cannot use a visitor's browser to
/// reach this server. Clients that are not browsers send no `Origin` and are not concerned.
enum RequestOrigin {
  static func flaw(of request: HTTPRequest, address: PublicAddress, peer: String?) -> ProblemError? {
    switch request.method {
    case .get, .head, .options: return nil
    default: break
    }
    if let site = request.headerFields[.secFetchSite], site == "cross-site" || site == "same-site" {
      return refusal(request.headerFields[.origin] ?? site)
    }
    guard let origin = request.headerFields[.origin] else { return nil }
    let own = address.origin(authority: request.authority, headers: request.headerFields, peer: peer)
    // Behind a proxy nobody vouched for, the host the browser named is what there is to compare with.
    let authority = own.map(hostPart) ?? request.authority
    return authority != nil && hostPart(origin) == authority ? nil : refusal(origin)
  }

  private static func hostPart(_ origin: String) -> String {
    guard let range = origin.firstRange(of: "://") else { return origin }
    return String(origin[range.upperBound...])
  }

  private static func refusal(_ origin: String) -> ProblemError {
    ProblemError(
      .forbiddenOrigin, detail: "requests from \(quoted(origin)) are not allowed to change anything here")
  }
}

extension HTTPField.Name {
  static let secFetchSite = HTTPField.Name("Sec-Fetch-Site")!
}
