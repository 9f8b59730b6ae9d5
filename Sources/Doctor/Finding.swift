/// How grave a finding is.
package enum Severity: String, Sendable, Codable, Comparable {
  /// Something that was promised is not there, or the catalog contradicts itself.
  case fault
  /// Nothing is lost: what a crash may leave, or what is not Sheaf's.
  case notice

  package static func < (left: Self, right: Self) -> Bool { left == .fault && right == .notice }
}

/// What can be found; raw values are stable.
package enum FindingCode: String, Sendable, Codable, CaseIterable {
  case catalogIntegrity = "catalog-integrity"
  case catalogUnreadable = "catalog-unreadable"
  case countWrong = "count-wrong"
  case progressWrong = "progress-wrong"
  case eventGap = "event-gap"
  case partialMissing = "partial-missing"
  case partialTooLong = "partial-too-long"
  case partialIncomplete = "partial-incomplete"
  case unverifiedBeyondEnd = "unverified-beyond-end"
  case objectMissing = "object-missing"
  case objectSize = "object-size"
  case objectDigest = "object-digest"
  case fileUnreadable = "file-unreadable"
  case packMissing = "pack-missing"
  case packBroken = "pack-broken"
  case extentOutside = "extent-outside"
  case extentBroken = "extent-broken"
  case extentDigest = "extent-digest"
  case manifestMissing = "manifest-missing"
  case manifestDigest = "manifest-digest"
  case manifestMalformed = "manifest-malformed"
  case manifestCounts = "manifest-counts"
  case entryMissing = "entry-missing"
  case entrySize = "entry-size"
  case entryDigest = "entry-digest"
  case descriptorMissing = "descriptor-missing"
  case descriptorDiffers = "descriptor-differs"
  case labelDangling = "label-dangling"
  case bundleMissing = "bundle-missing"

  case objectOrphan = "object-orphan"
  case objectForeign = "object-foreign"
  case fileMode = "file-mode"
  case incomingLeftover = "incoming-leftover"
  case catalogLeftover = "catalog-leftover"
  case packForeign = "pack-foreign"
  case packTorn = "pack-torn"
  case packDead = "pack-dead"
  case partialUnknown = "partial-unknown"
  case partialEnded = "partial-ended"
  case partialForeign = "partial-foreign"
  case hashStateAhead = "hash-state-ahead"
  case hashStateMalformed = "hash-state-malformed"
  case descriptorUnknown = "descriptor-unknown"
  case descriptorForeign = "descriptor-foreign"
  case descriptorUnfinished = "descriptor-unfinished"
  case sequenceGap = "sequence-gap"

  package var severity: Severity {
    switch self {
    case .catalogIntegrity, .catalogUnreadable, .countWrong, .progressWrong, .eventGap, .partialMissing,
      .partialTooLong, .partialIncomplete, .unverifiedBeyondEnd, .objectMissing, .objectSize, .objectDigest,
      .fileUnreadable, .packMissing, .packBroken, .extentOutside, .extentBroken, .extentDigest,
      .manifestMissing, .manifestDigest, .manifestMalformed, .manifestCounts, .entryMissing, .entrySize,
      .entryDigest, .descriptorMissing, .descriptorDiffers, .labelDangling, .bundleMissing:
      .fault
    case .objectOrphan, .objectForeign, .fileMode, .incomingLeftover, .catalogLeftover, .packForeign,
      .packTorn, .packDead, .partialUnknown, .partialEnded, .partialForeign, .hashStateAhead,
      .hashStateMalformed, .descriptorUnknown, .descriptorForeign, .descriptorUnfinished, .sequenceGap:
      .notice
    }
  }
}

/// Something that is not as it should be.
package struct Finding: Sendable, Equatable, Encodable {
  package let code: FindingCode
  package let severity: Severity
  /// An id, a digest, a name, or a path below the data folder.
  package let subject: String
  /// One sentence for people.
  package let detail: String

  package init(_ code: FindingCode, _ subject: String, _ detail: String) {
    self.code = code
    severity = code.severity
    self.subject = subject
    self.detail = detail
  }
}

/// Findings, of which only so many are kept; notices never crowd out faults.
struct FindingList {
  /// Kept of each severity, and given out in all.
  static let limit = 10_000
  private(set) var faultCount = 0
  private(set) var noticeCount = 0
  private var faults: [Finding] = []
  private var notices: [Finding] = []

  /// `detail` is not made for findings that are only counted.
  mutating func add(_ code: FindingCode, _ subject: String, _ detail: @autoclosure () -> String) {
    switch code.severity {
    case .fault:
      faultCount += 1
      if faults.count < Self.limit { faults.append(Finding(code, subject, detail())) }
    case .notice:
      noticeCount += 1
      if notices.count < Self.limit { notices.append(Finding(code, subject, detail())) }
    }
  }

  /// The faults first, each kind in the order it was found.
  var kept: [Finding] { Array((faults + notices).prefix(Self.limit)) }
}
