import Platform
import TestSupport
import Vocabulary

/// A file that a simulated client wants to bring, and all that the gateway has told about it.
final class ClientFile: @unchecked Sendable {
  // Sendable because a simulation runs on one thread.

  /// What the client says the SHA-256 is.
  enum Declaration: CaseIterable { case nothing, right, wrong }
  enum Goal { case open, finished, rejected, cancelled }
  /// Where it says so.
  enum DeclarationPlace: CaseIterable { case metadata, sha256, sha512 }
  /// What of a final upload's bytes the file is.
  enum Role {
    case whole, part
    case final([ClientFile])
  }

  /// What is known of one upload of the file.
  struct Upload {
    /// The greatest offset that a reply told.
    var acknowledged: Int64 = 0
    var length: Int64?
    /// What was declared when it was created.
    var declaration: Declaration
    /// A reply said that it is deleted: it never comes back.
    var isDeleted = false
    /// A request was sent that may have ended it.
    var mayBeGone = false
  }

  let number: Int
  let path: BundlePath
  let content: [UInt8]
  let digest: Digest
  let push: ClientPush?
  var declaration: Declaration
  /// It declared a wrong digest once.
  let mayBeRejected: Bool
  /// The length is not known at the creation.
  let isDeferred: Bool
  /// Sent as the IETF's drafts have it: with a last request, with notices, and ended by too many bytes.
  let isDraft: Bool
  let place: DeclarationPlace
  let role: Role
  /// The key of its present creation, if it has one.
  private(set) var key: String?
  /// The upload that creations with a key came to.
  var keyed: [String: UploadID] = [:]
  var goal = Goal.open
  /// The upload that the client sends to.
  var current: UploadID?
  var uploads: [UploadID: Upload] = [:]
  /// How far requests have sent bytes that count.
  var sent: Int64 = 0

  init(number: Int, _ file: SimulationSettings.File, push: ClientPush?, role: Role = .whole) throws {
    self.number = number
    self.push = push
    self.role = role
    declaration = file.declaration
    mayBeRejected = file.declaration == .wrong
    isDeferred = file.isDeferred
    isDraft = file.isDraft
    place = file.place
    key = file.isKeyed && file.parts.isEmpty ? "key \(number)." : nil
    path = try BundlePath("folder \(number % 2)/file \(number)")
    if case .final(let parts) = role {
      content = parts.flatMap(\.content)
    } else {
      content = Self.content(file.byteCount, seed: file.seed)
    }
    digest = SHA256Stream.digest(of: content)
  }

  var isPart: Bool { if case .part = role { true } else { false } }
  var parts: [ClientFile] { if case .final(let parts) = role { parts } else { [] } }
  var isFinal: Bool { !parts.isEmpty }

  /// What came of the key's creation has ended: the next one is another request.
  func renewKey() {
    if let key { self.key = key + "+" }
  }

  /// Bytes without long runs of one value, so that a hole or a shift is seen.
  private static func content(_ count: Int, seed: UInt64) -> [UInt8] {
    var random = SeededRandom(seed: seed)
    return [UInt8](unsafeUninitializedCapacity: count + 8) { buffer, filled in
      let raw = UnsafeMutableRawBufferPointer(buffer)
      for start in stride(from: 0, to: count, by: 8) {
        raw.storeBytes(of: random.next() | 0x0101_0101_0101_0101, toByteOffset: start, as: UInt64.self)
      }
      filled = count
    }
  }

  var declaredDigest: Digest? {
    switch declaration {
    case .nothing: nil
    case .right: digest
    case .wrong: SHA256Stream.digest(of: content + [1])
    }
  }

  /// What requests say of the whole file beside its metadata.
  func fileDigests(_ declaration: Declaration) -> [Checksum] {
    let algorithm: ChecksumAlgorithm
    switch place {
    case .metadata: return []
    case .sha256: algorithm = .sha256
    case .sha512: algorithm = .sha512
    }
    guard declaration != .nothing, !isPart, !isFinal else { return [] }
    let stream = ChecksumStream(algorithm)
    stream.update(declaration == .right ? content : content + [1])
    return Checksum(algorithm: algorithm, bytes: stream.finish()).map { [$0] } ?? []
  }

  /// The metadata of its creation.
  var metadata: UploadMetadata {
    if isPart { return .none }
    var pairs = [("path", path.text), ("mtime", "1700000000.\(number)")]
    if let push = push?.id { pairs.append(("push", push.text)) }
    if let declaredDigest, isFinal || place == .metadata { pairs.append(("sha256", declaredDigest.hex)) }
    return UploadMetadata(
      raw: nil, pairs: pairs.map { UploadMetadata.Pair(key: $0.0, value: Array($0.1.utf8)) })
  }
}

/// A push that a simulated client wants to have committed.
final class ClientPush: @unchecked Sendable {
  // Sendable because a simulation runs on one thread.
  let repo: RepoName
  let isListed: Bool
  let sealsItself: Bool
  var id: PushID?
  /// A request that opens it is under way.
  var isOpening = false
  var isSealed = false

  init(repo: RepoName, isListed: Bool, sealsItself: Bool) {
    self.repo = repo
    self.isListed = isListed
    self.sealsItself = isListed && sealsItself
  }
}
