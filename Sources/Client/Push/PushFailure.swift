import Vocabulary

/// Why a push ended without a bundle.
package enum PushFailure: Error, Sendable, CustomStringConvertible {
  package struct File: Sendable, Equatable {
    package let path: String
    package let reason: String
    package init(path: String, reason: String) {
      self.path = path
      self.reason = reason
    }
  }

  /// These files could not be sent; the others are on the server, and a repetition sends only what is missing.
  case files([File])
  /// The server takes no more for this push.
  case closed(String)
  /// The server could not make a bundle of the files.
  case commit(code: String, message: String)

  package var description: String {
    switch self {
    case .files(let files):
      let shown = files.prefix(20).map { "\(quoted($0.path)): \($0.reason)" }.joined(separator: "\n  ")
      let rest = files.count > 20 ? "\n  and \(files.count - 20) more" : ""
      return "\(files.count) file\(files.count == 1 ? "" : "s") could not be sent:\n  \(shown)\(rest)"
    case .closed(let reason): return reason
    case .commit(let code, let message): return "the server could not commit the push: \(message) (\(code))"
    }
  }
}

/// A transfer must begin anew with a new upload: why, and whether the local file is the cause.
struct StartOver: Error {
  enum Cause { case sourceChanged, serverLost, rejected }
  let cause: Cause
  let explanation: String
}
