import HTTPTypes
import Hummingbird
import Mustache
import NIOCore
import Vocabulary

/// What a template reads: text, numbers, flags, lists and further views by name.
///
/// A name that is missing is looked up in the views around it, so names inside of lists must not repeat outer ones, and
/// a value that is nil is left out.
package typealias PageView = [String: Any]

/// The templates, compiled once from what is embedded in the program.
package struct PageTemplates: Sendable {
  /// Which entry of the navigation is current.
  package enum Section: String, Sendable, CaseIterable { case upload, pushes, repos, sources, status, none }

  /// The embedded sources by template name.
  package static var sources: [(name: String, bytes: [UInt8])] {
    [
      ("badge", PackageResources.badge_mustache), ("bundle", PackageResources.bundle_mustache),
      ("bytes", PackageResources.bytes_mustache), ("commands", PackageResources.commands_mustache),
      ("diff", PackageResources.diff_mustache), ("error", PackageResources.error_mustache),
      ("layout", PackageResources.layout_mustache), ("paging", PackageResources.paging_mustache),
      ("problems", PackageResources.problems_mustache),
      ("push", PackageResources.push_mustache), ("pushes", PackageResources.pushes_mustache),
      ("repo", PackageResources.repo_mustache), ("repos", PackageResources.repos_mustache),
      ("source", PackageResources.source_mustache), ("sources", PackageResources.sources_mustache),
      ("status", PackageResources.status_mustache), ("time", PackageResources.time_mustache),
      ("tree", PackageResources.tree_mustache),
      ("upload", PackageResources.upload_mustache),
    ]
  }

  /// Compiled at first use; the program's own templates cannot fail to compile once their test has passed.
  package static let embedded = Result { try PageTemplates(sources: sources) }

  private let library: MustacheLibrary
  /// The navigation names the sources only where there are some.
  package var hasSources = false

  /// - Throws: the parser's error, which names the place in the template.
  package init(sources: [(name: String, bytes: [UInt8])]) throws {
    MustacheContentTypes.register(ScalarEscaping(), named: ScalarEscaping.name)
    var library = MustacheLibrary()
    for source in sources {
      // Set here and not in the files, so that no template can be without it.
      let text =
        "{{% CONTENT_TYPE: \(ScalarEscaping.name)}}"
        + String(decoding: source.bytes, as: UTF8.self)
        .trimmingSuffix { $0.isNewline }
      try library.register(text, named: source.name)
    }
    self.library = library
  }

  /// A whole page as HTML.
  package func html(_ name: String, title: String, section: Section, view: PageView) -> String {
    var view = view
    view["pageTitle"] = title
    view["version"] = SheafVersion.current
    view["hasSources"] = hasSources
    for section in Section.allCases { view["in_\(section.rawValue)"] = false }
    view["in_\(section.rawValue)"] = true
    return library.render(view, withTemplate: name) ?? ""
  }
}

/// Escapes by code point.
///
/// The library's own escaping looks at whole characters, so a quote followed by a combining accent is to it another
/// character than a quote and would pass. A browser sees the quote.
struct ScalarEscaping: MustacheContentType {
  static let name = "SHEAF-HTML"

  func escapeText(_ text: String) -> String {
    var escaped = ""
    escaped.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "'": escaped += "&#39;"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}

extension Response {
  /// A page; never stored, as everything on it changes.
  static func page(_ html: String, status: HTTPResponse.Status = .ok) -> Response {
    Response(
      status: status, headers: [.contentType: "text/html; charset=utf-8", .cacheControl: "no-store"],
      body: .init(byteBuffer: ByteBuffer(string: html)))
  }
}

extension StringProtocol {
  fileprivate func trimmingSuffix(while predicate: (Character) -> Bool) -> String {
    var end = endIndex
    while end > startIndex, predicate(self[index(before: end)]) { end = index(before: end) }
    return String(self[..<end])
  }
}
