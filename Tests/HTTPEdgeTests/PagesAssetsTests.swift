import HTTPEdge
import Testing

struct PagesAssetsTests {
  private static let paths = Set(ClientAssets.all.map(\.path))

  @Test("assets are there and have a type")
  func assetTypes() {
    #expect(ClientAssets.all.count == Self.paths.count)
    for asset in ClientAssets.all {
      #expect(!asset.bytes.isEmpty, "\(asset.path)")
      #expect(asset.path.hasSuffix(".js") == asset.contentType.hasPrefix("text/javascript"), "\(asset.path)")
    }
  }

  @Test("modules import only what is served")
  func moduleImports() {
    let pattern = /(?:from|import)\s*['"]\.\/([^'"]+)['"]/
    for asset in ClientAssets.all where asset.path.hasPrefix("/client/") {
      let text = String(decoding: asset.bytes, as: UTF8.self)
      for match in text.matches(of: pattern) {
        #expect(Self.paths.contains("/client/\(match.1)"), "\(asset.path) imports \(match.1)")
      }
    }
  }

  @Test("pages load only what is served")
  func pageLoads() throws {
    let pattern = /(?:src|href)="(\/(?:client|assets)\/[^"]*)"/
    for page in try PagesSamples.pages() {
      let loaded = page.html.matches(of: pattern).map { String($0.1) }
      #expect(loaded.contains("/assets/sheaf.css"), "\(page.name)")
      for path in loaded { #expect(Self.paths.contains(path), "\(page.name) loads \(path)") }
    }
  }

  /// The parts that js/src/page-upload.js looks for.
  @Test("the upload page has what its script works on")
  func uploadParts() throws {
    let upload = try #require(PagesSamples.pages().first { $0.name == "upload" })
    #expect(upload.html.contains("<form id=\"push-form\">"))
    for part in [
      "fields", "drop", "files", "folder", "submit", "problems", "total", "total-bar", "total-text", "list",
      "rows",
      "rest", "row", "name", "bar", "text", "result", "bundle", "announce",
    ] {
      #expect(upload.html.contains("data-part=\"\(part)\""), "\(part)")
    }
    for action in ["pause", "resume", "cancel", "pause-all", "resume-all", "cancel-all"] {
      #expect(upload.html.contains("data-action=\"\(action)\""), "\(action)")
    }
  }
}
