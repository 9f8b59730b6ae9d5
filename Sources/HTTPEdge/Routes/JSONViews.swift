import Bundles
import Catalog
import Scheduling
import Uploads
import Vocabulary

/// The resources as JSON, with the members that docs/api.md lists, in its order; what is not known is null.
package enum JSONViews {
  package static func upload(_ upload: UploadRecord, offset: Int64) -> JSONValue {
    let path = "/files/\(upload.id)"
    var links: [JSONValue.Member] = [
      link("self", path), link("digest", "\(path)/digest"), link("blocks", "\(path)/blocks"),
      link("verify", "\(path)/verify"),
    ]
    if let push = upload.push { links.append(link("push", pushPath(push))) }
    return [
      "id": .string(upload.id.text),
      "state": .string(upload.state.rawValue),
      "offset": .integer(offset),
      "length": .count(upload.length),
      "push": .text(upload.push?.text),
      "path": .string(upload.path.text),
      "filename": .text(upload.filename),
      "digest": .text(upload.digest?.hex),
      "declaredDigest": .text(upload.declaredDigest?.hex),
      "reason": .text(upload.reason),
      "createdAt": .time(upload.createdAt),
      "expiresAt": .time(upload.state.isOpen ? upload.expiresAt : nil),
      "_links": .object(links),
    ]
  }

  package static func push(_ snapshot: PushSnapshot) -> JSONValue {
    let push = snapshot.push
    return [
      "id": .string(push.id.text),
      "repo": .string(push.repo.text),
      "message": .string(push.message),
      "label": .text(push.label?.text),
      "author": .text(push.author),
      "origin": .string(push.origin.rawValue),
      "source": push.source.map { ["name": .string($0.name), "path": .string($0.path)] } ?? .null,
      "concurrencyFactor": push.concurrencyFactor.map { .count($0) } ?? .null,
      "state": .string(push.state.rawValue),
      "status": .string(push.state.status.rawValue),
      "sealWhenComplete": .bool(push.sealWhenComplete),
      "allowEmpty": .bool(push.allowsEmpty),
      "conflicts": .string(push.conflictPolicy.rawValue),
      "replaced": .integer(snapshot.replaced),
      "createdAt": .time(push.createdAt),
      "sealedAt": .time(push.sealedAt),
      "finishedAt": .time(push.finishedAt),
      "expiresAt": .time(push.expiresAt),
      "files": [
        "expected": .count(push.expectedCount),
        "total": .integer(snapshot.progress.total),
        "verified": .integer(snapshot.progress.verified),
        "rejected": .integer(snapshot.progress.rejected),
      ],
      "bytes": [
        "expected": .count(push.expectedBytes), "received": .integer(snapshot.progress.finishedBytes),
      ],
      "bundle": brief(snapshot.bundle),
      "error": push.errorCode.map { ["code": .string($0), "message": .text(push.errorMessage)] } ?? .null,
      "attempts": .count(push.attempts),
      "notBefore": .time(push.notBefore),
      "waitingFor": .text(snapshot.waitingFor),
      "_links": .object(links(of: snapshot)),
    ]
  }

  package static func repo(_ repo: RepoRecord, latest: BundleRecord?) -> JSONValue {
    let path = repoPath(repo.name)
    var links = [
      link("self", path), link("bundles", "\(path)/bundles"), link("labels", "\(path)/labels"),
      link("labelMoves", "\(path)/label-moves"), link("squash", "\(path)/squash"),
    ]
    if let latest { links.append(link("latest", bundlePath(latest))) }
    return [
      "name": .string(repo.name.text),
      "description": .text(repo.description),
      "createdAt": .time(repo.createdAt),
      "bundleCount": .integer(repo.bundleCount),
      "latest": brief(latest),
      "weight": .count(repo.weight),
      "retention": [
        "latest": .count(repo.retention.latest.map { Int64($0) }),
        "ageSeconds": .count(repo.retention.ageSeconds),
      ],
      "_links": .object(links),
    ]
  }

  package static func bundle(_ bundle: BundleRecord, labels: [LabelName]) -> JSONValue {
    let path = bundlePath(bundle)
    return [
      "id": .string(bundle.id.text),
      "repo": .string(bundle.repo.text),
      "sequence": .integer(bundle.sequence),
      "digest": .string(bundle.digest.hex),
      "message": .string(bundle.message),
      "label": .text(bundle.label?.text),
      "labels": .array(labels.map { .string($0.text) }),
      "author": .text(bundle.author),
      "push": .string(bundle.push.text),
      "fileCount": .integer(bundle.fileCount),
      "byteCount": .integer(bundle.byteCount),
      "createdAt": .time(bundle.createdAt),
      "parents": .array(bundle.parents.map { .string($0.text) }),
      "contributors": .array(bundle.contributors.map { .string($0) }),
      "_links": .links([
        "self": path, "files": "\(path)/files", "tree": "\(path)/tree", "tar": "\(path).tar",
        "zip": "\(path).zip", "verify": "\(path)/verify",
        "push": pushPath(bundle.push), "repo": repoPath(bundle.repo),
      ]),
    ]
  }

  package static func label(_ label: LabelRecord, _ bundle: BundleRecord?) -> JSONValue {
    let path = labelPath(label)
    return [
      "name": .string(label.label.text),
      "repo": .string(label.repo.text),
      "bundle": brief(bundle),
      "_links": .links([
        "self": path, "moves": "\(path)/moves", "repo": repoPath(label.repo),
        "bundle": "\(repoPath(label.repo))/bundles/\(label.bundle)",
      ]),
    ]
  }

  package static func move(_ move: LabelMove) -> JSONValue {
    [
      "sequence": .integer(move.sequence),
      "label": .string(move.label.text),
      "bundle": .text(move.bundle?.text),
      "actor": .text(move.author),
      "at": .time(move.at),
    ]
  }

  package static func entry(_ entry: Entry) -> JSONValue {
    [
      "path": .string(entry.path.text),
      "size": .integer(entry.size),
      "sha256": .string(entry.digest.hex),
      "mode": .text(entry.mode.map { "0" + String($0, radix: 8) }),
      "mtime": .time(entry.modifiedAt),
    ]
  }

  /// A file that was left out of its push.
  static func superseded(_ file: SupersededFile) -> JSONValue {
    [
      "path": .string(file.path.text), "size": .integer(file.size), "sha256": .string(file.digest.hex),
      "upload": .string(file.upload.text), "replacedBy": .string(file.by.text), "at": .time(file.at),
    ]
  }

  package static func event(_ record: EventRecord) -> JSONValue {
    let event = record.event
    return [
      "sequence": .integer(record.sequence),
      "at": .time(event.at),
      "kind": .string(event.kind.rawValue),
      "subject": .string(event.subject),
      "repo": .text(event.repo?.text),
      "actor": .text(event.actor),
      "details": .object(event.details.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) }),
    ]
  }

  static func pushPath(_ id: PushID) -> String { "/api/v1/pushes/\(id)" }
  static func repoPath(_ name: RepoName) -> String { "/api/v1/repos/\(name)" }
  static func labelPath(_ label: LabelRecord) -> String { "\(repoPath(label.repo))/labels/\(label.label)" }
  static func bundlePath(_ bundle: BundleRecord) -> String { "\(repoPath(bundle.repo))/bundles/\(bundle.id)" }

  private static func brief(_ bundle: BundleRecord?) -> JSONValue {
    guard let bundle else { return .null }
    return [
      "id": .string(bundle.id.text), "sequence": .integer(bundle.sequence),
      "digest": .string(bundle.digest.hex),
    ]
  }

  /// What can be done with the push now has a link.
  private static func links(of snapshot: PushSnapshot) -> [JSONValue.Member] {
    let push = snapshot.push
    let path = pushPath(push.id)
    var links = [
      link("self", path), link("uploads", "\(path)/uploads"), link("log", "\(path)/log"),
      link("replaced", "\(path)/replaced"), link("repo", repoPath(push.repo)),
    ]
    if push.state == .open { links.append(link("seal", "\(path)/seal")) }
    if push.isCancellable { links.append(link("cancel", "\(path)/cancel")) }
    if push.isRetryable { links.append(link("retry", "\(path)/retry")) }
    if let bundle = snapshot.bundle { links.append(link("bundle", bundlePath(bundle))) }
    return links
  }

  private static func link(_ relation: String, _ path: String) -> JSONValue.Member {
    .init(relation, ["href": .string(path)])
  }
}

