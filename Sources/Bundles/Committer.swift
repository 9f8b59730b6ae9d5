import Blobs
import Catalog
import Platform
import Scheduling
import Vocabulary

/// Makes an admitted push a bundle, in the order of MUST-3: objects → manifest → descriptor → one transaction.
///
/// Every step can be done again: the bundle's id is fixed before the first, its sequence number changes only with the
/// last, and one repo has one commit at a time.
package struct Committer: PushHandler {
  private static let pageSize = 500
  /// Of a bundle; who comes after them is not named.
  private static let maximumContributors = 100
  private static let maximumContributorBytes = 256
  private let catalog: any CatalogStore
  private let blobs: any BlobStore
  private let logs: PushLogs
  private let clock: any WallClock

  package init(catalog: any CatalogStore, blobs: any BlobStore, logs: PushLogs, clock: any WallClock) {
    self.catalog = catalog
    self.blobs = blobs
    self.logs = logs
    self.clock = clock
  }

  /// - Throws: `ProblemError` with `storage-fault` or `storage-full`, `CommitStopped` when it is asked to stop or the
  ///   push was cancelled, or what the catalog throws; no bundle exists then.
  package func commit(_ id: PushID, until stop: CommitStop = CommitStop()) async throws {
    let push = try await begin(id)
    await logs.append(id, "commit begins: repo \(push.repo), attempt \(push.attempts)")
    do {
      let bundle = try await write(push, until: stop)
      await logs.append(
        id,
        "committed bundle \(bundle.id) (\(bundle.repo) #\(bundle.sequence)): \(bundle.fileCount) files, \(bundle.byteCount) bytes, manifest sha256 \(bundle.digest)"
      )
    } catch let error as BlobError {
      // The log is for whoever may see the push; where the server keeps its files is for its operator.
      logs.report("push \(id): \(error)")
      await logs.append(id, "failed: \(error.problem.detail)")
      throw error.problem
    } catch let error as CommitStopped {
      await logs.append(id, "stopped before the bundle was published")
      throw error
    } catch {
      await logs.append(id, "failed: \(error)")
      throw error
    }
  }

  /// admitted → committing.
  private func begin(_ id: PushID) async throws -> PushRecord {
    let now = clock.now()
    return try await catalog.write { transaction in
      guard var push = try transaction.push(id) else {
        throw ProblemError(.internalError, detail: "there is no push \(id)")
      }
      if push.state == .cancelled { throw CommitStopped() }
      guard push.state == .admitted, push.bundle != nil else {
        throw ProblemError(.internalError, detail: "push \(id) is not admitted")
      }
      push.state = .committing
      try transaction.update(push)
      // From here on there is a folder for the descriptor; a repo with a commit under way is not deleted or renamed.
      try transaction.ensureRepo(push.repo, description: nil, at: now)
      try transaction.record(
        NewEvent(at: now, kind: .pushCommitting, subject: id.text, repo: push.repo))
      return push
    }
  }

  private func write(_ push: PushRecord, until stop: CommitStop) async throws -> BundleRecord {
    guard let id = push.bundle else { preconditionFailure("admission fixes the bundle's id") }
    // Alive until the row is there: it keeps the manifest from being collected.
    let manifest = try await blobs.makeObject()
    defer { withExtendedLifetime(manifest) {} }
    let (digest, fileCount, byteCount, contributors) = try await writeManifest(
      of: push, to: manifest, until: stop)
    let (repo, latest) = try await catalog.read { reader in
      (try reader.repo(push.repo), try reader.latestBundle(of: push.repo))
    }
    guard let repo else {
      throw ProblemError(.internalError, detail: "repo \(push.repo) of push \(push.id) is gone")
    }
    let bundle = BundleRecord(
      id: id, repo: push.repo, sequence: repo.lastSequence + 1, digest: digest, message: push.message,
      label: push.label,
      author: push.author, push: push.id, fileCount: fileCount, byteCount: byteCount, createdAt: clock.now(),
      parents: latest.map { [$0.id] } ?? [], contributors: contributors)
    let name = BundleDescriptor.name(bundle)
    try await blobs.putDescriptor(
      Array(BundleDescriptor.text(bundle, folder: repo.folder).utf8), name: name, folder: repo.folder)
    await logs.append(push.id, "descriptor written: \(repo.folder)/\(name)")
    do {
      try stop.check()
      try await publish(bundle)
    } catch let stopped as CommitStopped {
      await removeDescriptor(name, folder: repo.folder, of: push.id)
      throw stopped
    }
    return bundle
  }

  /// Nothing refers to it; should it stay, a check of the data folder names it, and no more.
  private func removeDescriptor(_ name: String, folder: RepoName, of push: PushID) async {
    do {
      try await blobs.removeDescriptor(name: name, folder: folder)
      await logs.append(push, "descriptor removed: \(folder)/\(name)")
    } catch {
      logs.report("push \(push): descriptor \(folder)/\(name) could not be removed: \(error)")
    }
  }

  private func writeManifest(
    of push: PushRecord, to manifest: any ObjectWriter, until stop: CommitStop
  ) async throws -> (Digest, fileCount: Int64, byteCount: Int64, contributors: [String]) {
    do {
      try await manifest.write(Array(Manifest.header.utf8))
      var fileCount: Int64 = 0
      var byteCount: Int64 = 0
      var contributors = push.author.map { [$0] } ?? []
      var after: String?
      while true {
        let cursor = after
        try stop.check()
        let page = try await catalog.read { reader in
          if try reader.push(push.id)?.state == .cancelled { throw CommitStopped() }
          return try reader.uploads(ofPush: push.id, after: cursor, limit: Self.pageSize)
        }
        var lines = ""
        let sizes = try await blobs.objectSizes(page.compactMap(\.digest))
        // One that contends for a path came too late: what has the path is verified.
        for upload in page where upload.state != .rejected && !upload.isContending {
          let entry = try checkedEntry(upload, sizes)
          lines += Manifest.line(entry)
          fileCount += 1
          byteCount += entry.size
          Self.add(upload.metadata, to: &contributors)
        }
        try await manifest.write(Array(lines.utf8))
        guard let last = page.last, page.count == Self.pageSize else { break }
        after = last.path.text
      }
      await logs.append(push.id, "manifest written: \(fileCount) files, \(byteCount) bytes")
      return (try await manifest.finish(), fileCount, byteCount, contributors)
    } catch {
      await manifest.cancel()
      throw error
    }
  }

  private static func add(_ metadata: UploadMetadata, to contributors: inout [String]) {
    guard contributors.count < maximumContributors, let author = try? metadata.text("author"),
      (1...maximumContributorBytes).contains(author.utf8.count), !contributors.contains(author)
    else { return }
    contributors.append(author)
  }

  /// The upload as an entry, its object seen in storage with the right size (MUST-5).
  private func checkedEntry(_ upload: UploadRecord, _ sizes: [Digest: Int64]) throws -> Entry {
    guard upload.state == .verified || upload.state == .committed, let digest = upload.digest,
      let length = upload.length
    else {
      throw ProblemError(
        .internalError,
        detail: "upload \(upload.id) (\(quoted(upload.path.text))) is \(upload.state.rawValue), not verified")
    }
    guard let size = sizes[digest] else { throw BlobError.missing("object \(digest)") }
    guard size == length else {
      throw BlobError.failed("object \(digest) has \(size) bytes, upload \(upload.id) had \(length)")
    }
    return Entry(
      path: upload.path, size: length, digest: digest, mode: upload.mode, modifiedAt: upload.modifiedAt)
  }

  private func publish(_ bundle: BundleRecord) async throws {
    let now = clock.now()
    try await catalog.write { transaction in
      guard var push = try transaction.push(bundle.push) else {
        throw ProblemError(.internalError, detail: "there is no push \(bundle.push)")
      }
      if push.state == .cancelled { throw CommitStopped() }
      guard push.state == .committing else {
        throw ProblemError(.internalError, detail: "push \(bundle.push) is no longer committing")
      }
      // A file that was rejected since the push was sealed would be missing from the manifest.
      let verified = try transaction.pushProgress(push.id).verified
      guard verified == bundle.fileCount else {
        throw ProblemError(
          .internalError,
          detail: "push \(push.id) has \(verified) verified files, its manifest \(bundle.fileCount)")
      }
      try transaction.ensureRepo(bundle.repo, description: nil, at: now)
      try transaction.insert(bundle)
      if let label = bundle.label {
        let before = try transaction.bundle(of: bundle.repo, label: label)
        try LabelRegister.move(
          label, from: before, to: bundle, by: bundle.author, at: now, in: transaction)
      }
      try transaction.markCommitted(uploadsOf: push.id)
      push.state = .committed
      push.finishedAt = now
      try transaction.update(push)
      try transaction.record(
        NewEvent(
          at: now, kind: .pushCommitted, subject: push.id.text, repo: push.repo,
          details: ["bundle": bundle.id.text, "sequence": String(bundle.sequence)]))
    }
  }
}
