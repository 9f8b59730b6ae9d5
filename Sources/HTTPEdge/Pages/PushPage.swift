import Bundles
import Catalog
import Hummingbird
import Ingestion
import Platform
import Scheduling
import Uploads
import Vocabulary

/// `/ui/pushes/{id}`: one push with its uploads, its log and what can be done with it.
package struct PushPage: Sendable {
  package struct Item: Sendable {
    package var upload: UploadRecord
    /// Bytes that are there.
    package var offset: Int64
    package init(upload: UploadRecord, offset: Int64) {
      self.upload = upload
      self.offset = offset
    }
  }
  private static let pageSize = 100
  private static let missingLimit = 50
  package static let logLines = 200

  package var push: PushRecord
  package var progress: PushProgress
  package var bundle: BundleRecord?
  package var missing: [MissingFile]
  /// How many files were left out for others at their paths, and the first of them.
  package var replacedCount: Int64 = 0
  package var replaced: [SupersededFile] = []
  package var items: [Item]
  /// Where the following page of uploads starts, nil on the last.
  package var next: String?
  package var isFirstPage: Bool
  package var log: String
  /// Why it does not start, while it is queued.
  package var waitingFor: String?
  /// Of a push that is being taken in from its source.
  package var ingest: IngestProgress?

  package init(
    push: PushRecord, progress: PushProgress, bundle: BundleRecord? = nil, missing: [MissingFile] = [],
    items: [Item] = [], next: String? = nil, isFirstPage: Bool = true, log: String = "",
    waitingFor: String? = nil
  ) {
    self.push = push
    self.progress = progress
    self.bundle = bundle
    self.missing = missing
    self.items = items
    self.next = next
    self.isFirstPage = isFirstPage
    self.log = log
    self.waitingFor = waitingFor
  }

  /// - Throws: `ProblemError` with `not-found`.
  static func load(_ services: GatewayServices, _ request: Request, id: PushID) async throws -> PushPage {
    let after = PageQuery(request)["cursor"]
    var (page, uploads) = try await services.catalog.read { reader in
      guard let push = try reader.push(id) else {
        throw ProblemError(.notFound, detail: "there is no push \(id)")
      }
      let isCommitted = push.state == .committed
      var page = PushPage(
        push: push, progress: try reader.pushProgress(id),
        bundle: isCommitted ? try push.bundle.flatMap { try reader.bundle($0) } : nil,
        missing: push.state == .open ? try reader.missing(ofPush: id, limit: missingLimit + 1) : [],
        isFirstPage: after == nil)
      if push.conflictPolicy != .refuse {
        page.replacedCount = try reader.supersededCount(ofPush: id)
        page.replaced = try reader.supersededFiles(ofPush: id, after: 0, limit: missingLimit)
      }
      return (page, try reader.uploads(ofPush: id, after: after, limit: pageSize + 1))
    }
    if uploads.count > pageSize {
      uploads.removeLast()
      page.next = uploads.last?.path.text
    }
    for upload in uploads {
      page.items.append(Item(upload: upload, offset: await offset(of: upload, services)))
    }
    page.waitingFor = services.scheduler.waitingReason(of: page.push)?.description
    let snapshot = PushSnapshot(
      push: page.push, progress: page.progress, bundle: page.bundle, waitingFor: page.waitingFor)
    let text = PushHistory.text(
      snapshot, written: try await services.logs.read(id), now: services.clock.now())
    page.log = tail(text, lines: logLines)
    page.ingest = services.ingests.progress(of: page.push)
    return page
  }

  /// The offset without disturbing whoever is sending; what cannot be asked counts as nothing.
  private static func offset(of upload: UploadRecord, _ services: GatewayServices) async -> Int64 {
    if upload.state.isFinished { return upload.length ?? 0 }
    return (try? await services.uploads.status(upload.id))?.offset ?? 0
  }

  /// The last lines of a log.
  package static func tail(_ bytes: [UInt8], lines: Int) -> String {
    var start = bytes.endIndex
    var count = 0
    while start > 0 {
      if bytes[start - 1] == UInt8(ascii: "\n"), start != bytes.endIndex {
        count += 1
        if count == lines { break }
      }
      start -= 1
    }
    return String(decoding: bytes[start...], as: UTF8.self)
  }

  package func html(_ templates: PageTemplates, now: Timestamp) -> String {
    var view: PageView = [
      "id": push.id.text, "message": push.message, "badge": PageViews.badge(push.state),
      "repo": push.repo.text, "repoHref": PageLinks.repo(push.repo),
      "origin": PageViews.origin(push), "state": stateText, "filesText": filesText,
      "attempts": push.attempts, "created": PageViews.time(push.createdAt, now: now),
      "logHref": PageLinks.pushLog(push.id), "hasActions": !actions.isEmpty,
      "actions": actions.map { action in
        [
          "href": "\(PageLinks.push(push.id))/\(action.rawValue)", "word": action.word, "look": action.look,
        ] as PageView
      },
      "hasMissing": !missing.isEmpty, "hasUploads": !items.isEmpty, "uploads": items.map(Self.view),
    ]
    view.set("label", push.label?.text)
    view.set("author", push.author)
    view.set("sealed", push.sealedAt.map { PageViews.time($0, now: now) })
    view.set("finished", push.finishedAt.map { PageViews.time($0, now: now) })
    view.set("expires", push.expiresAt.map { PageViews.time($0, now: now) })
    view.set("log", log)
    view.set("waitingFor", waitingFor)
    view.set("notBefore", push.notBefore.map { PageViews.time($0, now: now) })
    if push.state.status == .error || push.notBefore != nil, let code = push.errorCode {
      view["error"] = ["code": code, "explanation": push.errorMessage ?? ""]
    }
    if let bundle {
      view["bundle"] =
        [
          "bundleHref": PageLinks.bundle(bundle.repo, bundle.id.text), "sequence": bundle.sequence,
          "bundleSummary":
            "\(PageFormat.plural(bundle.fileCount, "file")), \(PageFormat.bytes(bundle.byteCount))",
        ] as PageView
    }
    setProgress(&view)
    setMissing(&view)
    setReplaced(&view)
    view.set(
      "paging",
      PageViews.paging(
        first: isFirstPage ? nil : PageLinks.push(push.id),
        next: next.map { PageLinks.query(PageLinks.push(push.id), ["cursor": $0]) },
        words: ("First uploads", "More uploads")))
    return templates.html("push", title: "Push: \(push.message)", section: .pushes, view: view)
  }

  private var actions: [PushAction] {
    (push.state == .open && push.origin != .source ? [.seal] : []) + (push.isRetryable ? [.retry] : [])
      + (push.isCancellable ? [.cancel] : [])
  }

  /// The state, and of a push that is being taken in what is done with it.
  private var stateText: String {
    switch ingest?.phase {
    case .waiting: "\(push.state.rawValue), waits for its turn"
    case .scanning:
      "\(push.state.rawValue), scanning: \(PageFormat.plural(ingest?.filesFound ?? 0, "file")) found"
    case .taking: "\(push.state.rawValue), taking files in"
    case nil: push.state.rawValue
    }
  }

  private var filesText: String {
    let verified =
      "\(PageFormat.number(progress.verified)) of "
      + "\(PageFormat.plural(push.expectedCount ?? progress.total, "file")) verified"
    return progress.rejected == 0 ? verified : "\(verified), \(PageFormat.number(progress.rejected)) rejected"
  }

  private func setProgress(_ view: inout PageView) {
    guard push.state == .open, let expected = push.expectedBytes else { return }
    let underWay = ingest?.bytesUnderWay ?? 0
    let more = underWay > 0 ? ", \(PageFormat.bytes(underWay)) under way" : ""
    view["progress"] =
      [
        "max": max(1, expected), "value": min(progress.finishedBytes + underWay, expected),
        "text":
          "\(PageFormat.bytes(progress.finishedBytes)) of \(PageFormat.bytes(expected)) in finished files\(more)",
      ] as PageView
  }

  private func setMissing(_ view: inout PageView) {
    view["missing"] = missing.prefix(Self.missingLimit).map { file in
      [
        "path": file.path,
        "badge": PageViews.badge(file.reason == .rejected ? "error" : "ongoing", file.reason.rawValue),
      ] as PageView
    }
    if missing.count > Self.missingLimit { view["missingMore"] = "and more" }
  }

  private func setReplaced(_ view: inout PageView) {
    if push.conflictPolicy != .refuse { view["conflicts"] = push.conflictPolicy.rawValue }
    view["hasReplaced"] = replacedCount > 0
    view["replacedText"] =
      "\(PageFormat.plural(replacedCount, "file")) arrived for a path where another one counts."
    view["replaced"] = replaced.map { ["path": $0.path.text, "digest": $0.digest.hex] as PageView }
    if replacedCount > Int64(replaced.count) { view["replacedMore"] = "/api/v1/pushes/\(push.id)/replaced" }
  }

  private static func view(_ item: Item) -> PageView {
    let upload = item.upload
    let (folder, name) = PageViews.split(upload.path.text)
    var view: PageView = [
      "badge": PageViews.badge(upload.state), "folder": folder, "name": name,
    ]
    view.set("reason", upload.reason)
    view.set("digest", upload.digest?.hex)
    // The bytes of a rejected upload are gone; a bar would say that they are still to come.
    if upload.state == .rejected {
      view["offset"] = PageViews.bytes(upload.length ?? 0)
    } else {
      view["uploadHref"] = PageLinks.uploadResource(upload.id)
      PageViews.progress(item.offset, of: upload.length, path: upload.path.text, in: &view)
    }
    return view
  }
}
