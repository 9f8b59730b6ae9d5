import Platform
import TestSupport
import Vocabulary

/// A file that a simulated client wants to bring, and all that the gateway has told about it.
final class ClientFile: @unchecked Sendable {
  // Sendable because a simulation runs on one thread.

  /// What the client says the SHA-256 is.
  enum Declaration: CaseIterable { case nothing, right, wrong }
  enum Goal { case open, finished, rejected, cancelled }

  /// What is known of one upload of the file.
  struct Upload {
    /// The greatest offset that a reply told.
    var acknowledged: Int64 = 0
    var length: Int64?
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
  var goal = Goal.open
  /// The upload that the client sends to.
  var current: UploadID?
  var uploads: [UploadID: Upload] = [:]
  /// How far requests have sent bytes that count.
  var sent: Int64 = 0

  init(
    number: Int, byteCount: Int, seed: UInt64, declaration: Declaration, isDeferred: Bool, push: ClientPush?
  ) throws {
    self.number = number
    self.push = push
    self.declaration = declaration
    mayBeRejected = declaration == .wrong
    self.isDeferred = isDeferred
    path = try BundlePath("folder \(number % 2)/file \(number)")
    content = Self.content(byteCount, seed: seed)
    digest = SHA256Stream.digest(of: content)
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

  /// The metadata of its creation.
  var metadata: UploadMetadata {
    var pairs = [("path", path.text), ("mtime", "1700000000.\(number)")]
    if let push = push?.id { pairs.append(("push", push.text)) }
    if let declaredDigest { pairs.append(("sha256", declaredDigest.hex)) }
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
