import Foundation
import Platform
import TestSupport
import Testing
import Vocabulary

/// Kills the real server with SIGKILL at random moments while several clients send, and demands that everything that
/// was acknowledged is still there, and that every file ends whole in a bundle.
@Suite(.serialized) struct KillTests {
  /// More on demand: CRASH_KILLS=300.
  static let kills = ProcessInfo.processInfo.environment["CRASH_KILLS"].flatMap { Int($0) } ?? 12

  @Test(
    "MUST-1 MUST-3 MUST-4 no acknowledged byte is lost to kill -9, and every push ends as one whole bundle",
    .timeLimit(.minutes(10)))
  func randomKills() async throws {
    let server = try GatewayProcess()
    try server.start()
    let clients = 4
    let seed =
      ProcessInfo.processInfo.environment["CRASH_SEED"].flatMap { UInt64($0) }
      ?? UInt64.random(in: 0..<1_000_000)
    print("replay: CRASH_SEED=\(seed) CRASH_KILLS=\(Self.kills) swift test --filter CrashTests")
    let isOver = Locked(false)
    let finished = try await withThrowingTaskGroup(of: [SentFile].self) { group in
      for index in 0..<clients {
        group.addTask {
          try await blocking {
            var client = CrashClient(server: server, index: index, seed: seed &+ UInt64(index))
            return try client.run(until: { isOver.withLock { $0 } })
          }
        }
      }
      group.addTask {
        try await blocking {
          var random = SeededRandom(seed: seed &+ 999)
          for _ in 0..<Self.kills {
            usleep(UInt32.random(in: 20_000...400_000, using: &random))
            server.crash()
            try server.start()
          }
          isOver.withLock { $0 = true }
          return []
        }
      }
      return try await group.reduce(into: [SentFile]()) { $0 += $1 }
    }
    #expect(finished.count >= clients)
    for file in finished {
      let push = try await Self.committed(file.push, server)
      let bundle = try #require(push["bundle"] as? [String: Any])
      let id = try #require(bundle["id"] as? String)
      let answer = try server.request("GET", "/api/v1/repos/\(file.repo)/bundles/\(id)/files/\(file.path)")
      #expect(answer.status == 200)
      #expect(SHA256Stream.digest(of: answer.body) == file.digest, "\(file.path) in bundle \(id)")
    }
    #expect(server.stop() == 0)
  }

  private static func committed(_ id: String, _ server: GatewayProcess) async throws -> [String: Any] {
    for _ in 0..<600 {
      let push = try server.json("GET", "/api/v1/pushes/\(id)").object
      if push["state"] as? String == "committed" { return push }
      try #require(push["state"] as? String != "failed", "\(push)")
      try await Task.sleep(for: .milliseconds(100))
    }
    Issue.record("push \(id) was not committed within a minute")
    return [:]
  }
}

struct SentFile: Sendable {
  let repo: String
  let push: String
  let path: String
  let digest: Digest
}

/// A client that never gives up: on any failure it asks for the offset and goes on from there.
struct CrashClient {
  let server: GatewayProcess
  let index: Int
  var random: SeededRandom
  private var acknowledged: Int64 = 0

  init(server: GatewayProcess, index: Int, seed: UInt64) {
    self.server = server
    self.index = index
    random = SeededRandom(seed: seed)
  }

  struct LostBytes: Error { let acknowledged: Int64, found: Int64 }

  /// Sends files, each in a push of its own, until told to end; at least one.
  mutating func run(until isOver: () -> Bool) throws -> [SentFile] {
    var files: [SentFile] = []
    repeat {
      files.append(try sendOne(number: files.count))
    } while !isOver() && files.count < 200
    return files
  }

  private mutating func sendOne(number: Int) throws -> SentFile {
    let bytes = random.bytes(Int.random(in: 0...3_000_000, using: &random))
    let repo = "repo\(index)"
    let push = try opened(repo: repo, path: "file-\(number)", size: bytes.count)
    let location = try created(push: push, path: "file-\(number)", size: bytes.count)
    acknowledged = 0
    while acknowledged < bytes.count || bytes.isEmpty {
      let offset = try headOffset(location)
      guard offset >= acknowledged else { throw LostBytes(acknowledged: acknowledged, found: offset) }
      acknowledged = offset
      if offset == bytes.count { break }
      let end = min(bytes.count, Int(offset) + Int.random(in: 1...600_000, using: &random))
      let answer = try? server.connect().request(
        "PATCH", location,
        [
          "Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream",
          "Upload-Offset": String(offset),
        ], body: Array(bytes[Int(offset)..<end]))
      if let answer, answer.status == 204 {
        acknowledged = Int64(answer.headers["upload-offset"] ?? "") ?? self.acknowledged
      }
    }
    return SentFile(repo: repo, push: push, path: "file-\(number)", digest: SHA256Stream.digest(of: bytes))
  }

  /// Creation is not repeated blindly: an answer that was lost leaves an open push that nobody uses.
  private func opened(repo: String, path: String, size: Int) throws -> String {
    try persistently {
      let answer = try server.json(
        "POST", "/api/v1/pushes",
        ["repo": repo, "message": path, "sealWhenComplete": true, "files": [["path": path, "size": size]]])
      return answer.status == 201 ? answer.object["id"] as? String : nil
    }
  }

  private func created(push: String, path: String, size: Int) throws -> String {
    let metadata = "push \(Base64.encode(Array(push.utf8))),path \(Base64.encode(Array(path.utf8)))"
    return try persistently {
      let answer = try server.request(
        "POST", "/files/",
        ["Tus-Resumable": "1.0.0", "Upload-Length": String(size), "Upload-Metadata": metadata], body: [])
      if answer.status == 201 { return answer.headers["location"].map(Self.path) }
      // The answer to an earlier try was lost in a crash: the upload is in the push's list.
      let list = try server.json("GET", "/api/v1/pushes/\(push)/uploads").object["items"] as? [[String: Any]]
      return (list?.first?["id"] as? String).map { "/files/\($0)" }
    }
  }

  private func headOffset(_ location: String) throws -> Int64 {
    try persistently {
      let answer = try server.request("HEAD", location, ["Tus-Resumable": "1.0.0"])
      return (200..<300).contains(answer.status) ? answer.headers["upload-offset"].flatMap { Int64($0) } : nil
    }
  }

  private func persistently<Result>(_ body: () throws -> Result?) throws -> Result {
    for _ in 0..<1_200 {
      if let result = try? body() { return result }
      usleep(50_000)
    }
    throw GatewayProcess.Failure.notReady("no answer within a minute")
  }

  private static func path(_ location: String) -> String {
    guard let range = location.range(of: "/files/") else { return location }
    return String(location[range.lowerBound...])
  }
}
