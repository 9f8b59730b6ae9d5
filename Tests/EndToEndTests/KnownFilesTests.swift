import Foundation
import Platform
import TestSupport
import Testing
import Vocabulary

/// Pushing again what the server has.
@Suite struct KnownFilesTests {
  private func push(
    _ machine: ClientMachine, _ server: GatewayProcess, to repo: String = "r", _ more: [String] = []
  ) throws -> ProgramResult {
    let result = try machine.run(
      ["push", machine.source, "--repo", repo, "-m", "m", "--json", "--server", server.baseURL] + more)
    try #require(result.status == 0, "\(result)")
    return result
  }

  /// Bytes of all content that the server holds.
  private func storedBytes(_ server: GatewayProcess) throws -> Int {
    var bytes = 0
    for folder in ["objects", "packs"] {
      let root = "\(server.dataFolder)/\(folder)"
      for name in try FileManager.default.subpathsOfDirectory(atPath: root) {
        guard let info = try FileInfo.of("\(root)/\(name)"), info.kind == .file else { continue }
        bytes += Int(info.size)
      }
    }
    return bytes
  }

  private func expectLatest(_ machine: ClientMachine, _ server: GatewayProcess, of repo: String = "r") throws
  {
    let check = try machine.ask(server, ["verify", "\(repo)@latest", "--deep", "--dir", machine.source])
    #expect(check.status == 0, "\(check)")
  }

  @Test(
    "D26 10,000 unchanged files pushed again send less than 1 % of their bytes, and store no content anew")
  func unchanged() throws {
    let server = try GatewayProcess.running()
    let machine = try ClientMachine()
    for number in 0..<10_000 {
      let text = String(repeating: "file \(number) ", count: 100 + number % 300)
      try machine.folder.write(text, to: "source/d\(number % 100)/\(number)")
    }
    let first = try push(machine, server)
    let bytes = try first.number("bytes")
    #expect(try first.number("bytesSent") == bytes && first.number("filesSkipped") == 0)
    let before = try storedBytes(server)
    let again = try push(machine, server)
    #expect(try again.number("bytesSent") * 100 < bytes)
    #expect(try again.number("filesSkipped") == 10_000 && again.number("bytesSkipped") == bytes)
    // What is new is the second bundle's manifest: the same one, so nothing at all.
    #expect(try storedBytes(server) - before < bytes / 100)
    let push = try #require(try again.object["push"] as? String)
    let record = try server.json("GET", "/api/v1/pushes/\(push)").object
    #expect((record["files"] as? [String: Any])?["verified"] as? Int == 10_000)
    let bundles = try server.items("/api/v1/repos/r/bundles")
    #expect(bundles.count == 2 && Set(bundles.compactMap { $0["digest"] as? String }).count == 1)
    try expectLatest(machine, server)
    #expect(machine.folder.exists("state/sheaf/digests"))
  }

  @Test("D26 a moved file is not sent, a changed one is; another repo knows nothing of either")
  func changed() throws {
    let server = try GatewayProcess.running()
    let machine = try ClientMachine()
    try machine.writeLarge("large.bin", mebibytes: 3, seed: 1)
    try machine.folder.write("small", to: "source/a")
    try machine.folder.write("other", to: "source/b")
    _ = try push(machine, server)
    try FileManager.default.moveItem(
      atPath: machine.folder.child("source/large.bin"), toPath: machine.folder.child("source/moved.bin"))
    try machine.folder.write("OTHER", to: "source/b")
    let again = try push(machine, server)
    #expect(try again.number("bytesSent") == 5 && again.number("filesSkipped") == 2)
    try expectLatest(machine, server)
    let elsewhere = try push(machine, server, to: "elsewhere")
    #expect(try elsewhere.number("bytesSent") == elsewhere.number("bytes"))
  }

