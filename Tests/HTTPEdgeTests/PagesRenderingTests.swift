import Catalog
import HTTPEdge
import Testing
import Vocabulary

struct PagesRenderingTests {
  @Test("every template compiles")
  func compiles() throws {
    for source in PageTemplates.sources {
      #expect(throws: Never.self, "\(source.name)") { _ = try PageTemplates(sources: [source]) }
    }
    _ = try PageTemplates.embedded.get()
  }

  @Test("no template puts out text as it is")
  func noRawOutput() {
    for source in PageTemplates.sources {
      let text = String(decoding: source.bytes, as: UTF8.self)
      #expect(!text.contains("{{{") && !text.contains("{{&"), "\(source.name)")
    }
  }

  @Test("every page is whole")
  func wholePages() throws {
    for page in try PagesSamples.pages() {
      #expect(page.html.hasPrefix("<!doctype html>"), "\(page.name)")
      #expect(page.html.contains("</html>"), "\(page.name)")
      #expect(!page.html.contains("{{"), "\(page.name)")
      #expect(!page.html.contains("Optional("), "\(page.name)")
    }
  }

  /// Looks at bytes, as a browser does: in Swift's graphemes a quote with an accent is no quote.
  @Test("hostile names stay text")
  func hostileNames() throws {
    for page in try PagesSamples.pages() {
      let bytes = Array(page.html.utf8)
      for forbidden in ["<script>", "<img src=x", "<b>", "<i>", "\u{301} onload=\"", "\"\u{301}", "\u{600}<"]
      {
        let isThere = contains(bytes, Array(forbidden.utf8))
        #expect(!isThere, "\(page.name) has \(forbidden.debugDescription)")
      }
    }
  }

  @Test("hostile names are shown whole")
  func hostileNamesShown() throws {
    let escaped =
      "&lt;script&gt;alert(1)&lt;/script&gt; &quot;\u{301} onload=&quot;x&#39; &amp; \u{600}&lt;img src=x&gt;"
    for page in try PagesSamples.pages() where page.name != "upload" {
      let isThere = contains(Array(page.html.utf8), Array(escaped.utf8))
      #expect(isThere, "\(page.name)")
    }
  }

  /// What the Content-Security-Policy forbids would silently not work.
  @Test("pages have no inline script or style")
  func noInlineCode() throws {
    for page in try PagesSamples.pages() {
      for forbidden in [" style=", "<style", "<script>", " onclick=", "javascript:"] {
        #expect(!page.html.contains(forbidden), "\(page.name) has \(forbidden)")
      }
    }
  }

  @Test("the current section is marked once")
  func currentSection() throws {
    for page in try PagesSamples.pages() {
      let count =
        page.html.split(separator: "aria-current=\"page\"", omittingEmptySubsequences: false).count - 1
      #expect(count == (page.name == "error" ? 0 : 1), "\(page.name)")
    }
  }

  @Test("a push offers what its state allows")
  func pushActions() throws {
    let templates = try PageTemplates.embedded.get()
    let progress = PushProgress(total: 1, verified: 1, rejected: 0, finishedBytes: 1)
    let offers: [PushState: Set<String>] = [
      .open: ["seal", "cancel"], .queued: ["cancel"], .failed: ["retry", "cancel"], .committing: ["cancel"],
      .committed: [], .cancelled: [],
    ]
    for (state, actions) in offers {
      let push = try PagesSamples.push(state)
      let html = PushPage(push: push, progress: progress).html(templates, now: PagesSamples.now)
      for action in ["seal", "cancel", "retry"] {
        #expect(
          html.contains("action=\"/ui/pushes/\(push.id)/\(action)\"") == actions.contains(action),
          "\(state) \(action)")
      }
    }
  }

  @Test("a log is shown from its end")
  func logTail() {
    #expect(PushPage.tail(Array("a\nb\nc\n".utf8), lines: 2) == "b\nc\n")
    #expect(PushPage.tail(Array("a\nb\nc".utf8), lines: 2) == "b\nc")
    #expect(PushPage.tail(Array("a\nb\n".utf8), lines: 200) == "a\nb\n")
    #expect(PushPage.tail([], lines: 2) == "")
    #expect(PushPage.tail(Array("\n\n\n".utf8), lines: 2) == "\n\n")
  }

  private func contains(_ bytes: [UInt8], _ part: [UInt8]) -> Bool {
    bytes.indices.dropLast(part.count - 1).contains { bytes[$0...].starts(with: part) }
  }
}
