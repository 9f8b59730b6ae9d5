import Platform
import TestSupport
import Uploads
import Vocabulary

/// The content of a request on a simulated connection: pieces with time between them, and an end.
final class SimulatedBody: UploadBody, @unchecked Sendable {
  // Sendable because a simulation runs on one thread.
  enum End: CaseIterable { case clean, broken, stalled }
  private let pieces: [[UInt8]]
  private let end: End
  private let life: SimulatedLife
  /// The checksum after the content, or why there is none.
  var trailer: Result<Checksum?, ProblemError> = .success(nil)
  private var isInterrupted = false
  private var waiter: CheckedContinuation<Void, Never>?

  /// Cuts `bytes` into pieces at random.
  init(_ bytes: [UInt8], _ end: End, life: SimulatedLife, random: inout SeededRandom) {
    self.end = end
    self.life = life
    var pieces: [[UInt8]] = []
    var start = 0
    let largest = max(1, random.element(of: [bytes.count, bytes.count / 3, 1000, 16384]))
    while start < bytes.count {
      let count = min(bytes.count - start, random.int(1...largest))
      pieces.append(Array(bytes[start..<(start + count)]))
      start += count
    }
    self.pieces = pieces
  }

  func deliver(to sink: any UploadSink) async throws(BodyInterrupted) {
    for piece in pieces {
      await Task.yield()
      if isInterrupted { throw BodyInterrupted() }
      if !sink.take(piece) { return }
    }
    await Task.yield()
    if isInterrupted { throw BodyInterrupted() }
    switch end {
    case .clean: return
    case .broken: throw BodyInterrupted()
    case .stalled:
      life.stalled.append(self)
      await withCheckedContinuation { continuation in
        if isInterrupted { continuation.resume() } else { waiter = continuation }
      }
      throw BodyInterrupted()
    }
  }

  func trailingChecksum() throws(ProblemError) -> Checksum? { try trailer.get() }

  func interrupt() {
    isInterrupted = true
    life.stalled.removeAll { $0 === self }
    waiter?.resume()
    waiter = nil
  }
}
