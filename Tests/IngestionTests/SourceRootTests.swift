import Foundation
import Ingestion
import Platform
import TestSupport
import Testing
import Vocabulary

@Suite struct SourceRootTests {
  private func names(_ source: Source, _ folder: BundlePath?, limit: Int) throws -> [String] {
    var names: [String] = []
    var after: [UInt8]?
    repeat {
      let page = try SourceListing(source, folder, after: after, limit: limit)
      #expect(page.items.count <= limit)
      names += page.items.map(\.shownName)
      after = page.next
    } while after != nil
    return names
  }

  @Test(
    "D4 a folder is listed in byte order, a page at a time, none twice and none left out",
    arguments: [1, 7, 1000])
  func pages(limit: Int) throws {
    let tree = try TemporaryFolder()
    var expected: [String] = []
    for index in 0..<2500 where limit > 1 || index < 30 {
      let name = "\(index &* 7919 % 2503)-ü"
      try tree.write("", to: name)
      expected.append(name)
    }
    let found = try names(Source(name: "s", path: tree.path), nil, limit: limit)
    #expect(found == expected.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
  }

  @Test("C24 a name that is not UTF-8 is shown, without a path")
  func foreignNames() throws {
    let tree = try TemporaryFolder()
    let script = "import os, sys; open(os.fsencode(sys.argv[1]) + b'/f\\xff', 'w')"
    let made = try runProgram("/usr/bin/env", ["python3", "-c", script, tree.path])
    try #require(made.status == 0, "\(made.errors)")
    try tree.write("", to: "new\nline")
    let items = try SourceListing(Source(name: "s", path: tree.path), nil, after: nil, limit: 10).items
    #expect(items.map(\.shownName) == ["f\u{fffd}", "new\nline"])
    #expect(items.map(\.path) == [nil, nil])
  }

  @Test("D4 links, files and what is not there are no folders; a source that is gone says so")
  func refusals() throws {
    let tree = try TemporaryFolder()
    try tree.write("", to: "file")
    try FileManager.default.createSymbolicLink(atPath: tree.child("link"), withDestinationPath: "/etc")
    let source = Source(name: "s", path: tree.path)
    func problem(_ path: String) -> Problem? {
      do throws(ProblemError) {
        _ = try SourceListing(source, BundlePath(path), after: nil, limit: 10)
        return nil
      } catch { return error.problem }
    }
    #expect(problem("file") == .sourceUnreadable)
    #expect(problem("link") == .sourceUnreadable)
    #expect(problem("link/ssl") == .sourceUnreadable)
    #expect(problem("none") == .notFound)
    let gone = Source(name: "s", path: tree.child("nowhere"))
    let error = #expect(throws: ProblemError.self) {
      try SourceListing(gone, nil, after: nil, limit: 10)
    }
    #expect(error?.problem == .sourceUnavailable)
    #expect(error?.detail.contains(tree.path) == false)
  }

  @Test("D11 a pasted list is a path a line; blank lines and last slashes say nothing")
  func lists() throws {
    let paths = try IngestRequest.paths(inList: "a\r\n\n  \nb/c/\nwith space \n")
    #expect(paths.map(\.text) == ["a", "b/c", "with space "])
    for bad in ["../x", "/etc/passwd", "a//b", "a\u{1}b", "x\n.."] {
      #expect(throws: ProblemError.self) { try IngestRequest.paths(inList: bad) }
    }
  }
}
