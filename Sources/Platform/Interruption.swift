import Dispatch
import Glibc

/// Turns Ctrl-C and a polite request to end (SIGTERM) into a call, once; a second Ctrl-C ends the process at once.
///
/// Wrappers such as `timeout` signal a process and its group, so the same wish may come twice within moments: that
/// counts as one.
///
/// Holds as long as the value lives.
package final class Interruption: @unchecked Sendable {
  // Sendable because the sources are set up in `init` and only cancelled in `deinit`.
  private var sources: [any DispatchSourceSignal] = []

  /// The status a shell gives to a command that Ctrl-C ended.
  package static let exitStatus: Int32 = 130
  private static let sameWishNanoseconds: UInt64 = 500_000_000

  package init(_ handler: @escaping @Sendable () -> Void) {
    let first = Locked<UInt64?>(nil)
    for number in [SIGINT, SIGTERM] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        let now = DispatchTime.now().uptimeNanoseconds
        let began: UInt64? = first.withLock { first in
          defer { first = first ?? now }
          return first
        }
        guard let began else { return handler() }
        if now - began > Self.sameWishNanoseconds { _exit(Self.exitStatus) }
      }
      source.activate()
      sources.append(source)
    }
  }

  deinit {
    for source in sources { source.cancel() }
    signal(SIGINT, SIG_DFL)
    signal(SIGTERM, SIG_DFL)
  }

  /// Lets a write to a closed pipe fail instead of ending the process.
  package static func ignoreBrokenPipes() { signal(SIGPIPE, SIG_IGN) }
}
