import Foundation
import TestSupport
import Testing

/// Faults seen in peers, tried on this server by bytes on a socket: who gets at what.
@Suite struct PeerBugSecurityTests {
  private static let tus: WireFields = [("Tus-Resumable", "1.0.0")]
  private static let content: WireFields = tus + [("Content-Type", "application/offset+octet-stream")]

  private func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

  /// A finished upload of this name and type.
  private func file(_ server: GatewayProcess, _ name: String, _ type: String, _ bytes: [UInt8]) throws
    -> String
  {
    let answer = try server.exchange(
      "POST", "/files/",
      Self.content + [
        ("Upload-Length", String(bytes.count)),
        ("Upload-Metadata", "filename \(base64(name)),filetype \(base64(type))"),
      ], body: bytes)
    try #require(answer.status == 201, "\(answer.final.text)")
    let path = try #require(answer.path)
    try server.untilVerified(path)
    return path
  }

  @Test(
    "B-20 ids that lead elsewhere are not found and change nothing",
    arguments: [
      "..%2f..%2fformat", "%252e%252e%252fformat", "..%5c..%5cformat", "%2e%2e/%2e%2e/format", "/etc/passwd",
      "%2fetc%2fpasswd", "00000000000000000000000000.", "00000000000000000000000000%20",
      "0000000000000000000000000\u{FF10}", "e\u{301}", "..;/format", "./00000000000000000000000000",
    ])
  func traversal(id: String) throws {
    let server = try GatewayProcess.running()
    let format = try Data(contentsOf: URL(fileURLWithPath: server.dataFolder + "/format"))
    for (method, body) in [("HEAD", nil), ("PATCH", [1]), ("DELETE", nil), ("GET", nil), ("PUT", [1])]
      as [(String, [UInt8]?)]
    {
      let answer = try server.exchange(
        method, "/files/\(id)", Self.content + [("Upload-Offset", "0")], body: body)
      #expect((400..<500).contains(answer.status), "\(method): \(answer.status)")
    }
    #expect(try Data(contentsOf: URL(fileURLWithPath: server.dataFolder + "/format")) == format)
  }

  @Test("B-21 a symbolic link put in the place of a partial file is not written through")
  func symbolicLink() throws {
    let server = try GatewayProcess.running(["--small-upload-bytes", "0"])
    let path = try server.upload(length: 10)
    #expect(try server.request("PATCH", path, TusRequests.patch(0), body: [1, 2]).status == 204)
    let id = try #require(path.split(separator: "/").last)
    let partial = server.dataFolder + "/partial/\(id.suffix(2))/\(id)"
    let victim = server.dataFolder + ".victim"
    try Data([1, 2]).write(to: URL(fileURLWithPath: victim))
    defer { try? FileManager.default.removeItem(atPath: victim) }
    server.crash()
    try FileManager.default.removeItem(atPath: partial)
    try FileManager.default.createSymbolicLink(atPath: partial, withDestinationPath: victim)
    try server.start()
    let answer = try server.request("PATCH", path, TusRequests.patch(2), body: [3])
    #expect(answer.status == 500)
    #expect(try Data(contentsOf: URL(fileURLWithPath: victim)) == Data([1, 2]))
  }

  @Test(
    "B-22 names that look like records of a store are names of files and nothing else",
    arguments: [
      "x.info", "x.lock", "x.part", "x.stop", "format", "catalog.sqlite",
    ])
  func sidecars(name: String) throws {
    let server = try GatewayProcess.running()
    let path = try file(server, name, "text/plain", [1, 2, 3])
    #expect(try server.request("GET", path).body == [1, 2, 3])
    for suffix in [".info", ".lock", ".part", ".stop"] {
      for method in ["HEAD", "DELETE", "GET"] {
        #expect(try server.exchange(method, path + suffix, Self.tus).status == 404, "\(method) \(suffix)")
      }
    }
    server.crash()
    try server.start()
    #expect(try server.request("GET", path).body == [1, 2, 3])
  }

