import HTTPTypes
import Vocabulary

/// What one version of "Resumable Uploads for HTTP" (draft-ietf-httpbis-resumable-upload) says otherwise than others.
///
/// The codec is one; all that differs is here. Versions are those of `Upload-Draft-Interop-Version`.
package struct DraftVersion: Sendable, Equatable {
  /// How `Upload-Limit` calls the seconds that an upload has left.
  package enum LifetimeKey: String, Sendable {
    case expires
    case maxAge = "max-age"
  }

  /// The number the client sent, `nil` when it sent none: then there are no interim responses.
  package var interopVersion: Int?
  /// The field that says whether this is the last of the content.
  package var completenessField = HTTPField.Name.uploadComplete
  /// True when that field is true for content of which more is to come (version 3).
  package var completenessIsInverted = false
  /// True when an append without that field is refused; else it is the last one.
  package var appendNeedsCompleteness = true
  /// The media type that an append must have, `nil` for any.
  package var appendMediaType: String? = partialUpload
  /// Status of the answer to HEAD.
  package var inspectionStatus = HTTPResponse.Status.noContent
  /// Status of the answer to an append after which more is to come.
  package var appendedStatus = HTTPResponse.Status.noContent
  /// Whether there is `Upload-Length`.
  package var hasLength = true
  /// `nil` when there is no `Upload-Limit`.
  package var lifetimeKey: LifetimeKey? = .maxAge
  /// Whether an interim response may tell of progress.
  package var tellsProgress = true
  /// What becomes of an upload that gets more than its length.
  package var overflow = OverflowRule.invalidate
  /// The problems that have a type of their own in the version.
  package var namedProblems: Set<Problem> = [.offsetMismatch, .completedUpload, .inconsistentLength]
  /// Whether HEAD and DELETE with fields of an append are refused.
  package var refusesFieldsOfAppend = false
  /// Whether answers also say what a tus client needs, for a request that either of the two may have sent.
  package var speaksTusToo = false

  package static let partialUpload = "application/partial-upload"

  /// The final specification: no version is named.
  package static let final = DraftVersion()

  /// A request without a mark of any protocol, such as HEAD and DELETE of tus and of the final specification are.
  package static let unmarked: DraftVersion = {
    var version = final
    version.speaksTusToo = true
    return version
  }()

  /// Version 3 of a client that does not name it: `Upload-Incomplete` alone.
  package static let unnumberedThree: DraftVersion = {
    var version = three
    version.interopVersion = nil
    return version
  }()

  /// Every version that is spoken, by its number.
  package static let all = [three, four, five, six, seven, eight]

  /// The version of a number; `nil` for one that is not spoken, which counts as none.
  package init?(interopVersion number: Int64) {
    guard let version = Self.all.first(where: { $0.interopVersion.map(Int64.init) == number }) else {
      return nil
    }
    self = version
  }

  private init() {}

  private static let eight = numbered(8, final)
  private static let seven = numbered(7, eight) { $0.overflow = .refuse }
  private static let six = numbered(6, seven) { version in
    version.lifetimeKey = .expires
    version.appendedStatus = .created
    version.namedProblems = [.offsetMismatch, .completedUpload]
    version.refusesFieldsOfAppend = true
  }
  private static let five = numbered(5, six) { version in
    version.appendMediaType = nil
    version.hasLength = false
    version.lifetimeKey = nil
    version.namedProblems = [.offsetMismatch]
  }
  private static let four = numbered(4, five) { $0.tellsProgress = false }
  private static let three = numbered(3, four) { version in
    version.completenessField = .uploadIncomplete
    version.completenessIsInverted = true
    version.appendNeedsCompleteness = false
  }

  private static func numbered(
    _ number: Int, _ later: DraftVersion, _ change: (inout DraftVersion) -> Void = { _ in }
  ) -> DraftVersion {
    var version = later
    version.interopVersion = number
    change(&version)
    return version
  }

  /// Whether the request's content is the last; `nil` when it does not say so.
  func isComplete(_ fields: HTTPFields) -> Bool? {
    fields.structuredBoolean(completenessField).map { $0 != completenessIsInverted }
  }

  /// The value of `completenessField` for an upload.
  func completeness(_ isComplete: Bool) -> String { structured(isComplete != completenessIsInverted) }
}
