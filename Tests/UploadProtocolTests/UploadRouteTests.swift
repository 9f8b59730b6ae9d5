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
    "/files/\(anID.uppercased())", "/files/\(anID)0", "/files/\(anID.dropLast())", "/files/\(anID)%00",
    "/files/\(anID).info", "/files/\(anID).", "/files/\(anID)%20", "/files/%30\(anID.dropFirst())",
    "/files/.", "/files/..", "/files/../\(anID)", "/files/./\(anID)", "/files/%2e%2e/\(anID)",
    "/files/..%2f\(anID)",
    "/files/%2F\(anID)", "/files/%5c\(anID)", "/files/\\\(anID)", "/files/%252f\(anID)", "/files/a%00b",
    "/files/\(anID)/..", "/files/\(anID)/%2e%2e", "/files/\(anID)\u{0}", "/files/8\(anID.dropFirst())",
    "/files/0\u{301}1jd8zqv7k3m5n9pxr2tw4y6a", "/files/" + String(repeating: "a", count: 10_000),
  ]

  @Test(
    "T-12 B-20 a path that is not exactly an id names nothing, whatever a decoder would make of it",
    arguments: strangePaths)
  func nothing(path: String) {
    #expect(UploadRoute(path: path) == .nothing)
    #expect(refusal(of: tusHead(.head, path))?.problem == .notFound)
    #expect(refusal(of: tusHead(.patch, path))?.problem == .notFound)
    #expect(refusal(of: tusHead(.delete, path))?.problem == .notFound)
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