  @Test("B-26 lengths and offsets that are no plain numbers, or two that differ, are refused")
  func numbers() throws {
    let server = try GatewayProcess.running()
    let path = try server.upload(length: 10)
    let bad = [
      "-1", "+5", "1e3", "0x10", "5 6", "", "9223372036854775808", "99999999999999999999999", "\u{0665}",
      "1,1", "5.",
    ]
    for value in bad {
      let creation = try server.exchange("POST", "/files/", Self.tus + [("Upload-Length", value)], body: [])
      #expect(creation.status == 400, "Upload-Length \(value): \(creation.status)")
      let append = try server.exchange("PATCH", path, Self.content + [("Upload-Offset", value)], body: [1])
      #expect(append.status == 400, "Upload-Offset \(value): \(append.status)")
    }
    for fields in [
      [("Upload-Offset", "0"), ("Upload-Offset", "1")], [("Upload-Offset", "0"), ("Upload-Length", "-1")],
    ] {
      #expect(try server.exchange("PATCH", path, Self.content + fields, body: [1]).status == 400)
    }
    #expect(try server.offset(of: path) == 0)
    for draft in ["-1", "1.5", "\"0\"", "9999999999999999"] {
      let answer = try server.exchange(
        "PATCH", path,
        [
          ("Upload-Complete", "?0"), ("Upload-Offset", draft), ("Content-Type", "application/partial-upload"),
        ], body: [1])
      #expect((400..<500).contains(answer.status), "draft \(draft): \(answer.status)")
    }
    #expect(try server.offset(of: path) == 0)
  }

  @Test("B-27 an override is held to the rules of the method it names, and reaches nothing else")
  func overrides() throws {
    let server = try GatewayProcess.running()
    let path = try server.upload(length: 3)
    for method in ["GET", "OPTIONS", "PUT", "CONNECT", "delete", "DELETE, PATCH", "DELETE "] {
      let answer = try server.exchange(
        "POST", path, Self.tus + [("X-HTTP-Method-Override", method)], body: [])
      #expect(method == "DELETE " || answer.status == 400, "\(method): \(answer.status)")
    }
    let kept = try server.upload(length: 3)
    let foreign = try server.exchange(
      "POST", kept, Self.tus + [("X-HTTP-Method-Override", "DELETE"), ("Origin", "https://evil.example")],
      body: [])
    #expect(foreign.status == 403)
    let unversioned = try server.exchange(
      "POST", kept, [("Tus-Resumable", "0.2.2"), ("X-HTTP-Method-Override", "DELETE")], body: [])
    #expect(unversioned.status == 412)
    #expect(try server.offset(of: kept) == 0)
    let api = try server.exchange("POST", "/api/v1/repos", [("X-HTTP-Method-Override", "DELETE")], body: [])
    #expect(api.status != 204)
  }

  @Test(
    "B-28 what a stranger says of the host never gets into a Location or a link",
    arguments: [
      ("Host", "evil.example"), ("X-Forwarded-Host", "evil.example"),
      ("Forwarded", "host=evil.example;proto=https"),
      ("X-Forwarded-Proto", "javascript"), ("X-Forwarded-Prefix", "//evil.example"),
      ("X-Original-URL", "//evil.example"),
    ])
  func hosts(field: String, value: String) throws {
    let server = try GatewayProcess.running(["--public-url", "https://files.example"])
    let connection = try server.connect()
    let host = field == "Host" ? "" : "Host: localhost\r\n"
    try connection.send(
      "POST /files/ HTTP/1.1\r\n\(host)\(field): \(value)\r\nTus-Resumable: 1.0.0\r\nUpload-Length: 3\r\nContent-Length: 0\r\n\r\n"
    )
    let answer = try connection.answer()
    #expect(answer.headers["location"]?.hasPrefix("https://files.example/files/") ?? (answer.status >= 400))
    let plain = try GatewayProcess.running()
    let proxied = try plain.exchange(
      "POST", "/files/", Self.tus + [("Upload-Length", "3")] + (field == "Host" ? [] : [(field, value)]),
      body: [])
    #expect(proxied.headers["location"]?.contains("evil") == false)
  }

