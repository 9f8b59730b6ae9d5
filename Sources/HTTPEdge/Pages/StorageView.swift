import Bundles
import Catalog
import Vocabulary

/// The storage as the status page shows it: what each repo takes, and how upkeep goes.
package struct StorageView: Sendable {
  /// More repos are one further bar together.
  private static let maximumBars = 12

  /// A repo and the bytes of its objects, each counted once.
  package struct Share: Sendable {
    package var repo: RepoName
    package var bytes: Int64
    package init(repo: RepoName, bytes: Int64) {
      self.repo = repo
      self.bytes = bytes
    }
  }

  package var shares: [Share]
  package var collection: CollectionRunner.Status
  package var scrub: ScrubRecord
  package var findings: [ScrubFinding]

  package init(
    shares: [Share] = [], collection: CollectionRunner.Status = .init(), scrub: ScrubRecord = .init(),
    findings: [ScrubFinding] = []
  ) {
    self.shares = shares
    self.collection = collection
    self.scrub = scrub
    self.findings = findings
  }

  static func load(_ services: GatewayServices, _ reader: any CatalogReader) throws -> StorageView {
    var shares: [Share] = []
    var after: RepoName?
    while true {
      let page = try reader.repos(after: after, limit: 500)
      shares += page.filter { $0.objectBytes > 0 }.map { Share(repo: $0.name, bytes: $0.objectBytes) }
      guard page.count == 500, let last = page.last else { break }
      after = last.name
    }
    return StorageView(
      shares: shares, collection: services.collection.current, scrub: try reader.scrub(),
      findings: try reader.scrubFindings(after: nil, limit: 20))
  }

  func view(now: Timestamp) -> PageView {
    var view: PageView = [
      "hasShares": !shares.isEmpty, "shares": bars, "collectionState": collection.state.rawValue,
      "checkedText":
        "\(PageFormat.plural(scrub.checkedObjects, "object")), \(PageFormat.bytes(scrub.checkedBytes))",
      "scrubState": scrub.cursor != nil ? "reading" : "resting", "hasFindings": !findings.isEmpty,
      "findings": findings.map { finding in
        [
          "sha256": finding.digest.hex, "reason": finding.reason,
          "when": PageViews.time(finding.at, now: now),
        ] as PageView
      },
    ]
    view.set("collectedAt", collection.finishedAt.map { PageViews.time($0, now: now) })
    if collection.state == .done {
      view["collectionText"] =
        "\(PageFormat.plural(Int64(collection.report.removedObjects), "object")) removed, \(PageFormat.bytes(collection.report.removedBytes))"
    }
    view.set("collectionError", collection.error)
    view.set("scrubbedAt", scrub.finishedAt.map { PageViews.time($0, now: now) })
    return view
  }

  /// The largest first, each as a part of the largest.
  private var bars: [PageView] {
    let sorted = shares.sorted { ($1.bytes, $0.repo) < ($0.bytes, $1.repo) }
    let most = max(1, sorted.first?.bytes ?? 1)
    var bars = sorted.prefix(Self.maximumBars).map { share in
      [
        "name": share.repo.text, "href": PageLinks.repo(share.repo), "bytes": PageViews.bytes(share.bytes),
        "value": share.bytes, "most": most,
      ] as PageView
    }
    let rest = sorted.dropFirst(Self.maximumBars)
    if !rest.isEmpty {
      let bytes = rest.reduce(0) { $0 + $1.bytes }
      bars.append([
        "name": "\(PageFormat.plural(Int64(rest.count), "other repo"))", "bytes": PageViews.bytes(bytes),
        "value": min(bytes, most), "most": most,
      ])
    }
    return bars
  }
}
