import Vocabulary

/// The rules of one append: what a request may do to an upload, and what is to be done with its bytes.
///
/// Pure: events are the mutating functions, decisions are what they return.
package struct UploadMachine: Sendable {
  package enum Beginning: Sendable {
    case refuse(ProblemError)
    /// Refuse, and end the upload: somebody's count of it is wrong.
    case invalidate(ProblemError)
    /// Nothing to store and nothing to change: answer with the upload as it is.
    case acknowledge
    /// Take the body. `isStaged`: its bytes do not count before its checksum is verified.
    case receive(isStaged: Bool)
  }
  package enum Storing: Sendable, Equatable {
    case store
    /// The chunk reaches beyond the upload's length or the server's limit: read no further.
    case overflow
  }
  /// How a body ended.
  package enum BodyEnd: Sendable, Equatable {
    case clean
    /// The connection broke, a newer request took over, or the server drains.
    case interrupted
    case overflow
    /// The storage refused a write.
    case failed
  }
  package enum Ending: Sendable {
    /// Make durable what was stored and answer with the new offset.
    case keep
    /// The same, and the file is complete.
    case finish
    /// Make durable what was stored, and answer with the problem all the same.
    case keepRefusing(ProblemError)
    /// Cut the file back to `offset` and answer with the problem (nil: the requester is gone).
    case rollBack(to: Int64, ProblemError?)
    /// End the upload and answer with the problem.
    case invalidate(ProblemError)
  }

  package let id: UploadID
  package let state: UploadState
  package private(set) var length: Int64?
  package private(set) var offset: Int64
  /// Largest upload the server takes, in bytes.
  private let maximumBytes: Int64
  /// The most bytes one request may bring.
  private let maximumAppendBytes: Int64
  /// A part of other uploads is never complete by itself.
  private let isPartial: Bool
  private var startOffset: Int64
  private var mayDiscard = false
  private var completion = UploadCompletion.atLength
  private var overflow = OverflowRule.refuse

  package init(
    id: UploadID, state: UploadState, length: Int64?, offset: Int64, maximumBytes: Int64,
    maximumAppendBytes: Int64 = .max, isPartial: Bool = false
  ) {
    self.maximumAppendBytes = maximumAppendBytes
    self.isPartial = isPartial
    self.id = id
    self.state = state
    self.length = length
    self.offset = offset
    self.maximumBytes = maximumBytes
    startOffset = offset
  }

  /// True when every byte of the upload is stored.
  package var isFull: Bool { offset == length }

  package mutating func begin(_ intent: AppendIntent) -> Beginning {
    switch state {
    case .cancelled, .expired:
      return .refuse(ProblemError(.gone, detail: "upload \(id) was \(state.rawValue)"))
    case .rejected:
      return .refuse(ProblemError(.uploadRejected, detail: "upload \(id) was rejected; start a new one"))
    case .created, .receiving, .received, .verified, .committed: break
    }
    guard intent.offset == offset else {
      return .refuse(
        ProblemError(
          .offsetMismatch, detail: "upload \(id) is at \(offset), the request said \(intent.offset)",
          members: ["expected-offset": .integer(offset), "provided-offset": .integer(intent.offset)]))
    }
    if let problem = settleLength(intent.length) { return .refuse(problem) }
    startOffset = offset
    if let count = intent.contentLength, count > room {
      let problem = overflowProblem(count)
      return intent.overflow == .invalidate && state.isOpen && count <= maximumAppendBytes
        ? .invalidate(problem) : .refuse(problem)
    }
    if !state.isOpen { return .acknowledge }
    mayDiscard = intent.checks.mayDiscard
    completion = intent.completion
    overflow = intent.overflow
    return .receive(isStaged: mayDiscard)
  }

  package mutating func store(byteCount: Int) -> Storing {
    guard Int64(byteCount) <= room else { return .overflow }
    offset += Int64(byteCount)
    return .store
  }

  /// A write failed: `size` bytes are what the file is known to have.
  package mutating func correct(toStoredBytes size: Int64) { offset = size }

  /// `checksumMatches` tells of the request's checksum once the body ended cleanly.
  package mutating func end(_ end: BodyEnd, checksumMatches: Bool = true) -> Ending {
    let mayRollBack = startOffset
    switch end {
    case .overflow:
      let isBeyondLength = lengthRoom < appendRoom
      offset = mayRollBack
      let problem = overflowProblem(nil)
      return overflow == .invalidate && isBeyondLength
        ? .invalidate(problem) : .rollBack(to: mayRollBack, problem)
    case .interrupted, .failed:
      guard !mayDiscard else {
        offset = mayRollBack
        return .rollBack(to: mayRollBack, nil)
      }
      return isFull && completion != .later && !isPartial ? .finish : .keep
    case .clean:
      guard checksumMatches else {
        offset = mayRollBack
        return .rollBack(
          to: mayRollBack,
          ProblemError(
            .checksumMismatch,
            detail: "the chunk at \(mayRollBack) does not have the declared checksum; send it again"))
      }
      return cleanEnd()
    }
  }

  private mutating func cleanEnd() -> Ending {
    if completion == .withRequest {
      if length == nil { length = offset }
      guard isFull else {
        return .keepRefusing(
          ProblemError(
            .inconsistentLength,
            detail: "upload \(id) has length \(length ?? 0), the request that ends it ended at \(offset)"))
      }
    }
    return isFull && completion != .later && !isPartial ? .finish : .keep
  }

  private var room: Int64 { min(lengthRoom, appendRoom) }
  private var lengthRoom: Int64 { (length ?? maximumBytes) - offset }
  private var appendRoom: Int64 { maximumAppendBytes - (offset - startOffset) }

  private mutating func settleLength(_ stated: Int64?) -> ProblemError? {
    guard let stated else { return nil }
    if let length {
      if stated == length { return nil }
      return ProblemError(
        .inconsistentLength, detail: "upload \(id) has length \(length), the request said \(stated)")
    }
    if stated < offset {
      return ProblemError(
        .inconsistentLength, detail: "length \(stated) is less than the \(offset) bytes that upload \(id) has"
      )
    }
    if stated > maximumBytes {
      return ProblemError(
        .tooLarge, detail: "length \(stated) is more than this server's limit of \(maximumBytes) bytes")
    }
    length = stated
    return nil
  }

  private func overflowProblem(_ count: Int64?) -> ProblemError {
    if let count, count > maximumAppendBytes {
      return ProblemError(
        .tooLarge,
        detail:
          "a request may bring \(maximumAppendBytes) bytes, this one sends \(count); send them in parts",
        members: ["maximum-append-size": .integer(maximumAppendBytes)])
    }
    let sent = count.map { "\($0) bytes" } ?? "a longer body"
    return ProblemError(
      .tooLarge,
      detail: "upload \(id) has room for \(room) more bytes at offset \(offset), the request sends \(sent)")
  }
}
