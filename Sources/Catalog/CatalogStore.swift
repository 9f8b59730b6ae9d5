import Vocabulary

/// What the server remembers. One transaction holds many synchronous operations, so nothing interleaves in it.
///
/// Implementations run the bodies on threads of their own, never on the cooperative pool. A written transaction is on
/// stable storage when `write` returns.
package protocol CatalogStore: Sendable {
  /// Runs `body` on one consistent snapshot.
  func read<Result: Sendable>(
    _ body: @escaping @Sendable (any CatalogReader) throws -> Result
  ) async throws -> Result

  /// Runs `body` in one transaction, committed when it returns and rolled back when it throws.
  func write<Result: Sendable>(
    _ body: @escaping @Sendable (any CatalogTransaction) throws -> Result
  ) async throws -> Result

  /// Closes the store; later calls throw.
  func close() throws
}

/// Questions to the catalog. Pages are bounded by their `limit` and continue after their cursor.
package protocol CatalogReader: CatalogAudit {
  func upload(_ id: UploadID) throws -> UploadRecord?
  /// The push's uploads that are not cancelled or expired, in path order (bytes), after `path`.
  func uploads(ofPush id: PushID, after path: String?, limit: Int) throws -> [UploadRecord]
  /// Every upload in one of `states`, in id order, after `id`.
  func uploads(in states: Set<UploadState>, after id: UploadID?, limit: Int) throws -> [UploadRecord]
  /// The upload of the push at this path (or nil); cancelled, expired and rejected ones do not occupy a path.
  func upload(ofPush id: PushID, at path: BundlePath) throws -> UploadRecord?
  /// A path of the push that cannot stand beside `path`: a folder of it or a file below it, among paths in use.
  func pathConflict(ofPush id: PushID, with path: BundlePath) throws -> String?
  /// Open uploads with `expiresAt` ≤ now, oldest first.
  func expiredUploads(at now: Timestamp, limit: Int) throws -> [UploadID]
  /// Final uploads whose parts are still being put together (state created), in id order, after `id`.
  func assemblingUploads(after id: UploadID?, limit: Int) throws -> [UploadRecord]
  /// The final uploads still being put together that this upload is a part of.
  func assemblingUploads(withPart id: UploadID) throws -> [UploadID]
  /// The newest final upload made of these parts in this order with this metadata since then, unless it has ended.
  func finalUpload(ofParts parts: [UploadID], metadata: UploadMetadata, since: Timestamp) throws -> UploadID?
  /// What the request with this key came to.
  func idempotentRequest(_ key: String) throws -> IdempotentRequest?
  func uploadCounts() throws -> [UploadState: Int]
  /// Where those of the small objects lie that are in a pack.
  func extents(of digests: [Digest]) throws -> [Digest: Extent]

  func push(_ id: PushID) throws -> PushRecord?
  /// Newest first, before `id`.
  func pushes(status: PushState.Status?, repo: RepoName?, before id: PushID?, limit: Int) throws
    -> [PushRecord]
  /// Every push in one of `states`, in id order.
  func pushes(in states: Set<PushState>, after id: PushID?, limit: Int) throws -> [PushRecord]
  func pushProgress(_ id: PushID) throws -> PushProgress
  func expectedFile(ofPush id: PushID, at path: BundlePath) throws -> ExpectedFile?
  /// What keeps the push from being sealed, at most `limit` items, by path.
  func missing(ofPush id: PushID, limit: Int) throws -> [MissingFile]
  /// Per repo with queued pushes: the one that was sealed first. By name of the repo, beginning behind `repo` and going
  /// round, each repo once.
  func queueHeads(after repo: RepoName?, limit: Int) throws -> [QueuedPush]
  func expiredPushes(at now: Timestamp, limit: Int) throws -> [PushID]
  /// Open pushes that take their files from a source, oldest first.
  func openSourcePushes(limit: Int) throws -> [PushRecord]
  /// Files that the push expects and that have no upload, by path.
  func absentFiles(ofPush id: PushID, limit: Int) throws -> [ExpectedFile]
  /// Number and bytes of the files that the push expects.
  func expectedTotals(ofPush id: PushID) throws -> (count: Int64, bytes: Int64)
  /// What of its source's folder the push takes, by path, after `path`; none: all of it.
  func selectedPaths(ofPush id: PushID, after path: String?, limit: Int) throws -> [BundlePath]
  func pushCounts() throws -> [PushState: Int]

  func repo(_ name: RepoName) throws -> RepoRecord?
  func repos(after name: RepoName?, limit: Int) throws -> [RepoRecord]
  func bundle(_ id: BundleID) throws -> BundleRecord?
  func bundle(repo: RepoName, sequence: Int64) throws -> BundleRecord?
  func latestBundle(of repo: RepoName) throws -> BundleRecord?
  /// Bundles of the repo whose id starts with `prefix`, at most `limit`.
  func bundles(of repo: RepoName, idPrefix: String, limit: Int) throws -> [BundleRecord]
  func bundle(of repo: RepoName, label: LabelName) throws -> BundleRecord?
  /// Newest first, with a sequence below `sequence`.
  func bundles(of repo: RepoName, before sequence: Int64?, limit: Int) throws -> [BundleRecord]
  func labels(of bundle: BundleID) throws -> [LabelName]
  /// The labels of the repo with their bundles, by name, after `label`, those that begin with `prefix`.
  func labels(ofRepo repo: RepoName, prefix: String, after label: LabelName?, limit: Int) throws
    -> [LabelRecord]
  /// Where the label has been, newest first, before that place; of all labels of the repo when it is nil.
  func labelMoves(of repo: RepoName, label: LabelName?, before sequence: Int64?, limit: Int) throws
    -> [LabelMove]
  func deletedBundle(_ id: BundleID) throws -> DeletedBundle?
  /// Newest first, with a sequence below `sequence`.
  func deletedBundles(of repo: RepoName, before sequence: Int64?, limit: Int) throws -> [DeletedBundle]
  /// The repo whose descriptors are in this folder.
  func repo(folder: RepoName) throws -> RepoRecord?
  /// What is planned, in its order.
  func plannedSteps(limit: Int) throws -> [PlannedStep]

  /// Events with a greater sequence number, in order.
  func events(after sequence: Int64, limit: Int) throws -> [EventRecord]
  func lastEventSequence() throws -> Int64
  /// The events that somebody asked for, newest first, before `sequence`; those of one repo when it is given.
  func auditedEvents(repo: RepoName?, before sequence: Int64?, limit: Int) throws -> [EventRecord]
  /// The newest events of these kinds, newest first.
  func recentEvents(kinds: Set<EventKind>, limit: Int) throws -> [EventRecord]
  func schedulerCursor() throws -> RepoName?
}

