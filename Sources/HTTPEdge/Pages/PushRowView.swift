import Catalog
import Vocabulary

/// A push as a row of a list.
enum PushRowView {
  static func view(_ row: PushSnapshot, now: Timestamp) -> PageView {
    let push = row.push
    var view: PageView = [
      "badge": PageViews.badge(push.state), "message": push.message, "shortID": PageViews.short(push.id.text),
      "href": PageLinks.push(push.id), "repo": push.repo.text, "repoHref": PageLinks.repo(push.repo),
      "origin": PageViews.origin(push), "when": PageViews.time(push.createdAt, now: now),
      "logHref": PageLinks.pushLog(push.id),
    ]
    if push.state.status == .ongoing || push.state == .expired { view["stateWord"] = push.state.rawValue }
    view.set("waitingFor", row.waitingFor.map { "waits for \($0)" })
    if push.attempts > 1 { view["attempt"] = "attempt \(push.attempts)" }
    if push.state.status == .error || push.notBefore != nil { view.set("errorCode", push.errorCode) }
    view.set("source", push.source.map { "\($0.name)/\($0.path)" })
    view.set("label", push.label?.text)
    view.set("author", push.author)
    if let bundle = row.bundle {
      view["files"] = PageFormat.number(bundle.fileCount)
      view["bytes"] = PageViews.bytes(bundle.byteCount)
      view["bundle"] =
        ["href": PageLinks.bundle(bundle.repo, bundle.id.text), "sequence": bundle.sequence] as PageView
    } else {
      view["files"] = PageFormat.number(row.progress.verified)
      view["bytes"] = PageViews.bytes(row.progress.finishedBytes)
      let count = push.expectedCount ?? row.progress.total
      if count != row.progress.verified { view["filesOf"] = PageFormat.number(count) }
      if row.progress.rejected > 0 { view["rejected"] = PageFormat.number(row.progress.rejected) }
      if let bytes = push.expectedBytes, bytes != row.progress.finishedBytes {
        view["bytesOf"] = PageViews.bytes(bytes)
        view["bar"] = bar(row.progress.finishedBytes, of: bytes, push)
      }
    }
    return view
  }

  /// Of a push that is open; what was given up has no progress.
  private static func bar(_ bytes: Int64, of expected: Int64, _ push: PushRecord) -> PageView? {
    guard push.state == .open else { return nil }
    return [
      "max": max(1, expected), "value": min(bytes, expected),
      "percent": "\(PageFormat.percent(min(bytes, expected), of: expected))%",
      "barLabel": "Bytes of \(push.message) received",
    ]
  }
}
