import Foundation
import TestSupport
import Testing
import Vocabulary

/// Pushes by plain requests: what they refuse, and that nothing is left of what was refused.
@Suite struct PushRequestTests {
  private static let hello = Array("hello".utf8)
  private static let helloDigest = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

  private func running() throws -> GatewayProcess {
    let server = try GatewayProcess()
    try server.start()
    return server
  }

  private func open(_ server: GatewayProcess, _ fields: [String: Any] = [:]) throws -> String {
    let answer = try server.json(
      "POST", "/api/v1/pushes", fields.merging(["repo": "wire", "message": "m"] as [String: Any]) { $1 })
    try #require(answer.status == 201, "\(answer)")
    return try #require(answer.object["id"] as? String)
  }

  private func announced(_ path: String, size: Int, sha256: String? = nil) -> [String: Any] {
    var file: [String: Any] = ["path": path, "size": size]
    if let sha256 { file["sha256"] = sha256 }
    return file
  }

  /// Announces files in a push that should not come to be.
  private func announce(_ server: GatewayProcess, _ paths: [String]) throws -> (
    status: Int, object: [String: Any]
  ) {
    let fields: [String: Any] = [
      "repo": "announced", "message": "m", "files": paths.map { announced($0, size: 1) },
    ]
    return try server.json("POST", "/api/v1/pushes", fields)
  }

  /// Creates an upload of the push with all its bytes.
  private func send(
    _ server: GatewayProcess, push: String, path: [UInt8], _ content: [UInt8] = PushRequestTests.hello,
    sha256: String? = nil
  ) throws -> RawConnection.Answer {
    var metadata = "push \(Base64.encode(Array(push.utf8))),path \(Base64.encode(path))"
    if let sha256 { metadata += ",sha256 \(Base64.encode(Array(sha256.utf8)))" }
    return try server.request(
      "POST", "/files/",
      [
        "Tus-Resumable": "1.0.0", "Upload-Length": String(content.count), "Upload-Metadata": metadata,
        "Content-Type": "application/offset+octet-stream",
      ], body: content)
  }

  private func problem(_ answer: RawConnection.Answer) throws -> [String: Any] {
    #expect(answer.headers["content-type"] == "application/problem+json")
    return try #require(try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any])
  }

  private func state(_ server: GatewayProcess, _ push: String) throws -> String? {
    try server.json("GET", "/api/v1/pushes/\(push)").object["state"] as? String
  }

