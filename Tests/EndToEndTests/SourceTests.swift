import Foundation
import Platform
import TestSupport
import Testing
import Vocabulary

/// Folders of the server's own machine, through the built server.
@Suite struct SourceTests {
  /// Small files in folders, and larger ones.
  private static func tree(_ small: Int, large: [Int] = []) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for index in 0..<small { try folder.write("file \(index)", to: "\(index % 7)/f\(index).txt") }
    var random = SeededRandom(seed: 3)
    for (index, size) in large.enumerated() { try folder.write(random.bytes(size), to: "large/\(index).bin") }
    return folder
  }

  private static func serve(_ tree: TemporaryFolder, _ more: [String] = []) throws -> GatewayProcess {
    let server = try GatewayProcess(arguments: ["--source", "disk=\(tree.path)"] + more)
    try server.start()
    return server
  }

  private static func open(
    _ server: GatewayProcess, _ source: [String: Any], _ more: [String: Any] = [:]
  ) throws -> (status: Int, object: [String: Any]) {
    let fields: [String: Any] = ["repo": "scans", "message": "of the disk", "source": source]
    return try server.json("POST", "/api/v1/pushes", fields.merging(more) { $1 })
  }

  private static func ended(_ server: GatewayProcess, _ id: String) throws -> [String: Any] {
    var push: [String: Any] = [:]
    try eventually("the push has ended") {
      push = try server.json("GET", "/api/v1/pushes/\(id)").object
      return push["status"] as? String != "ongoing"
    }
    return push
  }

  @Test("D3 without a source there is no page, no entry in the navigation, and an empty list")
  func none() throws {
    let server = try GatewayProcess()
    try server.start()
    #expect(try server.request("GET", "/ui/sources").status == 404)
    #expect(try server.request("GET", "/ui/sources/disk").status == 404)
    #expect(try !server.request("GET", "/ui/pushes").text.contains("/ui/sources"))
    #expect((try server.json("GET", "/api/v1/sources").object["items"] as? [Any])?.isEmpty == true)
    #expect(try Self.open(server, ["name": "disk"]).status == 404)
  }

  @Test("D3 a source that is no folder, or meets the data folder, ends the start with one line")
  func badSettings() throws {
    let folder = try TemporaryFolder()
    try folder.write("x", to: "file")
    try LinuxFileSystem().makeFolder(folder.child("data/inside"))
    try FileManager.default.createSymbolicLink(
      atPath: folder.child("link"), withDestinationPath: folder.child("data"))
    for (source, words) in [
      ("a=\(folder.child("none"))", "there is no folder"), ("a=\(folder.child("file"))", "is not a folder"),
      ("a=\(folder.path)", "must not hold each other"),
      ("a=\(folder.child("data/inside"))", "must not hold each other"),
      ("a=\(folder.child("link"))", "must not hold each other"), ("=\(folder.path)", "NAME=DIR"),
      ("a", "NAME=DIR"),
    ] {
      let result = try runProgram(
        try GatewayProcess.binary,
        ["serve", "--data", folder.child("data"), "--port", "0", "--source", source])
      #expect(result.status == 2, "\(source)")
      #expect(result.errors.contains(words), "\(source): \(result.errors)")
      #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)")
    }
    #expect(!folder.exists("data/format"))
  }

  @Test("D3 sources come from tables of the settings file too")
  func settingsFile() throws {
    let (tree, other) = (try Self.tree(1), try Self.tree(1))
    let file = try TemporaryFolder()
    try file.write(
      """
      [[source]]
      name = "one"
      path = "\(tree.path)"
      [[source]]
      name = "two"
      path = "\(other.path)"
      """, to: "sheaf.toml")
    let server = try GatewayProcess(arguments: ["--config", file.child("sheaf.toml")])
    try server.start()
    let items = try server.json("GET", "/api/v1/sources").object["items"] as? [[String: Any]]
    #expect(items?.compactMap { $0["name"] as? String } == ["one", "two"])
  }

  @Test("D4 a folder is listed by the API in pages, and no request leads out of it")
  func browsing() throws {
    let tree = try Self.tree(20)
    try FileManager.default.createSymbolicLink(
      atPath: tree.child("out"), withDestinationPath: "/etc")
    let server = try Self.serve(tree)
    let first = try server.json("GET", "/api/v1/sources/disk/tree?limit=5").object
    let items = try #require(first["items"] as? [[String: Any]])
    #expect(items.map { $0["name"] as? String } == ["0", "1", "2", "3", "4"])
    #expect(items.allSatisfy { $0["kind"] as? String == "folder" })
    let next = try #require(first["next"] as? String)
    let rest = try server.json("GET", "/api/v1/sources/disk/tree?limit=5&cursor=\(next)").object
    let names = (rest["items"] as? [[String: Any]])?.map { $0["name"] as? String }
    #expect(names == ["5", "6", "out"])
    #expect(rest["next"] is NSNull)
    for (path, status) in [
      ("0/", 200), ("..", 400), ("%2e%2e", 400), ("0/..%2f..%2fetc", 400), ("%2Fetc", 400), ("0%00", 400),
      ("%ff", 400), ("out", 409), ("out/ssl", 409), ("0/f0.txt", 409), ("none", 404), ("..%252f", 404),
    ] {
      for prefix in ["/api/v1/sources/disk/tree/", "/ui/sources/disk/"] {
        #expect(try server.request("GET", prefix + path).status == status, "\(prefix)\(path)")
      }
    }
    #expect(try server.request("GET", "/api/v1/sources/%2e%2e/tree").status == 404)
  }

  @Test("D1 D5 D6 D9 a push of a source answers 202 at once, and becomes a bundle with all of its files")
  func push() throws {
    let tree = try Self.tree(100, large: [200_000, 1_000_000])
    let server = try Self.serve(tree)
    let opened = try Self.open(
      server, ["name": "disk"], ["label": "v1", "concurrencyFactor": 7, "author": "me"])
    #expect(opened.status == 202)
    #expect(opened.object["state"] as? String == "open")
    let id = try #require(opened.object["id"] as? String)
    let push = try Self.ended(server, id)
    #expect(push["state"] as? String == "committed", "\(push)")
    #expect((push["source"] as? [String: Any])?["name"] as? String == "disk")
    #expect(push["concurrencyFactor"] as? Int == 7)
    for (name, bytes) in [
      ("large/1.bin", try tree.bytes(of: "large/1.bin")), ("3/f3.txt", Array("file 3".utf8)),
    ] {
      let file = try server.request("GET", "/api/v1/repos/scans/bundles/v1/files/\(name)")
      #expect(file.status == 200)
      #expect(file.body == bytes)
    }
    for page in ["/ui/pushes", "/ui/pushes/\(id)"] {
      #expect(try server.request("GET", page).text.contains("source disk"), "\(page)")
    }
    // Objects and sources share no inode: nobody changes one by the other.
    #expect(try FileInfo.of(tree.child("large/1.bin"))?.mode != 0o444)
    #expect(server.stop() == 0)
    let check = try runProgram(
      try GatewayProcess.binary, ["doctor", "--deep", "--data", server.dataFolder])
    #expect(check.status == 0, "\(check)")
  }

  @Test("D6 D11 what is wrong with a request is refused, and nothing is made")
  func badRequests() throws {
    let tree = try Self.tree(3)
    let server = try Self.serve(tree)
    defer { withExtendedLifetime(tree) {} }
    for (source, more, status, field) in [
      (["name": "disk", "files": ["../x"]], [:], 400, nil),
      (["name": "disk", "files": []], [:], 400, "source.files"),
      (["name": "disk", "files": "a"], [:], 400, "source.files"),
      (["name": "disk", "path": "/etc"], [:], 400, nil), (["name": "disk", "path": ".."], [:], 400, nil),
      (["name": "disk", "path": "none"], [:], 404, nil), (["path": "0"], [:], 400, "source.name"),
      (["name": "disk"], ["concurrencyFactor": 0], 400, "concurrencyFactor"),
      (["name": "disk"], ["concurrencyFactor": "4"], 400, "concurrencyFactor"),
      (["name": "disk"], ["files": [["path": "a", "size": 1]]], 400, "files"),
      (["name": "disk"], ["sealWhenComplete": true], 400, "sealWhenComplete"),
      (["name": "disk"], ["message": ""], 400, "message"),
    ] as [([String: Any], [String: Any], Int, String?)] {
      let answer = try Self.open(server, source, more)
      #expect(answer.status == status, "\(source) \(more) \(answer.object)")
      if let field { #expect(answer.object["field"] as? String == field, "\(source) \(more)") }
    }
    #expect((try server.json("GET", "/api/v1/pushes").object["items"] as? [Any])?.isEmpty == true)
    #expect((try server.json("GET", "/api/v1/repos").object["items"] as? [Any])?.isEmpty == true)
  }

  @Test("D5 kill -9 while a source is taken in: the push goes on after the start, and everything verifies")
  func killed() throws {
    let tree = try Self.tree(3000, large: [Int](repeating: 300_000, count: 60))
    let server = try Self.serve(tree)
    let opened = try Self.open(server, ["name": "disk"], ["concurrencyFactor": 1])
    let id = try #require(opened.object["id"] as? String)
    var verified = 0
    var killsInTheMiddle = 0
    for _ in 0..<4 {
      try eventually("some more files are in") {
        let push = try server.json("GET", "/api/v1/pushes/\(id)").object
        let count = (push["files"] as? [String: Any])?["verified"] as? Int ?? 0
        defer { verified = max(verified, count) }
        if count > verified && count < 3060 { killsInTheMiddle += 1 }
        return count > verified || push["status"] as? String != "ongoing"
      }
      server.crash()
      try server.start()
      let push = try server.json("GET", "/api/v1/pushes/\(id)").object
      #expect((push["files"] as? [String: Any])?["verified"] as? Int ?? 0 >= verified)
    }
    #expect(killsInTheMiddle > 0)
    let push = try Self.ended(server, id)
    #expect(push["state"] as? String == "committed", "\(push)")
    #expect((push["files"] as? [String: Any])?["verified"] as? Int == 3060)
    let result = try runProgram(
      try GatewayProcess.binary,
      ["verify", "scans@latest", "--dir", tree.path, "--server", server.baseURL])
    #expect(result.status == 0, "\(result)")
    #expect(server.stop() == 0)
    let check = try runProgram(
      try GatewayProcess.binary, ["doctor", "--deep", "--data", server.dataFolder])
    #expect(check.status == 0, "\(check)")
  }

  @Test("D28 source ls and source push work from a terminal, with a list of files and with --wait")
  func commands() throws {
    let tree = try Self.tree(10)
    let server = try Self.serve(tree)
    let sheaf = try GatewayProcess.binary
    func run(_ arguments: [String]) throws -> ProgramResult {
      try runProgram(sheaf, ["source"] + arguments + ["--server", server.baseURL])
    }
    #expect(try run(["ls"]).output == "disk\n")
    let listed = try run(["ls", "disk/3"])
    #expect(listed.output.contains("f3.txt"), "\(listed)")
    #expect(try run(["ls", "none"]).status == 2)
    #expect(try run(["ls", "disk/../etc"]).status == 2)
    let list = try TemporaryFolder()
    try list.write("0\r\n\n3/f3.txt\n", to: "list")
    let pushed = try run([
      "push", "disk", "--repo", "scans", "--message", "some", "--label", "few", "--files",
      list.child("list"), "--concurrency-factor", "2", "--wait", "--author", "Ann",
    ])
    #expect(pushed.status == 0, "\(pushed)")
    #expect(pushed.output.contains("push ") && pushed.output.contains("bundle "), "\(pushed)")
    let files = try server.json("GET", "/api/v1/repos/scans/bundles/few/files").object
    let paths = (files["items"] as? [[String: Any]])?.compactMap { $0["path"] as? String }
    #expect(paths == ["0/f0.txt", "0/f7.txt", "3/f3.txt"])
    let bundle = try server.json("GET", "/api/v1/repos/scans/bundles/few").object
    #expect(bundle["author"] as? String == "Ann")
    let failed = try run([
      "push", "disk/3", "--repo", "scans", "-m", "x", "--files", list.child("list"), "--wait",
    ])
    #expect(failed.status == 1)
    #expect(failed.errors.contains("is not there"), "\(failed)")
  }

  @Test("C23 the form of a page of another site is refused, and changes nothing")
  func forms() throws {
    let tree = try Self.tree(3)
    let server = try Self.serve(tree)
    defer { withExtendedLifetime(tree) {} }
    let form = Array("path=&newRepo=web&message=m&concurrencyFactor=4".utf8)
    let type = "application/x-www-form-urlencoded"
    for (name, value) in [("Origin", "https://elsewhere.example"), ("X-Nothing", "1")] {
      let answer = try server.request(
        "POST", "/ui/sources/disk", ["Content-Type": type, name: value], body: form)
      #expect(answer.status == 403)
    }
    #expect((try server.json("GET", "/api/v1/pushes").object["items"] as? [Any])?.isEmpty == true)
    let own = try server.request(
      "POST", "/ui/sources/disk", ["Content-Type": type, "Sec-Fetch-Site": "same-origin"], body: form)
    #expect(own.status == 303)
    let location = try #require(own.headers["location"])
    let push = try Self.ended(server, try #require(location.split(separator: "/").last.map(String.init)))
    #expect(push["state"] as? String == "committed")
  }
}
