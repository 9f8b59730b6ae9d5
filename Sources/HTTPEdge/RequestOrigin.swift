import HTTPTypes
import UploadProtocol
import Vocabulary

/// The rule for requests that change something: a page of another site cannot use a visitor's browser to reach this
/// server, unless its origin is allowed. Clients that are not browsers send no `Origin` and are not concerned.
package enum RequestOrigin {
  /// Why the request must not be obeyed; nil when it may be.
  ///
  /// - Parameter crossOrigin: the origins that are allowed beside the server's own.
  package static func flaw(
    of request: HTTPRequest, address: PublicAddress, peer: String?,
    crossOrigin: CrossOrigin = .sameOriginOnly
  ) -> ProblemError? {
    guard mayChange(request), crossOrigin.allowedOrigin(of: request) == nil else { return nil }
    if let site = request.headerFields[.secFetchSite], site == "cross-site" || site == "same-site" {
      return refusal(request.headerFields[.origin] ?? site)
    }
    guard let origin = request.headerFields[.origin] else { return nil }
    let own = address.origin(authority: request.authority, headers: request.headerFields, peer: peer)
    // Behind a proxy nobody vouched for, the host the browser named is what there is to compare with.
    let authority = own.map(hostPart) ?? request.authority
    return authority != nil && hostPart(origin) == authority ? nil : refusal(origin)
  }

  private static let asking: Set<String> = ["GET", "HEAD", "OPTIONS"]

  /// True unless both the method on the wire and the one that overrides it only ask (B-27).
  ///
  /// Both count because one resource obeys the override and another ignores it.
  private static func mayChange(_ request: HTTPRequest) -> Bool {
    !asking.contains(request.method.rawValue)
      || !request.headerFields[values: .methodOverride].allSatisfy(asking.contains)
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