  @Test(
    "a file whose declared digest is wrong is rejected in sight of all, keeps its push from being sealed, and can be sent again"
  )
  func wrongDigest() throws {
    let server = try running()
    let push = try open(server)
    let wrong = String(repeating: "0", count: 64)
    let answer = try send(server, push: push, path: Array("a.txt".utf8), sha256: wrong)
    #expect(answer.status == 422)
    let refusal = try problem(answer)
    #expect(refusal["code"] as? String == "upload-rejected")
    #expect(refusal["declared"] as? String == wrong)
    #expect(refusal["actual"] as? String == Self.helloDigest)

    let upload = try #require(try server.items("/api/v1/pushes/\(push)/uploads").first)
    #expect(upload["state"] as? String == "rejected")
    #expect(upload["declaredDigest"] as? String == wrong)
    #expect((upload["reason"] as? String)?.contains(wrong) == true)
    let page = try server.request("GET", "/ui/pushes/\(push)").text
    #expect(page.contains("rejected"))
    #expect(page.contains("declared sha256 \(wrong), but the bytes that arrived have \(Self.helloDigest)"))

    let seal = try server.json("POST", "/api/v1/pushes/\(push)/seal")
    #expect(seal.status == 409)
    #expect(seal.object["code"] as? String == "push-incomplete")
    #expect(seal.object["missing"] as? [[String: String]] == [["path": "a.txt", "reason": "rejected"]])
    #expect(try state(server, push) == "open")
    #expect(try server.items("/api/v1/repos/wire/bundles").isEmpty)

    #expect(
      try send(server, push: push, path: Array("a.txt".utf8), sha256: Self.helloDigest).status == 201)
    #expect(try server.json("POST", "/api/v1/pushes/\(push)/seal").status == 202)
    try eventually("the push is committed") { try state(server, push) == "committed" }
    #expect(try server.request("GET", "/api/v1/repos/wire/bundles/latest/files/a.txt").body == Self.hello)
  }

  @Test("a push that seals itself does so only when the file it rejected has come as it was announced")
  func selfSealing() throws {
    let server = try running()
    let push = try open(
      server,
      [
        "sealWhenComplete": true,
        "files": [announced("a", size: 5, sha256: Self.helloDigest), announced("b", size: 1)],
      ])
    #expect(try send(server, push: push, path: Array("a".utf8), Array("jello".utf8)).status == 422)
    #expect(try send(server, push: push, path: Array("b".utf8), [1]).status == 201)
    let progress = try server.json("GET", "/api/v1/pushes/\(push)").object
    #expect(progress["state"] as? String == "open")
    let files = progress["files"] as? [String: Any]
    #expect(files?["rejected"] as? Int == 1)
    #expect(try send(server, push: push, path: Array("a".utf8)).status == 201)
    try eventually("the push is committed") { try state(server, push) == "committed" }
  }

  private static let badPaths = [
    "..", "../x", "a/../b", "/etc/passwd", "a//b", "./a", "a/", "", "a\0b", "a\nb",
    String(repeating: "x", count: 256),
  ]
  private static let longPath = String(repeating: "a/", count: 2048) + "b"

  /// Many at once, as what goes wrong is short: the digest is there in the middle of the request to seal.
  @Test("a push is sealed right after its last byte was acknowledged, whenever the digest is there")
  func atOnce() async throws {
    let server = try running()
    let content = [UInt8](repeating: 7, count: 6 << 20)
    try await withThrowingTaskGroup(of: [Int].self) { group in
      for sender in 0..<6 {
        group.addTask {
          try await blocking {
            try (0..<6).map { round in
              // Content of its own: what is stored already is verified sooner.
              let own = Array("\(sender) \(round)".utf8) + content
              let files = [announced("f", size: own.count)]
              let push = try open(server, ["repo": "at-once", "files": files, "sealWhenComplete": true])
              #expect(try send(server, push: push, path: Array("f".utf8), own).status == 201)
              return try server.json("POST", "/api/v1/pushes/\(push)/seal").status
            }
          }
        }
      }
      // 200: it sealed itself a moment before.
      for try await statuses in group {
        #expect(statuses.allSatisfy { [200, 202].contains($0) }, "\(statuses)")
      }
    }
  }

  @Test(
    "B-20 a path that leads out of a bundle, or cannot be in one, is refused by its name, and nothing is made"
  )
  func badPathsRefused() throws {
    let server = try running()
    let push = try open(server)
    for path in Self.badPaths {
      let answer = try send(server, push: push, path: Array(path.utf8))
      #expect(answer.status == 400, "\(path)")
      let refusal = try problem(answer)
      #expect(refusal["code"] as? String == "bad-path", "\(path)")
      #expect(refusal["path"] as? String == path)
    }
    for bytes in [[0xff, 0xfe], Array(Self.longPath.utf8)] as [[UInt8]] {
      let answer = try send(server, push: push, path: bytes)
      #expect(answer.status == 400)
      #expect(try problem(answer)["code"] as? String == "bad-metadata")
      #expect(answer.text.contains("path"))
    }
    #expect(try server.items("/api/v1/pushes/\(push)/uploads").isEmpty)
  }

  @Test("B-20 a push that announces such a path is refused as a whole, and makes no repo")
  func badPathsAnnounced() throws {
    let server = try running()
    for path in Self.badPaths + [Self.longPath] {
      let answer = try announce(server, ["good", path])
      #expect(answer.status == 400, "\(path)")
      #expect(answer.object["code"] as? String == "bad-path")
      #expect(answer.object["path"] as? String == path)
    }
    let text = Array(#"{"repo":"announced","message":"m","files":[{"size":1,"path":""#.utf8)
    let answer = try server.request(
      "POST", "/api/v1/pushes", ["Content-Type": "application/json"],
      body: text + [0xff] + Array(#""}]}"#.utf8))
    #expect(answer.status == 400)
    #expect(answer.text.contains("path"))
    try expectNothing("announced", on: server)
  }

  @Test(
    "two files at one place, or one below the other, are refused by their names",
    arguments: [["c", "c"], ["c", "c/d"], ["c/d", "c"], ["c/d/e", "c"]])
  func collisions(paths: [String]) throws {
    let server = try running()
    let push = try open(server)
    #expect(try send(server, push: push, path: Array(paths[0].utf8)).status == 201)
    let answer = try send(server, push: push, path: Array(paths[1].utf8), [1])
    #expect(answer.status == 400)
    let refusal = try problem(answer)
    #expect(refusal["code"] as? String == "path-conflict")
    #expect(refusal["path"] as? String == paths[1])
    #expect(refusal["conflictsWith"] as? String == paths[0])
    #expect(try server.items("/api/v1/pushes/\(push)/uploads").map { $0["path"] as? String } == [paths[0]])

    let announced = try announce(server, paths)
    #expect(announced.status == 400)
    #expect(announced.object["code"] as? String == "path-conflict")
    #expect(paths.contains(announced.object["path"] as? String ?? ""))
    try expectNothing("announced", on: server)
  }

  private func expectNothing(_ repo: String, on server: GatewayProcess) throws {
    #expect(try server.items("/api/v1/pushes?repo=\(repo)").isEmpty)
    #expect(try server.json("GET", "/api/v1/repos/\(repo)").status == 404)
  }
}