  @Test("D26 of a 64 MiB file with one byte changed in the middle at most 2 MiB are sent")
  func changedBlock() throws {
    let server = try GatewayProcess.running()
    let machine = try ClientMachine()
    try machine.writeLarge("large.bin", mebibytes: 64, seed: 3)
    _ = try push(machine, server)
    let path = machine.folder.child("source/large.bin")
    let file = try #require(FileHandle(forUpdatingAtPath: path))
    try file.seek(toOffset: 32 << 20 | 77)
    try file.write(contentsOf: Data([0xa5, 0x5a]))
    try file.close()
    let again = try push(machine, server)
    #expect(try again.number("bytesSent") <= 2 << 20)
    #expect(try again.number("bytesSkipped") >= 62 << 20)
    try expectLatest(machine, server)
    // Longer and shorter ones too.
    let longer = try #require(FileHandle(forUpdatingAtPath: path))
    try longer.seekToEnd()
    try longer.write(contentsOf: Data(repeating: 7, count: 100))
    try longer.close()
    #expect(try push(machine, server).number("bytesSent") <= 2 << 20)
    let shorter = try #require(FileHandle(forUpdatingAtPath: path))
    try shorter.truncate(atOffset: 40 << 20 | 5)
    try shorter.close()
    #expect(try push(machine, server).number("bytesSent") <= 2 << 20)
    try expectLatest(machine, server)
  }

  /// A repo with one file of one bundle, and an open push of it.
  private func claimable(_ server: GatewayProcess, _ content: String) throws -> String {
    let machine = try ClientMachine()
    try machine.folder.write(content, to: "source/a")
    _ = try push(machine, server)
    return try opened(server)
  }

  private func opened(_ server: GatewayProcess) throws -> String {
    let answer = try server.json("POST", "/api/v1/pushes", ["repo": "r", "message": "m"])
    return try #require(answer.object["id"] as? String, "\(answer)")
  }

  private func lookUp(_ push: String, _ content: String, _ server: GatewayProcess) throws -> (String, Bool) {
    let bytes = Array(content.utf8)
    let file: [String: Any] = [
      "path": "b", "size": bytes.count, "sha256": SHA256Stream.digest(of: bytes).hex,
    ]
    let answer = try server.json("POST", "/files/lookup", ["push": push, "files": [file]])
    try #require(answer.status == 200, "\(answer)")
    let items = try #require(answer.object["items"] as? [[String: Any]])
    return (
      try #require(answer.object["challenge"] as? String), try #require(items[0]["known"] as? Bool)
    )
  }

  private func claim(
    _ push: String, _ content: String, _ challenge: String, provenBy proven: String? = nil,
    _ server: GatewayProcess
  ) throws -> (status: Int, object: [String: Any]) {
    let bytes = Array(content.utf8)
    let digest = SHA256Stream.digest(of: bytes)
    var proof = PossessionProof.begin(challenge: challenge, digest: digest)
    proof.update(Array((proven ?? content).utf8))
    let file: [String: Any] = [
      "path": "b", "size": bytes.count, "sha256": digest.hex, "proof": proof.digest().hex, "mtime": "5.5",
      "mode": "0640",
    ]
    return try server.json(
      "POST", "/files/claim", ["push": push, "challenge": challenge, "files": [file]])
  }

  private func status(_ answer: (status: Int, object: [String: Any])) throws -> String {
    let items = try #require(answer.object["items"] as? [[String: Any]], "\(answer)")
    return try #require(items[0]["status"] as? String)
  }

  @Test(
    "D26 after kill -9 of the server between lookup and claim the challenge is void, and a new one is good")
  func killed() throws {
    let server = try GatewayProcess.running()
    let push = try claimable(server, "content")
    let (challenge, isKnown) = try lookUp(push, "content", server)
    #expect(isKnown)
    server.crash()
    try server.start()
    let refused = try claim(push, "content", challenge, server)
    #expect(refused.status == 409 && refused.object["code"] as? String == "challenge-expired", "\(refused)")
    #expect(try server.items("/api/v1/pushes/\(push)/uploads").isEmpty)
    let (next, _) = try lookUp(push, "content", server)
    #expect(try status(claim(push, "content", next, server)) == "stored")
    server.crash()
    try server.start()
    let uploads = try server.items("/api/v1/pushes/\(push)/uploads")
    #expect(uploads.map { $0["state"] as? String } == ["verified"])
    let sealed = try server.json("POST", "/api/v1/pushes/\(push)/seal")
    #expect(sealed.status == 202, "\(sealed)")
    try eventually("the push is committed") {
      try server.json("GET", "/api/v1/pushes/\(push)").object["state"] as? String == "committed"
    }
    let files = try server.items("/api/v1/repos/r/bundles/latest/files")
    #expect(files.first?["mode"] as? String == "0640")
    #expect(files.first?["mtime"] as? String == "1970-01-01T00:00:05.500Z")
  }

