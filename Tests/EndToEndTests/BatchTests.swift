import Foundation
import TestSupport
import Testing
import Vocabulary

/// Many files in one request of an archive, against the built server.
@Suite struct BatchTests {
  private func running() throws -> GatewayProcess {
    let server = try GatewayProcess()
    try server.start()
    return server
  }

  private func file(_ server: GatewayProcess, _ repo: String, _ path: String) throws -> [UInt8] {
    try server.request("GET", "/api/v1/repos/\(repo)/bundles/latest/files/\(path)").body
  }

  @Test("files of one request become one bundle, small and large ones, in their order")
  func bundle() throws {
    let server = try running()
    let large = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    var body = frame("large", large)
    for number in 0..<600 { body += frame("d/\(number)", Array("content \(number)".utf8)) }
    body += frame("empty", [], more: #","mtime":12.5,"mode":"0755""#)
    let answer = try server.batch("?repo=many&message=m&label=v1&author=me", body)
    #expect(answer.status == 201)
    #expect(answer.statuses == ["large stored"] + (0..<600).map { "d/\($0) stored" } + ["empty stored"])
    #expect(answer.object["stored"] as? Int == 602 && answer.object["refused"] as? Int == 0)
    let push = try #require(answer.push["id"] as? String)
    try eventually("the push is committed") {
      try server.json("GET", "/api/v1/pushes/\(push)").object["state"] as? String == "committed"
    }
    #expect(try file(server, "many", "large") == large)
    #expect(try file(server, "many", "d/599") == Array("content 599".utf8))
    let empty = try server.items("/api/v1/repos/many/bundles/v1/files?limit=1000").first {
      $0["path"] as? String == "empty"
    }
    #expect(empty?["mode"] as? String == "0755")
    #expect(empty?["mtime"] as? String == "1970-01-01T00:00:12.500Z")
  }

  @Test("B-20 one bad item does not spoil the others, and its push is not sealed")
  func badItems() throws {
    let server = try running()
    let digest = String(repeating: "0", count: 64)
    let body =
      frame("a", [1]) + frame("../x", [2]) + frame("b", [3], more: #","sha256":"\#(digest)""#)
      + frame("a", [1])
      + frame("a", [4]) + frame("a/b", [5]) + frame("c", [6])
    let answer = try server.batch("?repo=bad", body)
    #expect(answer.status == 201)
    #expect(
      answer.statuses == [
        "a stored", "../x refused", "b refused", "a exists", "a refused", "a/b refused", "c stored",
      ])
    let codes = answer.items.map { ($0["error"] as? [String: Any])?["code"] as? String ?? "" }
    #expect(codes == ["", "bad-path", "upload-rejected", "", "path-conflict", "path-conflict", ""])
    #expect(answer.push["state"] as? String == "open")
    #expect(try server.items("/api/v1/repos/bad/bundles").isEmpty)
  }

  @Test("the same request with the same key stores nothing twice, also after its push was committed")
  func sameKey() throws {
    let server = try running()
    let large = [UInt8](repeating: 7, count: 200_000)
    let body = frame("a", [1]) + frame("large", large)
    let first = try server.batch("?repo=key", body, key: "k1")
    #expect(first.status == 201 && first.statuses == ["a stored", "large stored"])
    let push = try #require(first.push["id"] as? String)
    try eventually("the push is committed") {
      try server.json("GET", "/api/v1/pushes/\(push)").object["state"] as? String == "committed"
    }
    let again = try server.batch("?repo=key", body, key: "k1")
    #expect(again.status == 200 && again.statuses == ["a exists", "large exists"])
    #expect(again.push["id"] as? String == push && again.push["state"] as? String == "committed")
    let other = try server.batch("?repo=other", body, key: "k1")
    #expect(other.status == 422 && other.object["code"] as? String == "idempotency-key-reused")
    // Details are logged, and the key is all it takes to get the URL.
    #expect((other.object["detail"] as? String)?.contains("k1") == false)
    let more = try server.batch("?repo=key", body + frame("late", [9]), key: "k1")
    #expect(more.statuses == ["a exists", "large exists", "late refused"])
    #expect(try server.items("/api/v1/repos/key/bundles").count == 1)
  }

  @Test("an archive that is cut off keeps what came whole; sent again with its key it is completed")
  func cutOff() throws {
    let server = try running()
    let large = (0..<400_000).map { UInt8(truncatingIfNeeded: $0 &* 17) }
    let body = frame("a", [1]) + frame("large", large) + frame("b", [2])
    let cut = try server.batch("?repo=cut", Array(body.prefix(200_000)), key: "k")
    #expect(cut.status == 400 && cut.object["code"] as? String == "bad-archive")
    #expect(cut.object["stored"] as? Int == 1)
    let push = try #require(cut.object["push"] as? String)
    #expect(try server.json("GET", "/api/v1/pushes/\(push)").object["state"] as? String == "open")
    let again = try server.batch("?repo=cut", body, key: "k")
    #expect(again.statuses == ["a exists", "large stored", "b stored"])
    #expect(again.push["id"] as? String == push)
    try eventually("the push is committed") {
      try server.json("GET", "/api/v1/pushes/\(push)").object["state"] as? String == "committed"
    }
    #expect(try file(server, "cut", "large") == large)
  }

  @Test("files can go into an open push, which stays open; a closed one takes none")
  func openPush() throws {
    let server = try running()
    let push = try #require(
      try server.json("POST", "/api/v1/pushes", ["repo": "open", "message": "m"]).object["id"] as? String)
    let answer = try server.batch("?push=\(push)", frame("a", [1]))
    #expect(answer.status == 200 && answer.push["state"] as? String == "open")
    #expect(
      try server.batch("?push=\(push)", frame("a", [1]) + frame("b", [2])).statuses == [
        "a exists", "b stored",
      ])
    #expect(try server.json("POST", "/api/v1/pushes/\(push)/cancel").status == 200)
    let late = try server.batch("?push=\(push)", frame("c", [1]))
    #expect(late.status == 409 && late.object["code"] as? String == "push-closed")
  }

  @Test(
    "what is no such request is refused before anything is made",
    arguments: [
      ("", "application/zip", 415), ("", "", 415), ("?repo=..", "application/x-tar", 400),
      ("?seal=x", "application/x-tar", 400), ("?nope=1", "application/x-tar", 400),
      ("?push=x", "application/x-tar", 400), ("?repo=none", "application/x-tar", 400),
    ])
  func refused(query: String, type: String, status: Int) throws {
    let server = try running()
    #expect(try server.batch(query, Array("no archive".utf8), type: type).status == status)
    #expect(try server.items("/api/v1/pushes").isEmpty)
  }

  @Test("a tar archive of GNU tar becomes a bundle; its links are refused by name")
  func gnuTar() throws {
    let server = try running()
    let folder = NSTemporaryDirectory() + "sheaf-tar-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let long = String(repeating: "long-folder-name/", count: 12)
    try FileManager.default.createDirectory(atPath: folder + "/in/" + long, withIntermediateDirectories: true)
    try Data("hello".utf8).write(to: URL(fileURLWithPath: folder + "/in/ü.txt"))
    try Data("deep".utf8).write(to: URL(fileURLWithPath: folder + "/in/" + long + "f"))
    for format in ["gnu", "pax"] {
      let archive = folder + "/\(format).tar"
      let result = try runProgram(
        "/usr/bin/tar", ["--format=\(format)", "-C", folder + "/in", "-cf", archive, "."])
      try #require(result.status == 0, "\(result.errors)")
      let body = Array(try Data(contentsOf: URL(fileURLWithPath: archive)))
      let answer = try server.batch("?repo=\(format)", body, type: "application/x-tar")
      #expect(answer.statuses.sorted() == ["\(long)f stored", "ü.txt stored"].sorted(), "\(answer)")
      let cut = try server.batch("?repo=\(format)", Array(body.prefix(1024)), type: "application/x-tar")
      #expect(cut.status == 400)
    }
    try FileManager.default.createSymbolicLink(
      atPath: folder + "/in/link", withDestinationPath: "/etc/passwd")
    #expect(
      try runProgram("/usr/bin/tar", ["-C", folder + "/in", "-cf", folder + "/l.tar", "link", "ü.txt"]).status
        == 0)
    let body = Array(try Data(contentsOf: URL(fileURLWithPath: folder + "/l.tar")))
    let answer = try server.batch("?repo=links", body, type: "application/x-tar")
    #expect(answer.statuses == ["link refused", "ü.txt stored"] && answer.push["state"] as? String == "open")
  }
}
