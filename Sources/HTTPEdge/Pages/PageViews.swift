import Bundles
import Catalog
import Vocabulary

/// Small views that many pages share.
enum PageViews {
  static func bytes(_ count: Int64) -> PageView {
    ["text": PageFormat.bytes(count), "exact": PageFormat.exactBytes(count)]
  }

  static func time(_ time: Timestamp, now: Timestamp) -> PageView {
    ["ago": PageFormat.relative(time, to: now), "rfc3339": time.rfc3339]
  }

  /// A coloured word. `kind` is one of the badge classes of the style sheet.
  static func badge(_ kind: String, _ word: String) -> PageView { ["kind": kind, "word": word] }

  static func badge(_ push: PushState) -> PageView { badge(push.status.rawValue, push.status.rawValue) }

  static func badge(_ upload: UploadState) -> PageView {
    switch upload {
    case .created, .receiving, .received: badge("ongoing", upload.rawValue)
    case .verified, .committed: badge("complete", upload.rawValue)
    case .rejected, .expired: badge("error", upload.rawValue)
    case .cancelled: badge("cancelled", upload.rawValue)
    }
  }

  /// The first characters of an id: enough to tell recent ones apart, since the last part is random.
  static func short(_ id: String) -> String { String(id.prefix(13)) }

  /// Links to the newest page and to the following one; nil when a list has one page only.
  static func paging(first: String?, next: String?, words: (first: String, next: String)) -> PageView? {
    guard first != nil || next != nil else { return nil }
    var view: PageView = [:]
    if let first { view["firstLink"] = ["href": first, "word": words.first] }
    if let next { view["nextLink"] = ["href": next, "word": words.next] }
    return view
  }
}

extension PageView {
  /// Sets the value when there is one and it is not empty text; templates take anything else for true.
  mutating func set(_ name: String, _ value: Any?) {
    if let text = value as? String, text.isEmpty { return }
    if let value { self[name] = value }
  }
}
