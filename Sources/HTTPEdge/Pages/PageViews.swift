import Catalog
import Hummingbird
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

extension PageViews {
  static func origin(_ origin: PushRecord.Origin) -> String {
    switch origin {
    case .client: "client"
    case .upload: "single upload"
    case .source: "source"
    }
  }

  /// Where the files of a push come from.
  static func origin(_ push: PushRecord) -> String {
    guard let source = push.source else { return origin(push.origin) }
    return "source \(source.name)" + (source.path.isEmpty ? "" : "/\(source.path)")
  }

  /// The folder part of a path with its slash, and its last component.
  static func split(_ path: String) -> (folder: String, name: String) {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return ("", path) }
    let start = path.utf8.index(after: slash)
    return (String(path[..<start]), String(path[start...]))
  }

  /// Bar, percent and bytes of an upload, in the names the templates of uploads use.
  static func progress(_ offset: Int64, of length: Int64?, path: String, in view: inout PageView) {
    view["offset"] = bytes(offset)
    guard let length else { return }
    if offset < length { view["length"] = bytes(length) }
    view["bar"] =
      [
        "max": max(1, length), "value": length == 0 ? 1 : offset,
        "percent": "\(PageFormat.percent(offset, of: length))%", "barLabel": "Bytes of \(path) received",
      ] as PageView
  }
}

extension String {
  /// The first letter in upper case.
  var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}

/// The query of a page's address; a parameter without a value counts as absent, as forms send empty fields.
struct PageQuery {
  private let values: [String: String]

  init(_ request: Request) {
    var values: [String: String] = [:]
    for (name, value) in request.uri.queryParameters where !value.isEmpty {
      values[String(name)] = String(value)
    }
    self.values = values
  }

  subscript(_ name: String) -> String? { values[name] }
}
