import Vocabulary

/// The objects that something refers to, 8 bytes each: two whose digests begin alike keep each other.
package struct LiveObjects: Sendable {
  private var marks: [UInt64] = []
  private var sortedCount = 0

  package init() {}

  package mutating func insert(_ digest: Digest) {
    marks.append(Self.mark(digest.bytes))
    // Bundles of a repo share most of their objects: what is there twice goes before it is much.
    if marks.count > 2 * max(sortedCount, 1 << 16) { settle() }
  }

  /// Different marks.
  package var count: Int {
    mutating get {
      settle()
      return marks.count
    }
  }

  package mutating func contains(_ digest: Digest) -> Bool {
    settle()
    let mark = Self.mark(digest.bytes)
    var low = 0
    var high = marks.count
    while low < high {
      let middle = (low + high) / 2
      if marks[middle] < mark { low = middle + 1 } else { high = middle }
    }
    return low < marks.count && marks[low] == mark
  }

  private mutating func settle() {
    guard sortedCount != marks.count else { return }
    marks.sort()
    var kept = 0
    for mark in marks where kept == 0 || marks[kept - 1] != mark {
      marks[kept] = mark
      kept += 1
    }
    marks.removeLast(marks.count - kept)
    sortedCount = kept
  }

  private static func mark(_ bytes: [UInt8]) -> UInt64 {
    bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
  }
}
