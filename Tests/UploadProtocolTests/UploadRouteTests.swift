import HTTPTypes
import Testing
import UploadProtocol
import Vocabulary

@Suite("Routes of uploads")
struct UploadRouteTests {
  @Test(
    "the collection has two spellings",
    arguments: ["/files", "/files/", "/files/?a=/b", "/files?x", "/files/#x"])
  func collection(path: String) {
    #expect(UploadRoute(path: path) == .collection)
  }

  @Test("an upload is its id and nothing else", arguments: ["/files/\(anID)", "/files/\(anID)?wait=30"])
  func upload(path: String) throws {
    #expect(UploadRoute(path: path) == .upload(try #require(UploadID(anID))))
  }

  @Test("a view of an upload is a plain route")
  func view() throws {
    let id = try #require(UploadID(anID))
    #expect(UploadRoute(path: "/files/\(anID)/digest?to=5") == .view(id, name: "digest"))
    #expect(refusal(of: tusHead(.head, "/files/\(anID)/digest"))?.problem == .notFound)
  }

  static let strangePaths = [
    "/files//", "/files//\(anID)", "/files/\(anID)/", "/files/\(anID)//digest", "/files/\(anID)/digest/x",
    "/files/\(anID)%00", "/files/.", "/files/..", "/files/../\(anID)", "/files/./\(anID)",
    "/files/%2e%2e/\(anID)", "/files/a/%2E./b", "/files/..%2f\(anID)", "/files/%2F\(anID)",
    "/files/%5c\(anID)",
    "/files/\\\(anID)", "/files/a%00b", "/files/a/", "/files/a//b", "/files/%", "/files/%2", "/files/%zz",
    "/files/%ff", "/files/\(anID)/..", "/files/\(anID)/%2e%2e", "/files/\(anID)\u{0}",
  ]
  static let strangeNames = [
    "\(anID.uppercased())", "\(anID)0", "\(anID.dropLast())", "\(anID).info", "\(anID).",
    "8\(anID.dropFirst())",
    "0\u{301}1jd8zqv7k3m5n9pxr2tw4y6a", String(repeating: "a", count: 10_000), "a/digest", "batch/x",
  ]

  @Test(
    "T-12 B-20 a path that is not exactly an id names no upload, whatever a decoder would make of it",
    arguments: strangePaths)
  func nothing(path: String) {
    #expect(UploadRoute(path: path) == .nothing)
    isNoUpload(path)
  }

  @Test("T-12 B-20 what is not an id may be the name of a file, but is no upload", arguments: strangeNames)
  func names(name: String) {
    #expect(UploadRoute(path: "/files/\(name)") == .named(name))
    isNoUpload("/files/\(name)")
  }

  private func isNoUpload(_ path: String) {
    for method in [HTTPRequest.Method.head, .patch, .delete] {
      #expect(refusal(of: tusHead(method, path))?.problem == .notFound)
    }
  }

  @Test("B-20 a name is decoded exactly once")
  func decodedNames() {
    #expect(UploadRoute(path: "/files/a%20b/%C3%A9%252f?x=1") == .named("a b/\u{e9}%2f"))
    #expect(UploadRoute(path: "/files/%30\(anID.dropFirst())") == .named(anID))
    #expect(UploadRoute(path: "/files/...") == .named("..."))
  }

  @Test("many files in one request have a route of their own")
  func batch() {
    #expect(UploadRoute(path: "/files/batch") == .batch)
    #expect(UploadRoute(path: "/files/batch?x") == .batch)
    #expect(refusal(of: tusHead(.head, "/files/batch"))?.problem == .notFound)
  }

  @Test(
    "other paths are outside",
    arguments: [
      "", "/", "*", "/file", "/files2", "/filesystem/\(anID)", "/Files/", "files/", "//files/", "/%66iles/",
    ])
  func outside(path: String) {
    #expect(UploadRoute(path: path) == .outside)
  }

  @Test("no path makes the router trap", arguments: 0..<20 as Range<UInt64>)
  func randomPaths(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<500 {
      let path = "/files" + random.text(of: anID + "//%2ef.?#", upTo: 60)
      if case .upload(let id) = UploadRoute(path: path) { #expect(path.hasPrefix("/files/\(id)")) }
    }
  }
}