  @Test("D26 who knows a digest and not the file gets nothing, and learns nothing more")
  func digestOnly() throws {
    let server = try GatewayProcess.running()
    let push = try claimable(server, "content")
    let (challenge, _) = try lookUp(push, "content", server)
    let wrong = try claim(push, "content", challenge, provenBy: "guessed", server)
    #expect(try status(wrong) == "refused")
    let unknown = try claim(push, "nowhere", challenge, server)
    func error(_ answer: (status: Int, object: [String: Any])) throws -> NSDictionary {
      let items = try #require(answer.object["items"] as? [[String: Any]])
      return try #require(items[0]["error"] as? NSDictionary)
    }
    #expect(try error(wrong) == error(unknown))
    #expect(try error(wrong)["code"] as? String == "not-proven")
    // A challenge of one push is none of another.
    let other = try opened(server)
    #expect(try claim(other, "content", challenge, server).status == 409)
    #expect(try server.items("/api/v1/pushes/\(push)/uploads").isEmpty)
  }

  @Test("D26 a lookup, a claim or a copy that makes no sense is refused with the field's name")
  func badInput() throws {
    let server = try GatewayProcess.running()
    let push = try opened(server)
    let file: [String: Any] = [
      "path": "a", "size": 1, "sha256": String(repeating: "0", count: 64),
      "proof": String(repeating: "0", count: 64),
    ]
    func claim(_ change: [String: Any]) -> [String: Any] {
      ["push": push, "challenge": "00", "files": [file.merging(change) { $1 }]]
    }
    let claims: [(String, Any)] = [
      ("files[0].size", claim(["size": -1])), ("files[0].sha256", claim(["sha256": "00"])),
      ("files[0].proof", claim(["proof": 7])), ("files[0].mood", claim(["mood": "0644"])),
      ("files", ["push": push, "challenge": "00", "files": []]),
      ("files", ["push": push, "challenge": "00", "files": [file, file]]),
      ("push", ["push": "it", "challenge": "00", "files": [file]]),
    ]
    for (field, body) in claims {
      let answer = try server.json("POST", "/files/claim", body)
      #expect(answer.status == 400 && answer.object["field"] as? String == field, "\(field): \(answer)")
    }
    let many = (0..<1001).map { ["path": "\($0)", "size": 1, "sha256": file["sha256"] as Any] }
    let lookup = try server.json("POST", "/files/lookup", ["push": push, "files": many])
    #expect(lookup.status == 400 && lookup.object["field"] as? String == "files")
    #expect(try server.request("GET", "/files/lookup").status == 405)
    let nobody = try server.json(
      "POST", "/files/lookup", ["push": String(repeating: "0", count: 26), "files": [many[0]]])
    #expect(nobody.status == 404, "\(nobody)")
    let copy = try server.json(
      "POST", "/files/\(String(repeating: "0", count: 26))/copy",
      ["bundle": "latest", "path": "a", "from": 0, "count": 0, "offset": 0])
    #expect(copy.status == 400 && copy.object["field"] as? String == "count", "\(copy)")
  }

  @Test("D26 a damaged or lost list of digests costs a push nothing but time")
  func damagedCache() throws {
    let server = try GatewayProcess.running()
    let machine = try ClientMachine()
    for number in 0..<20 { try machine.folder.write("file \(number)", to: "source/\(number)") }
    _ = try push(machine, server)
    try machine.folder.write([UInt8](repeating: 7, count: 1000), to: "state/sheaf/digests")
    let again = try push(machine, server)
    #expect(try again.number("filesSkipped") == 20)
    try expectLatest(machine, server)
  }
}
