import Foundation
import Platform
import TestSupport
import Testing

/// Chromium on the pages of sources.
@Suite(.serialized) struct SourceBrowserTests {
  private static let python = ProcessInfo.processInfo.environment["TEST_PYTHON"]

  @Test(
    "D4 D5 D6 D11 D9 a folder is found by clicks, and pushed ticked, listed and whole",
    .enabled(
      if: python != nil, "needs TEST_PYTHON, a Python with playwright, and chromium; .ci/test installs them"))
  func pages() throws {
    let tree = try TemporaryFolder()
    for (name, bytes) in [
      ("2026/notes.txt", 1200), ("2026/plates/a.tif", 400_000), ("2026/plates/b.tif", 90_000),
      ("2026/overview.tif", 2_500_000), ("2026/raw/x.dat", 10), ("old/ignored", 1),
    ] { try tree.write([UInt8](repeating: 7, count: bytes), to: name) }
    try FileManager.default.createSymbolicLink(
      atPath: tree.child("2026/latest"), withDestinationPath: "overview.tif")
    let server = try GatewayProcess(arguments: ["--source", "scans=\(tree.path)"])
    try server.start()
    let script = try BrowserScript(
      python: try #require(Self.python), [server.baseURL], script: "browser_sources.py")
    let folder = try script.next("folder")
    #expect(folder["headings"] as? [String] == ["2026"])
    #expect(folder["rows"] as? [String] == ["latest", "notes.txt", "overview.tif", "plates/", "raw/"])
    #expect(folder["ticks"] as? Int == 4)
    #expect(folder["nameless"] as? [String] == [])
    #expect(folder["doubleIDs"] as? [String] == [])
    #expect(folder["narrow"] as? Int == 360)
    for (step, paths) in [
      ("ticked", ["notes.txt", "plates/a.tif", "plates/b.tif"]), ("listed", ["notes.txt", "plates/b.tif"]),
      ("whole", ["notes.txt", "overview.tif", "plates/a.tif", "plates/b.tif", "raw/x.dat"]),
    ] {
      let said = try script.next(step)
      let push = try server.json("GET", "/api/v1/pushes/\(try #require(said["push"] as? String))").object
      #expect(push["repo"] as? String == "ticked")
      let bundle = try #require((push["bundle"] as? [String: Any])?["id"] as? String)
      let files = try server.json("GET", "/api/v1/repos/ticked/bundles/\(bundle)/files").object
      #expect((files["items"] as? [[String: Any]])?.compactMap { $0["path"] as? String } == paths, "\(step)")
      if step == "ticked" { #expect(push["label"] as? String == "first") }
      if step == "whole" { #expect(said["errors"] as? [String] == []) }
    }
    try script.end()
  }
}
