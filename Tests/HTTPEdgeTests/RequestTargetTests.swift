import HTTPEdge
import Testing

@Suite struct RequestTargetTests {
  @Test(
    "an absolute-form target names a host and a path (RFC 9112 section 3.2.2)",
    arguments: [
      ("http://a:80/files/?x=1", "a:80", "/files/?x=1"), ("HTTPS://[::1]/", "[::1]", "/"),
      ("http://a", "a", "/"), ("http://a?x=/y", "a", "/?x=/y"), ("http:///files/", "", "/files/"),
      ("http://u@a/b//c", "u@a", "/b//c"),
    ])
  func absolute(target: String, authority: String, path: String) {
    let found = RequestTarget.absoluteForm(target)
    #expect(found?.authority == authority && found?.path == path)
  }

  @Test(
    "other forms are none",
    arguments: ["/files/", "/http://a/", "*", "a:443", "ftp://a/", "http:/a", "http:a", ""])
  func others(target: String) {
    #expect(RequestTarget.absoluteForm(target) == nil)
  }
}
