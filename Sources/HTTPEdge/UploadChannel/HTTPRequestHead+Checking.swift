import NIOHTTP1
import Vocabulary

extension HTTPRequestHead {
  /// Brings a target in absolute form into the usual one, with its authority as the `Host` (RFC 9112 §3.2.2); returns what
  /// of the head no request may have, whoever is to answer it. `isStream`: it came over HTTP/2, whose library has looked
  /// at all but its fields.
  mutating func settle(isStream: Bool) -> ProblemError? {
    let hosts = headers["host"]
    guard !isStream else { return HostField.flaw(of: hosts, isRequired: false) }
    if let flaw = HostField.flaw(of: hosts, isRequired: version != .http1_0)
      ?? RequestFraming.flaw(ofTransferEncoding: headers["transfer-encoding"], version: version)
    {
      return flaw
    }
    guard let (authority, path) = RequestTarget.absoluteForm(uri) else { return nil }
    uri = path
    headers.replaceOrAdd(name: "host", value: authority)
    return HostField.flaw(of: authority.isEmpty ? [] : [authority], isRequired: true)
  }
}