/// A push with what its view needs beside the record, from one snapshot of the catalog.
package struct PushSnapshot: Sendable {
  package var push: PushRecord
  package var progress: PushProgress
  /// Once committed.
  package var bundle: BundleRecord?
  /// Why it does not start, while it is queued.
  package var waitingFor: String?
  /// Files that were left out for others at their paths.
  package var replaced: Int64

  package init(
    push: PushRecord, progress: PushProgress, bundle: BundleRecord?, waitingFor: String? = nil,
    replaced: Int64 = 0
  ) {
    self.replaced = replaced
    self.push = push
    self.progress = progress
    self.bundle = bundle
    self.waitingFor = waitingFor
  }

  package init(_ push: PushRecord, _ reader: any CatalogReader, _ scheduler: SchedulerRunner) throws {
    self.push = push
    waitingFor = scheduler.waitingReason(of: push)?.description
    progress = try reader.pushProgress(push.id)
    replaced = push.conflictPolicy == .refuse ? 0 : try reader.supersededCount(ofPush: push.id)
    // The id is fixed at admission; there is no bundle of it before the commit is done.
    bundle = push.state == .committed ? try push.bundle.flatMap { try reader.bundle($0) } : nil
  }
}

extension PushRecord {
  var isCancellable: Bool { ![.committed, .cancelled, .expired].contains(state) }
  /// It failed, or waits for its next attempt.
  var isRetryable: Bool { state == .failed || state == .queued && notBefore != nil }
}
