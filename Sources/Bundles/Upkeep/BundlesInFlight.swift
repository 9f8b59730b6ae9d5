import Platform
import Vocabulary

/// Manifests of the bundles that are being sent: their objects are not collected meanwhile, also when the bundle is
/// deleted.
package final class BundlesInFlight: Sendable {
  private let counts = Locked<[Digest: Int]>([:])

  package init() {}

  package var manifests: [Digest] { counts.withLock { Array($0.keys) } }

  /// Counts as being sent until the returned value goes.
  package func begin(_ manifest: Digest) -> BundleInFlight {
    counts.withLock { $0[manifest, default: 0] += 1 }
    return BundleInFlight { [counts] in
      counts.withLock { counts in
        let count = counts[manifest, default: 1]
        counts[manifest] = count == 1 ? nil : count - 1
      }
    }
  }
}

/// A bundle on its way to a client.
package final class BundleInFlight: Sendable {
  private let end: @Sendable () -> Void
  init(end: @escaping @Sendable () -> Void) { self.end = end }
  deinit { end() }
}
