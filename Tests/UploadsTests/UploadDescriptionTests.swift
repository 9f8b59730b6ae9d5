import Testing
import Uploads
import Vocabulary

@Suite struct UploadDescriptionTests {
  private func describe(_ pairs: KeyValuePairs<String, String>) throws -> UploadDescription {
    try UploadDescription(
      UploadMetadata(raw: nil, pairs: pairs.map { .init(key: $0.key, value: Array($0.value.utf8)) }))
  }

  @Test("metadata without known keys describes nothing")
  func empty() throws {
    let description = try describe(["colour": "blue"])
    #expect(description.path == nil)
    #expect(description.push == nil)
  }

  @Test(
    "the last part of a local path is the file's name",
    arguments: ["C:\\fakepath\\film.mp4", "/home/me/film.mp4", "film.mp4"])
  func localPaths(name: String) throws {
    #expect(try describe(["filename": name]).path?.text == "film.mp4")
  }

  @Test(
    "T-20 a name that cannot be a path is refused, naming it",
    arguments: ["..", ".", "a/..", "", "a\u{0}b", String(repeating: "x", count: 256)])
  func hostileNames(name: String) {
    #expect(throws: ProblemError.self) { try describe(["filename": name]) }
  }

  @Test(
    "a path that leaves the bundle is refused",
    arguments: ["../x", "/etc/passwd", "a/../../b", "a//b", "a/./b"])
  func hostilePaths(path: String) throws {
    let error = #expect(throws: ProblemError.self) { try describe(["path": path]) }
    #expect(error?.problem == .badPath)
    #expect(error?.members["path"] == .text(path))
  }

  @Test(
    "a push, digest, time or mode that is none is refused, naming the key",
    arguments: ["push", "sha256", "mtime", "mode"])
  func malformed(key: String) {
    let error = #expect(throws: ProblemError.self) {
      try UploadDescription(
        UploadMetadata(
          raw: nil,
          pairs: [.init(key: key, value: Array("zzz".utf8)), .init(key: "path", value: Array("p".utf8))]))
    }
    #expect(error?.members["key"] == .text(key))
  }

  @Test("seconds with decimals and octal modes are understood")
  func attributes() throws {
    let description = try describe(["path": "a/b", "mtime": "1700000000.125", "mode": "100644"])
    #expect(description.modifiedAt == Timestamp(milliseconds: 1_700_000_000_125))
    #expect(description.mode == 0o644)
  }
}
