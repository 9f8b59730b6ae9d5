import Platform
import Vocabulary

/// One file of a push, and what to do with it.
package struct TransferItem: Sendable, Equatable {
  package var file: SourceFile
  package var step: ResumeStep
  /// The digest of the finished upload that the server has at the file's path.
  package var storedDigest: Digest?
  /// Which of its blocks the repo has in an older version of the file.
  package var delta: BlockDelta?

  package init(
    file: SourceFile, step: ResumeStep, storedDigest: Digest? = nil, delta: BlockDelta? = nil
  ) {
    self.delta = delta
    self.file = file
    self.step = step
    self.storedDigest = storedDigest
  }
}

/// Which files of a push go together; a pure decision.
package enum BatchPlan {
  /// Up to this size in bytes a file goes in a batch.
  package static let smallFileBytes: Int64 = 64 << 10
  /// Most files of one batch.
  package static let mostFiles = 256
  /// Most bytes of one batch, unless the server takes less.
  package static let mostBytes: Int64 = 4 << 20

  /// What one transfer takes on.
  package enum Unit: Sendable, Equatable {
    case alone(TransferItem)
    case batch([TransferItem])

    var byteCount: Int64 {
      switch self {
      case .alone(let item): item.file.size
      case .batch(let items): items.reduce(0) { $0 + $1.file.size }
      }
    }
  }

  /// The largest first: the end is then not one lone file.
  package static func units(of items: [TransferItem]) -> [Unit] {
    var small: [TransferItem] = []
    var units: [Unit] = []
    for item in items {
      if isForBatches(item) { small.append(item) } else { units.append(.alone(item)) }
    }
    units += parts(of: small, mostBytes: mostBytes).map { $0.count == 1 ? .alone($0[0]) : .batch($0) }
    return units.sorted { $0.byteCount > $1.byteCount }
  }

  /// The items in groups of which none has more files or bytes (headers of frames included) than one request may.
  package static func parts(of items: [TransferItem], mostBytes: Int64) -> [[TransferItem]] {
    var parts: [[TransferItem]] = []
    var bytes: Int64 = 0
    for item in items {
      let more = BatchFrames.estimatedBytes(of: item.file)
      if let last = parts.last, last.count < mostFiles, bytes + more <= mostBytes {
        parts[parts.count - 1].append(item)
        bytes += more
      } else {
        parts.append([item])
        bytes = more
      }
    }
    return parts
  }

  private static func isForBatches(_ item: TransferItem) -> Bool {
    guard item.file.size <= smallFileBytes else { return false }
    switch item.step {
    case .send, .resume: return true
    case .replace, .done: return false
    }
  }
}

/// What the answer to one file of a batch means; a pure decision.
package enum BatchOutcome: Sendable, Equatable {
  /// It is there, with the digest it was sent with.
  case done(UploadID)
  /// To be sent in requests of its own, which find out and report what a batch cannot.
  case alone(ResumeStep)
  /// It will not be taken, however it is sent.
  case failed(String)
  /// The push takes no more files.
  case closed(String)

  package static func decide(
    _ answer: BatchAnswer.Item?, digest: Digest, step: ResumeStep
  ) -> BatchOutcome {
    guard let answer else { return .alone(step) }
    if ["stored", "exists", "superseded"].contains(answer.status) {
      guard let id = answer.uploadID else { return .alone(step) }
      // Another digest, or none: what the server has must be looked at.
      return answer.digest.flatMap { Digest(hex: $0) } == digest ? .done(id) : .alone(.resume(id))
    }
    guard let code = answer.error?.code, let problem = Problem(rawValue: code) else { return .alone(step) }
    let text = "\(answer.error?.detail ?? problem.title) (\(code))"
    switch problem {
    case .pushClosed: return .closed("the push takes no more files: \(text)")
    case .badPath, .badName, .badMetadata, .inconsistentLength: return .failed(text)
    default: return .alone(step)
    }
  }
}
