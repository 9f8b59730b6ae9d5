import Platform

/// Hash states of a file at rising positions, so that going back a little re-reads a little.
package struct HashLadder: Sendable {
  /// Distance of the rungs in bytes.
  package let spacing: Int64
  private var rungs: [SHA256Stream] = [SHA256Stream()]

  /// At most about a thousand rungs, of about a hundred bytes each, whatever the size.
  package init(fileSize: Int64) { spacing = max(8 << 20, fileSize / 1024) }

  /// Offers the state at its position; kept when it is one spacing or more above the highest rung.
  package mutating func offer(_ stream: SHA256Stream) {
    if stream.byteCount >= (rungs.last?.byteCount ?? 0) + spacing { rungs.append(stream) }
  }

  /// The highest state at or below `position`.
  package func state(atOrBelow position: Int64) -> SHA256Stream {
    rungs.last { $0.byteCount <= position } ?? SHA256Stream()
  }

  /// Forgets everything: the file is another now.
  package mutating func reset() { rungs = [SHA256Stream()] }
}
