import Platform
import Vocabulary

/// What became of content, counted since the process began; docs/metrics.md says what each word takes in.
package enum ContentCount: Int, Sendable, CaseIterable {
  /// Sent by clients and taken, also when it was refused or turned out to be there afterwards.
  case received
  /// Of files that pushes took in from sources.
  case ingested
  /// Stored as a new object.
  case written
  /// Of files whose object was stored already.
  case deduplicated
  /// Of files that clients did not send, as the server had them.
  case claimed
  /// Of objects that a collection removed.
  case collected
}

/// Pieces of content, and the bytes of them together.
package struct ContentTally: Sendable, Equatable {
  package var count: Int64
  package var bytes: Int64
  package init(count: Int64 = 0, bytes: Int64 = 0) {
    self.count = count
    self.bytes = bytes
  }
}

/// Counts that only grow. Meant to be told once per request or file, not per piece that arrives.
package final class StorageCounters: Sendable {
  private let tallies = Locked([ContentTally](repeating: ContentTally(), count: ContentCount.allCases.count))

  package init() {}

  /// Everything at one moment.
  package var snapshot: [ContentCount: ContentTally] {
    let now = tallies.withLock { $0 }
    return Dictionary(uniqueKeysWithValues: ContentCount.allCases.map { ($0, now[$0.rawValue]) })
  }

  package func add(_ what: ContentCount, count: Int = 1, bytes: Int64) {
    tallies.withLock { tallies in
      tallies[what.rawValue].count &+= Int64(count)
      tallies[what.rawValue].bytes &+= bytes
    }
  }
}

extension BlobStore {
  /// Where a file's small content lies: at `known` when it is stored already, else it is stored now. Either is counted.
  package func keepSmall(
    _ content: [UInt8], digest: Digest, known: Extent?
  ) async throws(BlobError) -> Extent {
    if let known {
      counters.add(.deduplicated, bytes: Int64(content.count))
      return known
    }
    let extent = try await putSmall(content, digest: digest)
    counters.add(.written, bytes: Int64(content.count))
    return extent
  }
}
