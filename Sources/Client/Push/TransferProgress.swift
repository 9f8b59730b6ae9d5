import Platform

/// How far a push is, at one moment.
package struct TransferProgress: Sendable, Equatable, Encodable {
  package var filesTotal = 0
  package var filesDone = 0
  package var bytesTotal: Int64 = 0
  /// Bytes the server has acknowledged, those of earlier runs included.
  package var bytesAcked: Int64 = 0
  /// Bytes handed to the network by this run, repetitions included.
  package var bytesSent: Int64 = 0
  /// Bytes of running requests, handed to the network but not acknowledged yet.
  package var bytesInFlight: Int64 = 0
  package var retries = 0
  /// Bytes that were there already when this run began.
  package var bytesResumed: Int64 = 0
  /// Files, and bytes of these and of parts of others, that the repo had already and that were not sent.
  package var filesSkipped = 0
  package var bytesSkipped: Int64 = 0

  package init() {}

  /// Where a progress bar stands: between acknowledged and sent.
  package var bytesShown: Int64 { min(bytesTotal, bytesAcked + bytesInFlight) }
}

/// The progress of a running push: changed by its transfers, read by whoever shows it.
package final class ProgressBoard: Sendable {
  private let state = Locked(TransferProgress())

  package init() {}
  package var progress: TransferProgress { state.withLock { $0 } }
  package func update(_ change: (inout TransferProgress) -> Void) { state.withLock { change(&$0) } }
}

/// One file's part in the board: what it adds is taken back when the file starts over.
final class FileShare: Sendable {
  private struct State {
    var acked: Int64 = 0
    var inFlight: Int64 = 0
    /// Counts requests; bytes that a dead request still reads are not its successor's.
    var request = 0
  }
  private let board: ProgressBoard
  private let state = Locked(State())

  init(board: ProgressBoard) { self.board = board }

  var acked: Int64 { state.withLock { $0.acked } }

  /// The server has `offset` bytes. True when that is more than before.
  @discardableResult
  func acknowledge(_ offset: Int64) -> Bool {
    let (change, landed) = state.withLock { state in
      defer {
        state.acked = offset
        state.inFlight = 0
        state.request += 1
      }
      return (offset - state.acked, state.inFlight)
    }
    board.update {
      $0.bytesAcked += change
      $0.bytesInFlight -= landed
    }
    return change > 0
  }

  /// Counts what one request hands to the network; the request ends with the next `acknowledge` or `drop`.
  func counter() -> @Sendable (Int) -> Void {
    let mine = state.withLock { $0.request }
    return { [self] count in
      let isMine = state.withLock { state in
        guard state.request == mine else { return false }
        state.inFlight += Int64(count)
        return true
      }
      guard isMine else { return }
      board.update {
        $0.bytesSent += Int64(count)
        $0.bytesInFlight += Int64(count)
      }
    }
  }

  /// The request failed: what it sent may be there or not.
  func drop() {
    let lost = state.withLock { state in
      defer {
        state.inFlight = 0
        state.request += 1
      }
      return state.inFlight
    }
    board.update { $0.bytesInFlight -= lost }
  }
}