/// Changes to the catalog, in the words of the domain. Every change of state records its event in the same transaction.
package protocol CatalogTransaction: CatalogReader {
  func insert(_ upload: UploadRecord) throws
  /// Replaces the record with this id.
  func update(_ upload: UploadRecord) throws
  /// Keeps the running hash of an upload that is receiving or received; nothing happens in any other state.
  func saveHash(_ state: [UInt8], byteCount: Int64, of upload: UploadID) throws
  /// Remembers what a request with a key came to; the key must be new.
  func insert(_ request: IdempotentRequest) throws
  /// Forgets the keys of requests before then, at most `limit`.
  func removeIdempotentRequests(before: Timestamp, limit: Int) throws
  /// Records where a small object lies, unless that is known already.
  func insert(_ extent: Extent, of digest: Digest) throws

  func insert(_ push: PushRecord, expecting files: [ExpectedFile]) throws
  func update(_ push: PushRecord) throws
  /// Says what of its source's folder the push takes; a path twice is one.
  func select(_ paths: [BundlePath], ofPush id: PushID) throws
  /// Adds files that the push expects, those aside that it expects already.
  func expect(_ files: [ExpectedFile], ofPush id: PushID) throws
  /// Replaces the size of a file that the push expects.
  func setExpectedSize(_ size: Int64, ofPush id: PushID, at path: BundlePath) throws
  /// Forgets at most `limit` of the files that the push expects; returns how many it forgot.
  func forgetExpected(ofPush id: PushID, limit: Int) throws -> Int
  /// Marks every upload of the push that is verified as committed.
  func markCommitted(uploadsOf push: PushID) throws

  /// Adds the repo unless it is there.
  func ensureRepo(_ name: RepoName, description: String?, at now: Timestamp) throws
  /// Replaces description, weight and retention of the repo with this name.
  func update(_ repo: RepoRecord) throws
  /// Gives the repo another name, everywhere; the new one must be free.
  func renameRepo(_ name: RepoName, to newName: RepoName) throws
  /// Forgets the repo with its bundles, labels and their history.
  ///
  /// Its deleted bundles are remembered, and are those of the next repo of this name too.
  func deleteRepo(_ name: RepoName, by actor: String?, at now: Timestamp) throws
  /// Forgets a bundle that has no label, but for its number.
  func deleteBundle(_ id: BundleID, by actor: String?, at now: Timestamp) throws
  /// Takes the label away and appends that to its history.
  func removeLabel(_ label: LabelName, of repo: RepoName, by author: String?, at now: Timestamp) throws
  /// Plans a step, once however often it is asked for until it is done.
  func plan(_ kind: PlannedStep.Kind, _ subject: String) throws
  func finish(_ step: PlannedStep) throws
  /// Adds the bundle and makes it the repo's latest.
  func insert(_ bundle: BundleRecord) throws
  /// Moves the label and appends to its history.
  func moveLabel(
    _ label: LabelName, of repo: RepoName, to bundle: BundleID, by author: String?, at now: Timestamp) throws

  /// Appends an event; its sequence number is the next one, without gaps.
  func record(_ event: NewEvent) throws
  func setSchedulerCursor(_ repo: RepoName) throws
}