  @Test(
    "B-29 a stored page is sent as a file to keep: no type that runs, no script, no sniffing",
    arguments: [
      ("x.html", "text/html"), ("x.svg", "image/svg+xml"), ("x.xhtml", "application/xhtml+xml"),
      ("x.html", "image/png"),
      ("x.js", "text/javascript"), ("x", ""),
    ])
  func storedPages(name: String, type: String) throws {
    let server = try GatewayProcess.running()
    let path = try file(server, name, type, Array("<svg onload=alert(1)>".utf8))
    for target in [path, path + "?inline=1"] {
      let answer = try server.request("GET", target)
      #expect(answer.status == 200)
      #expect(answer.headers["x-content-type-options"] == "nosniff")
      #expect(answer.headers["content-disposition"]?.hasPrefix("attachment") == true)
      #expect(answer.headers["content-security-policy"]?.contains("default-src 'none'") == true)
      let sent = answer.headers["content-type"] ?? ""
      #expect(!["html", "svg", "xml", "javascript"].contains { sent.contains($0) }, "\(sent)")
    }
  }

  @Test(
    "B-29 no file name gets out of its header field",
    arguments: [
      "a\r\nSet-Cookie: x=1", "a\nb", "a\"; filename=\"evil.html", "a\\\"b", "\u{202E}gpj.exe", "é\u{1F600}",
    ])
  func headerNames(name: String) throws {
    let server = try GatewayProcess.running()
    let answer = try server.exchange(
      "POST", "/files/",
      Self.content + [("Upload-Length", "1"), ("Upload-Metadata", "filename \(base64(name))")], body: [1])
    guard answer.status == 201 else {
      #expect(answer.status == 400)
      return
    }
    let path = try #require(answer.path)
    try server.untilVerified(path)
    let file = try server.request("GET", path)
    #expect(file.status == 200)
    #expect(file.headers["set-cookie"] == nil)
    let disposition = try #require(file.headers["content-disposition"])
    #expect(disposition.hasPrefix("attachment"))
    #expect(disposition.utf8.allSatisfy { (32..<127).contains($0) })
    // What is left without the quoted strings: one name each, and nothing of theirs.
    let bare = disposition.replacing(/"(?:[^"\\]|\\.)*"/, with: "")
    #expect(
      bare.wholeMatch(of: /attachment(; filename=)?(; filename\*=UTF-8''[A-Za-z0-9%._~!#$&+^`|-]*)?/) != nil,
      "\(disposition)")
  }

  @Test("B-33 every id that nobody has gets the same answer, well-formed or not")
  func oracle() throws {
    let server = try GatewayProcess.running()
    let wellFormed = ["00000000000000000000000000", "7zzzzzzzzzzzzzzzzzzzzzzzzz"]
    for method in ["HEAD", "PATCH", "DELETE", "GET"] {
      func ask(_ id: String) throws -> WireAnswer {
        try server.exchange(
          method, "/files/\(id)", Self.content + (method == "PATCH" ? [("Upload-Offset", "0")] : []),
          body: method == "PATCH" ? [] : nil)
      }
      let answers = try wellFormed.map(ask)
      #expect(Set(answers.map { $0.headers.keys.sorted() }).count == 1, "\(method)")
      for answer in try answers + ["nope", "x.info"].map(ask) {
        #expect(answer.status == 404, "\(method)")
        if method != "HEAD" { #expect(answer.final.code == "not-found", "\(method)") }
      }
    }
  }

  @Test("B-34 no whole upload id in the log at info, and no URL to others by the referrer")
  func capabilities() throws {
    let server = try GatewayProcess.running(["--log-level", "info"])
    let path = try file(server, "a.txt", "text/plain", [1])
    let open = try server.upload(length: 3)
    _ = try server.request("PATCH", open, TusRequests.patch(1), body: [1])
    _ = try server.request("DELETE", open, TusRequests.version)
    for target in [path, "/ui/pushes", "/ui/upload"] {
      let policy = try server.request("GET", target).headers["referrer-policy"] ?? "none"
      #expect(["no-referrer", "same-origin"].contains(policy), "\(target): \(policy)")
    }
    #expect(server.stop() == 0)
    let log = try String(contentsOfFile: server.dataFolder + ".log", encoding: .utf8)
    for path in [path, open] {
      let id = try #require(path.split(separator: "/").last)
      #expect(!log.contains(id), "\(log)")
    }
  }
}
