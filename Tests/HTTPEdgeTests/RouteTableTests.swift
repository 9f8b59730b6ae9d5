import HTTPEdge
import Testing

@Suite struct RouteTableTests {
  private static let table = RouteTable(
    [
      ("/files/{id}", "GET"), ("/files/batch", "POST"), ("/files/{id}/digest", "GET"),
      ("/repos/:repo", "GET"), ("/repos/:repo", "DELETE"), ("/repos/:repo/files/**", "GET"), ("/", "GET"),
    ].map { (path: $0, method: $1) })

  @Test(
    "the methods of a path are those of its most literal route, with HEAD for GET and OPTIONS for all",
    arguments: [
      ("/files/x", "GET HEAD OPTIONS"), ("/files/batch", "OPTIONS POST"), ("/files/batch/", "OPTIONS POST"),
      ("/files/x/digest", "GET HEAD OPTIONS"), ("/repos/a", "DELETE GET HEAD OPTIONS"),
      ("/repos/a/files/b/c", "GET HEAD OPTIONS"), ("/", "GET HEAD OPTIONS"),
      ("/files", ""), ("/files/x/blocks", ""), ("/repos/a/files", ""),
      ("/repos/a/files/b/c/../..", "GET HEAD OPTIONS"),
      ("*", ""), ("", "GET HEAD OPTIONS"),
    ])
  func methods(path: String, methods: String) {
    #expect(Self.table.methods(at: path).joined(separator: " ") == methods)
  }

  @Test("a path tells its pattern, which has no id in it")
  func pattern() {
    #expect(Self.table.pattern(at: "/files/0123/digest") == "/files/{id}/digest")
    #expect(Self.table.pattern(at: "/nothing") == nil)
  }
}
