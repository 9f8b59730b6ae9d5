/// Where connections come from.
package enum ListenerAddress: Sendable, Equatable {
  case tcp(host: String, port: Int)
  /// A socket file that is made for this server and removed at its end.
  case unix(path: String)
  /// A listening socket that was handed over; `isTCP` false for a unix socket.
  case inherited(descriptor: Int32, name: String, isTCP: Bool)

  /// True where a configured certificate is used.
  var isTCP: Bool {
    switch self {
    case .tcp: true
    case .unix: false
    case .inherited(_, _, let isTCP): isTCP
    }
  }
}
