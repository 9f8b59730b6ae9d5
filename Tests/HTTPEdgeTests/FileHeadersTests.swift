import HTTPEdge
import HTTPTypes
import Testing
import Vocabulary

struct SafeMediaTypeTests {
  @Test(
    "nothing that a browser runs is called by its name",
    arguments: [
      "x.html", "x.htm", "x.xhtml", "x.svg", "x.svgz", "x.xml", "x.xsl", "x.js", "x.mjs", "x.css", "x.swf",
      "x.wasm",
      "x.mht", "x.png.html", "html", ".html", "x.", "x", "",
    ])
  func unknown(name: String) {
    #expect(SafeMediaType.of(name) == "application/octet-stream")
    #expect(!SafeMediaType.isShowable(SafeMediaType.of(name)))
  }

  @Test(
    "what is harmless has its type, by the extension in any case",
    arguments: [
      ("a.PNG", "image/png"), ("a.jpeg", "image/jpeg"), ("a.b.TXT", "text/plain; charset=utf-8"),
      ("a.json", "text/plain; charset=utf-8"), ("a.mp4", "video/mp4"), ("a.tar", "application/x-tar"),
      ("a.tar.gz", "application/gzip"), ("a.pdf", "application/pdf"),
    ])
  func known(name: String, type: String) {
    #expect(SafeMediaType.of(name) == type)
  }

  @Test("archives are not shown in place", arguments: ["a.zip", "a.tar", "a.gz"])
  func archives(name: String) {
    #expect(!SafeMediaType.isShowable(SafeMediaType.of(name)))
  }
}

struct EntityTagTests {
  private let digest = Digest(bytes: [UInt8](repeating: 0xab, count: 32))!
  private var tag: EntityTag { EntityTag(digest) }

  @Test("the tag is the digest in quotes")
  func text() {
    #expect(tag.text == "\"\(String(repeating: "ab", count: 32))\"")
  }

  @Test("If-None-Match names the tag alone, weakly, in a list, or by a star")
  func ifNoneMatch() {
    for field in [tag.text, "W/\(tag.text)", "\"x\", \(tag.text)", " W/\"y\" ,W/\(tag.text) ", "*"] {
      #expect(tag.isNamed(inIfNoneMatch: field), "\(field)")
    }
    for field in [nil, "", "\"x\"", "W/", digest.hex, "\"\(digest.hex.uppercased())\""] {
      #expect(!tag.isNamed(inIfNoneMatch: field), "\(field ?? "nil")")
    }
  }

  @Test("a range needs the very tag in If-Range, or none; a date never matches")
  func ifRange() {
    #expect(tag.allowsRange(ifRange: nil))
    #expect(tag.allowsRange(ifRange: tag.text))
    for field in ["", "\"x\"", "W/\(tag.text)", "Tue, 14 Nov 2023 22:13:20 GMT"] {
      #expect(!tag.allowsRange(ifRange: field))
    }
  }
}

struct AcceptTests {
  @Test(
    "only a client that names JSON gets JSON",
    arguments: [
      ("application/json", true), ("text/html, application/json;q=0.5", true),
      ("Application/JSON ; q=1", true),
      ("*/*", false), ("application/*", false), ("text/html,*/*;q=0.8", false),
      ("application/json;q=0", false),
      ("application/json; q=0.000", false), ("application/jsonp", false), ("", false),
    ])
  func wantsJSON(accept: String, expected: Bool) {
    #expect(UploadRoutes.wantsJSON([.accept: accept]) == expected)
    #expect(!UploadRoutes.wantsJSON([:]))
  }
}

struct ReprDigestTests {
  private let digest = Digest(bytes: [UInt8](0..<32))!

  @Test("the sha-256 member is found among others")
  func found() throws {
    for field in [
      digest.reprDigest, "md5=:AAAA:, \(digest.reprDigest)", "\(digest.reprDigest);q=1,sha-512=:AA==:",
    ] {
      #expect(try DigestAnswers.reprDigest(field) == digest)
    }
  }

  @Test(
    "a field without a whole sha-256 is refused, naming it",
    arguments: [
      "", "sha-256", "sha-256=", "sha-256=:", "sha-256=::", "sha-256=:AAAA:", "sha-256=AAAA",
      "sha-512=:AAAA:",
    ])
  func refused(field: String) {
    let error = #expect(throws: ProblemError.self) { try DigestAnswers.reprDigest(field) }
    #expect(error?.problem == .badHeader)
    #expect(error?.members["field"] == .text("Repr-Digest"))
  }
}
