import Vocabulary

/// What the server remembers. One transaction holds many synchronous operations, so nothing interleaves in it.
///
/// Implementations run the bodies on threads of their own, never on the cooperative pool. A written transaction is on
/// stable storage when `write` returns, as far as the store is configured to.
package protocol CatalogStore: Sendable {
  /// Runs `body` on one consistent snapshot.
  func read<Result: Sendable>(
    _ body: @escaping @Sendable (any CatalogReader) throws -> Result
  ) async throws -> Result

  /// Runs `body` in one transaction, committed when it returns and rolled back when it throws.
  func write<Result: Sendable>(
    _ body: @escaping @Sendable (any CatalogTransaction) throws -> Result
  ) async throws -> Result

  /// Makes what was written so far durable, also where the store is not configured to; needs no free space.
  func sync() async throws

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
  /// Unfinished uploads of the push whose path another upload of it has, in id order.
  func contendingUploads(ofPush id: PushID, at path: BundlePath, limit: Int) throws -> [UploadID]
  /// How many files were left out of the push for others at their paths.
  func supersededCount(ofPush id: PushID) throws -> Int64
  /// Those files, in the order in which it was decided, after that number.
  func supersededFiles(ofPush id: PushID, after number: Int64, limit: Int) throws -> [SupersededFile]
  /// Where those of the small objects lie that are in a pack.
  func extents(of digests: [Digest]) throws -> [Digest: Extent]
  /// Whether the pack takes no more extents.
  func isClosed(_ pack: PackID) throws -> Bool

  func push(_ id: PushID) throws -> PushRecord?
  /// Newest first, before `id`.
  func pushes(status: PushState.Status?, repo: RepoName?, before id: PushID?, limit: Int) throws
    -> [PushRecord]
  /// Those of the key, newest first, before `id`.
  func pushes(by key: PushKey, before id: PushID?, limit: Int) throws -> [PushRecord]
  /// Every push in one of `states`, in id order.
  func pushes(in states: Set<PushState>, after id: PushID?, limit: Int) throws -> [PushRecord]
  func pushProgress(_ id: PushID) throws -> PushProgress
  func expectedFile(ofPush id: PushID, at path: BundlePath) throws -> ExpectedFile?
  /// What keeps the push from being sealed, at most `limit` items, by path.
  func missing(ofPush id: PushID, limit: Int) throws -> [MissingFile]
  /// Per repo with queued pushes that wait for no retry: the one that was sealed first. By name of the repo, beginning
  /// behind `repo` and going round, each repo once.
  func queueHeads(after repo: RepoName?, limit: Int) throws -> [QueuedPush]
  /// Queued pushes whose retry is due (`notBefore` ≤ now), the one due first first.
  func duePushes(at now: Timestamp, limit: Int) throws -> [PushID]
  /// Queued pushes that wait for their retry, counted up to `limit`.
  func delayedPushCount(limit: Int) throws -> Int
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
  /// Of each repo whose index lacks bundles the next to be added, by the repo's name, after `repo`.
  func unindexedBundles(after repo: RepoName?, limit: Int) throws -> [UnindexedBundle]
  /// The next bundle of the repo to be added to its index, nil when it has all.
  func unindexedBundle(of repo: RepoName) throws -> UnindexedBundle?
  /// The sizes of those of the objects that bundles of the repo have, as far as they are indexed.
  func repoObjects(of repo: RepoName, among digests: [Digest]) throws -> [Digest: Int64]
  /// What is planned, in its order.
  func plannedSteps(after sequence: Int64, limit: Int) throws -> [PlannedStep]

  /// Events with a greater sequence number, in order.
  func events(after sequence: Int64, limit: Int) throws -> [EventRecord]
  func lastEventSequence() throws -> Int64
  /// The events that somebody asked for, newest first, before `sequence`; those of one repo when it is given.
  func auditedEvents(repo: RepoName?, before sequence: Int64?, limit: Int) throws -> [EventRecord]
  /// The newest events of these kinds, newest first.
  func recentEvents(kinds: Set<EventKind>, limit: Int) throws -> [EventRecord]
  func schedulerCursor() throws -> RepoName?
  /// How far reading everything again has got.
  func scrub() throws -> ScrubRecord
  /// By digest, after `digest`.
  func scrubFindings(after digest: Digest?, limit: Int) throws -> [ScrubFinding]
  func scrubFinding(of digest: Digest) throws -> ScrubFinding?
  func schedulerRound() throws -> SchedulerRound
}

/// Changes to the catalog, in the words of the domain. Every change of state records its event in the same transaction.
package protocol CatalogTransaction: CatalogReader {
  func insert(_ upload: UploadRecord) throws
  /// Replaces the record with this id, all but `isContending`.
  func update(_ upload: UploadRecord) throws
  /// Keeps the running hash of an upload that is receiving or received; nothing happens in any other state.
  func saveHash(_ state: [UInt8], byteCount: Int64, of upload: UploadID) throws
  /// Whether the upload contends for its path; at most one living upload of a path does not.
  func setContending(_ isContending: Bool, _ id: UploadID) throws
  /// Remembers a file that was left out of the push; its number is given here.
  func insert(_ file: SupersededFile, of push: PushID) throws
  /// Remembers what a request with a key came to; the key must be new.
  func insert(_ request: IdempotentRequest) throws
  /// Forgets the keys of requests before then, at most `limit`.
  func removeIdempotentRequests(before: Timestamp, limit: Int) throws
  /// Records where a small object lies, unless that is known already.
  ///
  /// - Throws: `ProblemError` with `busy` when it is not, and the pack is closed.
  func insert(_ extent: Extent, of digest: Digest) throws

  /// Records that a small object lies elsewhere now, if it lies there.
  func moveExtent(of digest: Digest, from old: Extent, to new: Extent) throws
  /// Forgets the small objects.
  func removeExtents(of digests: [Digest]) throws
  /// Lets the pack take no more extents, for ever.
  func close(_ pack: PackID) throws

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
  /// Adds a repo as an earlier catalog had it; its name and folder must be free.
  func insert(_ repo: RepoRecord) throws
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
  /// Adds objects of a bundle to the index of its repo, each once, and after the last of them the bundle to what is
  /// indexed. False, and nothing done, when the repo has lost a bundle since the generation that was read.
  func addObjects(_ objects: [RepoObject], of unindexed: UnindexedBundle, isLast: Bool) throws -> Bool
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
  func save(_ scrub: ScrubRecord) throws
  /// Remembers the finding in the place of an earlier one of its object.
  func save(_ finding: ScrubFinding) throws
  func removeScrubFinding(of digest: Digest) throws
  /// Counts a start of the repo in the round, which may be a new one, and puts the cursor there.
  func countStart(of repo: RepoName, round: Int64, at now: Timestamp) throws
}
