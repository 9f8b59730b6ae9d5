import Bundles
import Catalog
import HTTPEdge
import Platform
import Vocabulary

/// Every page rendered with data as hostile as the catalog can hold.
enum PagesSamples {
  /// Markup, both quotes, and the two ways to hide a special character in a larger grapheme: a combining mark behind
  /// it and a prepended mark before it.
  static let hostile = "<script>alert(1)</script> \"\u{301} onload=\"x' & \u{600}<img src=x>"
  static let hostilePath = "a <b>/\"quoted\"\u{301}/50% #1?&'\u{600}<i>.txt"
  static let now = Timestamp(milliseconds: 1_795_000_000_000)
  static let earlier = now.adding(seconds: -3600)

  static func id<Kind>(_ number: UInt8) -> Identifier<Kind> {
    Identifier(milliseconds: earlier.milliseconds, random: [UInt8](repeating: number, count: 10))
  }
  static let digest = Digest(bytes: [UInt8](repeating: 0xab, count: 32))!

  static func push(_ state: PushState) throws -> PushRecord {
    PushRecord(
      id: id(1), state: state, origin: .client, repo: try RepoName("maps"), message: hostile,
      label: try LabelName("nightly"), author: hostile, sealWhenComplete: true, expectedCount: 2,
      expectedBytes: 2048, createdAt: earlier, expiresAt: nil, bundle: state == .committed ? id(2) : nil,
      errorCode: state == .failed ? "internal-error" : nil, errorMessage: hostile)
  }

  static func upload(_ state: UploadState) throws -> UploadRecord {
    UploadRecord(
      id: id(3), state: state, length: 1024, metadata: .none, push: id(1), path: try BundlePath(hostilePath),
      filename: nil, declaredDigest: nil, digest: state == .verified ? digest : nil, modifiedAt: nil,
      mode: nil,
      client: hostile, createdAt: earlier, updatedAt: earlier, expiresAt: nil,
      reason: state == .rejected ? hostile : nil)
  }

  static func bundle() throws -> BundleRecord {
    BundleRecord(
      id: id(2), repo: try RepoName("maps"), sequence: 7, digest: digest, message: hostile,
      label: try LabelName("nightly"), author: hostile, push: id(1), fileCount: 1, byteCount: 1024,
      createdAt: earlier)
  }

  static func status() throws -> StatusPage {
    let errors = RecentErrors()
    errors.add(hostile, at: earlier)
    return StatusPage(
      activity: [
        .init(
          id: id(3), path: hostilePath, offset: 512, length: 1024, client: hostile, bytesPerSecond: 2_000_000),
        .init(id: id(4), path: "plain", offset: 512, length: nil, client: nil, bytesPerSecond: 0),
      ], activeCount: 3, uploads: [.receiving: 2], pushes: [.queued: 1],
      scheduler: .init(
        ticks: 12_345, lastTickAt: now, started: 2, committed: 1, failed: 0,
        running: [id(1): try RepoName("maps")]),
      space: (free: 1 << 30, total: 4 << 30), errors: errors.newest,
      events: [
        EventRecord(
          sequence: 1,
          event: NewEvent(
            at: earlier, kind: .uploadRejected, subject: "\(id(3) as UploadID)",
            details: ["path": hostilePath, "declared": digest.hex, "actual": digest.hex]))
      ], pushOfUpload: ["\(id(3) as UploadID)": id(1)], startedAt: earlier, isSynced: true)
  }

  static func pages() throws -> [(name: String, html: String)] {
    let templates = try PageTemplates.embedded.get()
    let none = PushProgress(total: 0, verified: 0, rejected: 0, finishedBytes: 0)
    let half = PushProgress(total: 2, verified: 1, rejected: 1, finishedBytes: 1024)
    let repo = RepoRecord(
      name: try RepoName("maps"), description: hostile, createdAt: earlier, bundleCount: 1, lastSequence: 7)
    let entry = Entry(
      path: try BundlePath(hostilePath), size: 1024, digest: digest, mode: nil, modifiedAt: earlier)
    let open = PushPage(
      push: try push(.open), progress: half,
      missing: [.init(path: hostilePath, reason: .rejected), .init(path: "b", reason: .absent)],
      items: [
        .init(upload: try upload(.receiving), offset: 512), .init(upload: try upload(.rejected), offset: 0),
      ], next: hostilePath, log: hostile)
    let committed = PushPage(
      push: try push(.committed), progress: half, bundle: try bundle(),
      items: [.init(upload: try upload(.verified), offset: 1024)])
    return [
      ("upload", UploadPage(repos: [.inbox], repo: .inbox, address: "http://localhost:1").html(templates)),
      (
        "pushes",
        PushListPage(
          rows: [
            .init(push: try push(.open), progress: half, bundle: nil, waitingFor: hostile),
            .init(push: try push(.committed), progress: none, bundle: try bundle()),
          ],
          filter: PushFilter(status: .ongoing, repo: .inbox, source: hostile, text: hostile),
          counts: [.open: 1, .committed: 1], isFirstPage: false, next: id(1)
        ).html(templates, now: now)
      ),
      ("push open", open.html(templates, now: now)),
      ("push committed", committed.html(templates, now: now)),
      ("push failed", PushPage(push: try push(.failed), progress: half).html(templates, now: now)),
      ("status", try status().html(templates, now: now)),
      ("repos", RepoListPage(rows: [.init(repo: repo, latest: try bundle())]).html(templates, now: now)),
      (
        "repo",
        RepoPage(
          repo: repo, rows: [.init(bundle: try bundle(), labels: [try LabelName("nightly")])],
          labels: [.init(name: try LabelName("nightly"), bundle: try bundle())],
          plotted: [try bundle(), try bundle()], address: "http://localhost:1"
        )
        .html(templates, now: now)
      ),
      (
        "bundle",
        BundlePage(
          bundle: try bundle(), labels: [], entries: [entry], next: 99, previous: try bundle(),
          address: "http://localhost:1"
        ).html(templates, now: now)
      ),
      (
        "tree",
        TreePage(
          bundle: try bundle(), folder: try BundlePath("a <b>/\"quoted\"\u{301}"),
          listing: FolderListing(
            items: [
              .folder(name: hostile, fileCount: nil, byteCount: nil),
              .folder(name: "counted", fileCount: 3, byteCount: 1024), .file(entry),
            ], next: 99), isFirstPage: false
        ).html(templates, now: now)
      ),
      (
        "diff",
        DiffPage(
          from: try bundle(), to: try bundle(),
          page: .init(
            changes: FileChange.allCases.map {
              .init(kind: $0, old: $0 == .added ? nil : entry, new: $0 == .deleted ? nil : entry)
            }, next: .init(old: 1, new: 2), summary: .init(), areRenamesMatched: false), isFirstPage: false
        ).html(templates)
      ),
      (
        "error",
        errorPageHTML(templates, ProblemError(.notFound, detail: hostile), requestID: hostile)
      ),
    ]
  }
}
