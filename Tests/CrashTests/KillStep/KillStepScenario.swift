import TestSupport

/// What the client does while the server is killed.
enum KillStepScenario: String, Sendable, CaseIterable {
  /// The first start on an empty folder.
  case opening
  /// A file above the limit of small ones, in three requests.
  case large
  /// Two files that come whole with their creation.
  case small
  /// The same two kinds with acknowledgements that need not survive a loss of power.
  case process
  /// Chunks with checksums, one of them wrong.
  case checksum
  /// A push of large and small files.
  case push
  /// An upload that is given up half-way.
  case deletion
  /// Files whose declared digests are wrong.
  case rejection
  /// A file made of two others, one of them twice.
  case concatenation
  /// Several files in one request, large and small.
  case batch
  /// A file in requests of the IETF's draft.
  case draft

  var serverArguments: [String] { self == .process ? ["--durability", "process"] : [] }

  func story() -> any KillStepStory {
    switch self {
    case .opening: SingleUploads([])
    case .large: SingleUploads([KillStepContent.largeUpload()])
    case .small: SingleUploads([KillStepContent.smallUpload(0), KillStepContent.smallUpload(1)])
    case .process: SingleUploads([KillStepContent.largeUpload(), KillStepContent.smallUpload(0)])
    case .checksum: ChecksummedUpload()
    case .push: PushOfFiles()
    case .deletion: DeletedUpload()
    case .rejection: RejectedUploads()
    case .concatenation: ConcatenatedUpload()
    case .batch: BatchOfFiles()
    case .draft: DraftUpload()
    }
  }
}

/// The bytes that are sent; the same in every run, so that a step can be played again.
enum KillStepContent {
  static let large = content(seed: 1, count: 300 << 10)
  static let small = [content(seed: 2, count: 2 << 10), content(seed: 3, count: 2 << 10)]

  private static func content(seed: UInt64, count: Int) -> [UInt8] {
    var random = SeededRandom(seed: seed)
    return random.bytes(count)
  }

  static func largeUpload() -> KillStepUpload {
    KillStepUpload(large, ends: [100 << 10, 200 << 10, 300 << 10])
  }
  static func smallUpload(_ index: Int) -> KillStepUpload {
    KillStepUpload(small[index], isSentWithCreation: true)
  }
}

/// A sequence of requests that can be taken up again after a crash, and what must come of it.
protocol KillStepStory: AnyObject {
  var uploads: [KillStepUpload] { get }
  /// The pushes that the client knows to be committed, with the digests of their files.
  var committed: [String: Set<String>] { get }

  /// Goes on to the end from what the server has acknowledged.
  func proceed(_ client: KillStepClient) throws
  /// Right after a restart: every acknowledgement holds.
  func demandKept(_ client: KillStepClient) throws
}

extension KillStepStory {
  func demandKept(_ client: KillStepClient) throws {
    for upload in uploads { try upload.demandKept(client) }
  }
}

/// Files without a push: each becomes a bundle of its own.
private final class SingleUploads: KillStepStory {
  let uploads: [KillStepUpload]
  private(set) var committed: [String: Set<String>] = [:]

  init(_ uploads: [KillStepUpload]) { self.uploads = uploads }

  func proceed(_ client: KillStepClient) throws {
    for upload in uploads {
      try upload.create(client)
      try upload.send(client)
      committed[try upload.committedPush(client)] = [upload.digest]
    }
  }
}

private final class ChecksummedUpload: KillStepStory {
  let uploads = [
    KillStepUpload(KillStepContent.large, ends: [100 << 10, 300 << 10], isChecksummed: true)
  ]
  private(set) var committed: [String: Set<String>] = [:]
  private var isDamageRefused = false

  func proceed(_ client: KillStepClient) throws {
    let upload = uploads[0]
    try upload.create(client)
    try upload.send(client, to: 100 << 10)
    if !isDamageRefused { isDamageRefused = try upload.sendDamaged(client) }
    try upload.send(client)
    committed[try upload.committedPush(client)] = [upload.digest]
  }
}

private final class DeletedUpload: KillStepStory {
  let uploads = [KillStepContent.largeUpload()]
  let committed: [String: Set<String>] = [:]

  func proceed(_ client: KillStepClient) throws {
    let upload = uploads[0]
    try upload.create(client)
    try upload.send(client, to: 100 << 10)
    try upload.delete(client)
    try upload.demandKept(client)
    try demand(upload.isDeleted, "an upload whose DELETE was answered is gone")
  }
}

private final class RejectedUploads: KillStepStory {
  let uploads = [
    KillStepUpload(KillStepContent.large, ends: [200 << 10, 300 << 10], isDoomed: true),
    KillStepUpload(KillStepContent.small[0], isSentWithCreation: true, isDoomed: true),
  ]
  let committed: [String: Set<String>] = [:]

  func proceed(_ client: KillStepClient) throws {
    for upload in uploads {
      try upload.create(client)
      try upload.send(client)
      if upload.location != nil { try upload.awaitState(["rejected"], client) }
      try demand(upload.isRejected, "a file with a wrong digest is rejected")
    }
  }
}
