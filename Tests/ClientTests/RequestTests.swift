import Client
import Platform
import TestSupport
import Testing
import Vocabulary

@Suite struct RequestTests {
  @Test("Upload-Metadata has a file's place, name, time, mode and digest in base 64")
  func metadata() throws {
    let digest = SHA256Stream.digest(of: Array("abc".utf8))
    let file = try sourceFile("dir/ä.txt", mtime: 1_700_000_000_125_000_000, mode: 0o755)
    let field = MetadataField.encode(push: pushID, file: file, digest: digest)
    let pairs = field.split(separator: ",").map { pair in
      let parts = pair.split(separator: " ")
      return "\(parts[0])=\(String(decoding: Base64.decode(parts[1]) ?? [], as: UTF8.self))"
    }
    #expect(
      pairs == [
        "push=\(pushID)", "path=dir/ä.txt", "filename=ä.txt", "mtime=1700000000.125", "mode=0755",
        "sha256=\(digest)",
      ])
    #expect(!MetadataField.encode(push: pushID, file: file, digest: nil).contains("sha256"))
  }

  @Test("a pair without a value is its key alone")
  func emptyValue() { #expect(MetadataField.encode([("a", ""), ("b", "x")]) == "a,b eA==") }

  @Test("a time is written as exact decimal seconds")
  func seconds() {
    #expect(MetadataField.seconds(nanoseconds: 0) == "0")
    #expect(MetadataField.seconds(nanoseconds: 1) == "0.000000001")
    #expect(MetadataField.seconds(nanoseconds: 1_500_000_000) == "1.5")
    #expect(MetadataField.seconds(nanoseconds: -500_000_000) == "-0.5")
    #expect(MetadataField.seconds(nanoseconds: -2_000_000_000) == "-2")
  }

  @Test("a mode is four octal digits of permissions")
  func mode() {
    #expect(MetadataField.octal(0o644) == "0644")
    #expect(MetadataField.octal(0o4755) == "0755")
    #expect(MetadataField.octal(0) == "0000")
  }

  @Test(
    "a server URL keeps its prefix and loses what means nothing",
    arguments: [
      ("http://127.0.0.1:8773", "http://127.0.0.1:8773"), ("HTTP://Host/", "http://host"),
      ("https://host/a/b//", "https://host/a/b"), ("http://[::1]:80/x", "http://[::1]:80/x"),
      ("unix:/run/Sheaf/a b.socket", "http+unix://%2Frun%2FSheaf%2Fa%20b.socket"),
      ("unix:///run/s", "http+unix://%2Frun%2Fs"), ("http+unix://%2Frun%2Fs/p/", "http+unix://%2Frun%2Fs/p"),
    ])
  func serverURL(text: String, expected: String) throws { #expect(try ServerURL(text).text == expected) }

  @Test(
    "what is no server URL is refused, and a secret in it is not repeated",
    arguments: [
      "", "host:80", "ftp://host", "http://", "http://user:s3cret@host", "http://host/?q", "http://host/#f",
      "http://ho st", "unix:", "unix:run/s", "unix:/\(String(repeating: "x", count: 107))", "http+unix://run",
      "http+unix://%2Frun:80", "http+unix://s3cret@%2Frun",
    ])
  func badServerURL(text: String) {
    let flaw = #expect(throws: ServerURL.Flaw.self) { try ServerURL(text) }
    #expect(flaw?.description.contains("s3cret") == false)
  }

  @Test("the path of a socket is the one that was given")
  func socketPath() throws {
    #expect(try ServerURL("unix:/run/a b%20").socketPath == "/run/a b%20")
    #expect(try ServerURL("http+unix://%2Frun%2Fa%20b%2520").socketPath == "/run/a b%20")
    #expect(try ServerURL("http://host/run").socketPath == nil)
  }

  @Test("a certificate file that is not there, or has no certificate, is named")
  func certificateFile() throws {
    let folder = try TemporaryFolder()
    try folder.write("no certificate", to: "file.pem")
    for path in [folder.child("file.pem"), folder.child("nowhere.pem")] {
      let flaw = #expect(throws: ServerTrust.Flaw.self) { try ServerTrust(certificateFile: path) }
      #expect(flaw?.description.contains(path) == true)
    }
  }

  @Test("the most of one append is read from Upload-Limit; another type spoils the field")
  func uploadLimit() {
    #expect(UploadLimit.mostAppendBytes("max-append-size=1000") == 1000)
    #expect(UploadLimit.mostAppendBytes("max-size=5, max-append-size=7;x=1 ,new=?1") == 7)
    for value in [
      "", "max-size=5", "max-append-size", "max-append-size=?1", "max-append-size=\"7\"", "max-append-size=0",
    ] {
      #expect(UploadLimit.mostAppendBytes(value) == nil, "\(value)")
    }
  }

  @Test("parts of an address are encoded, so that none can leave its place")
  func resource() throws {
    let server = try ServerURL("http://h/p")
    #expect(server.resource(["files", "a b", "ä?#/.."]) == "http://h/p/files/a%20b/%C3%A4%3F%23%2F..")
    #expect(server.resource(["x"], query: [("a", "1&2"), ("b", "")]) == "http://h/p/x?a=1%262&b=")
  }

  @Test("REPO@REF is a repo and an id, a label or latest")
  func address() throws {
    #expect(
      try BundleAddress("films@latest") == BundleAddress(repo: try RepoName("films"), reference: "latest"))
    #expect(try BundleAddress("a.b-c@v1.0").reference == "v1.0")
  }

  @Test(
    "what is not REPO@REF is refused",
    arguments: ["", "films", "@latest", "films@", "a@b@c", "a/b@c", "a@../b"])
  func badAddress(text: String) { #expect(throws: BundleAddress.Flaw.self) { try BundleAddress(text) } }

  @Test("a problem document becomes a typed error")
  func problem() {
    let body =
      #"{"code":"push-incomplete","title":"T","detail":"D","retryable":true,"request-id":"r1","#
      + #""missing":[{"path":"a","reason":"unfinished"}]}"#
    let error = ProblemReader.error(
      status: 409, body: Array(body.utf8), now: Timestamp(milliseconds: 0),
      field: { ["Retry-After": "3", "Upload-Offset": "7"][$0] })
    #expect(error.has(.pushIncomplete))
    #expect(error.title == "T" && error.detail == "D" && error.retryable && error.requestID == "r1")
    #expect(error.retryAfterSeconds == 3 && error.uploadOffset == 7 && error.status == 409)
    #expect(error.items == [.init(path: "a", reason: "unfinished")])
  }

  @Test("what a proxy says instead still makes an error; the status tells whether it may pass")
  func noProblem() {
    func error(_ status: Int) -> ClientError {
      ProblemReader.error(
        status: status, body: Array("<html>".utf8), now: Timestamp(milliseconds: 0), field: { _ in nil })
    }
    #expect(error(502).retryable && error(502).code == "http-502")
    #expect(!error(404).retryable && error(404).meansGone)
    #expect(!error(301).retryable)
  }

  @Test("the server's word on retrying counts more than the status")
  func serverKnows() {
    let body = Array(#"{"code":"storage-fault","retryable":false}"#.utf8)
    let error = ProblemReader.error(
      status: 500, body: body, now: Timestamp(milliseconds: 0), field: { _ in nil })
    #expect(!error.retryable)
  }
}
