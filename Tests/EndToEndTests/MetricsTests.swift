import Foundation
import Platform
import TestSupport
import Testing
import Vocabulary

/// Twice the same and another one, for each of two sizes: one for packs, one for a file of its own.
private struct Contents {
  static let sizes = [1_000, 300_000]
  static let bytes = 3 * (1_000 + 300_000)
  static let repeatedBytes = 1_000 + 300_000
  let files: [(path: String, content: [UInt8])]

  init(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    files = Self.sizes.flatMap { size in
      let (one, other) = (random.bytes(size), random.bytes(size))
      return [("\(size)/a", one), ("\(size)/b", other), ("\(size)/c", one)]
    }
  }
}

/// `/metrics` of the built server.
@Suite struct MetricsTests {
  enum Way: String, CaseIterable, Sendable { case upload, batch, source }

  private func metrics(_ server: GatewayProcess) throws -> ExpositionText {
    let answer = try server.request("GET", "/metrics")
    try #require(answer.status == 200, "\(answer.text)")
    return try ExpositionText(answer.text)
  }

  private func expect(_ server: GatewayProcess, _ values: [String: Int]) throws {
    let text = try metrics(server)
    for (name, value) in values.sorted(by: { $0.key < $1.key }) {
      #expect(text.value("sheaf_\(name)_total") == Double(value), "\(name)")
    }
  }

  private func open(_ server: GatewayProcess, _ more: [String: Any] = [:]) throws -> String {
    let fields: [String: Any] = ["repo": "counted", "message": "m"]
    let answer = try server.json("POST", "/api/v1/pushes", fields.merging(more) { $1 })
    return try #require(answer.object["id"] as? String, "\(answer)")
  }

  private func send(
    _ server: GatewayProcess, _ push: String, _ path: String, _ content: [UInt8], _ more: String = ""
  )
    throws -> RawConnection.Answer
  {
    let metadata = "push \(Base64.encode(Array(push.utf8))),path \(Base64.encode(Array(path.utf8)))\(more)"
    return try server.request(
      "POST", "/files/",
      [
        "Tus-Resumable": "1.0.0", "Upload-Length": String(content.count), "Upload-Metadata": metadata,
        "Content-Type": "application/offset+octet-stream",
      ], body: content)
  }

  private func committed(_ server: GatewayProcess, _ push: String) throws {
    try eventually("the push is committed") {
      try server.json("GET", "/api/v1/pushes/\(push)").object["state"] as? String == "committed"
    }
  }

  @Test(
    "D47 of two equal files and another, small ones and large ones, the counters tell what came, was written, was there",
    arguments: Way.allCases)
  func contents(way: Way) throws {
    let contents = Contents(seed: 47)
    let folder = try TemporaryFolder()
    for file in contents.files { try folder.write(file.content, to: file.path) }
    let server = try GatewayProcess.running(["--source", "disk=\(folder.path)"])
    try expect(server, ["received_bytes": 0, "written_objects": 0, "deduplicated_files": 0])
    switch way {
    case .upload:
      let push = try open(server)
      for file in contents.files {
        #expect(try send(server, push, file.path, file.content).status == 201)
      }
      #expect([200, 202].contains(try server.json("POST", "/api/v1/pushes/\(push)/seal").status))
      try committed(server, push)
    case .batch:
      let answer = try server.batch(
        "?repo=counted&message=m", contents.files.flatMap { frame($0.path, $0.content) })
      #expect(answer.items.count == 6)
      try committed(server, try #require(answer.push["id"] as? String))
    case .source:
      // One at a time: two equal files at once may both find that neither is stored.
      let push = try open(server, ["source": ["name": "disk"], "concurrencyFactor": 1])
      try committed(server, push)
    }
    try expect(
      server,
      [
        "received_bytes": way == .source ? 0 : Contents.bytes,
        "source_bytes": way == .source ? Contents.bytes : 0,
        "source_files": way == .source ? 6 : 0, "written_objects": 4,
        "written_bytes": Contents.bytes - Contents.repeatedBytes, "deduplicated_files": 2,
        "deduplicated_bytes": Contents.repeatedBytes, "claimed_files": 0, "collected_objects": 0,
        "scheduler_commits_committed": 1,
      ])
  }

  @Test(
    "D47 what is refused counts as received, what need not be sent as claimed, what a collection frees as collected"
  )
  func others() throws {
    let server = try GatewayProcess.running()
    let wrong = String(repeating: "0", count: 64)
    let digest = ",sha256 \(Base64.encode(Array(wrong.utf8)))"
    let push = try open(server)
    #expect(try send(server, push, "small", [1, 2, 3], digest).status == 422)
    let large = [UInt8](repeating: 7, count: 200_000)
    #expect(try send(server, push, "large", large, digest).status == 422)
    try expect(
      server, ["received_bytes": 200_003, "written_objects": 0, "deduplicated_files": 0, "claimed_files": 0])
    let machine = try ClientMachine()
    try machine.folder.write(large, to: "source/large")
    try machine.folder.write([1, 2, 3], to: "source/small")
    for _ in 1...2 {
      let pushed = try machine.ask(server, ["push", machine.source, "--repo", "counted", "-m", "m"])
      try #require(pushed.status == 0, "\(pushed)")
    }
    try expect(
      server,
      [
        "received_bytes": 400_006, "written_objects": 2, "written_bytes": 200_003, "deduplicated_files": 0,
        "claimed_files": 2, "claimed_bytes": 200_003,
      ])
    for bundle in try server.items("/api/v1/repos/counted/bundles") {
      let id = try #require(bundle["id"] as? String)
      #expect(try server.request("DELETE", "/api/v1/repos/counted/bundles/\(id)").status == 204)
    }
    let collected = try machine.ask(server, ["gc", "--json"])
    // The two files and the one manifest of both bundles.
    #expect(try collected.number("removedObjects") == 3, "\(collected)")
    try expect(
      server, ["collected_objects": 3, "collected_bytes": try collected.number("removedBytes")])
  }

  @Test("D47 B72 /metrics answers GET and HEAD alike, in Prometheus' format, with the facts of the status")
  func answer() throws {
    let server = try GatewayProcess.running()
    let upload = try server.upload(length: 300_000)
    let holder = try server.stalledPatch(upload, of: 300_000, after: 100_000)
    let answer = try server.request("GET", "/metrics")
    #expect(answer.status == 200)
    #expect(answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
    #expect(answer.headers["cache-control"] == "no-store")
    let head = try server.request("HEAD", "/metrics")
    #expect(head.status == 200 && head.body.isEmpty)
    #expect(head.headers["content-type"] == answer.headers["content-type"])
    #expect(try server.request("POST", "/metrics").status == 405)
    let text = try ExpositionText(answer.text)
    let status = try server.json("GET", "/api/v1/status").object
    let version = try #require(status["version"] as? String)
    #expect(text.value("sheaf_build_info", "version=\(version)") == 1)
    #expect(text.value("sheaf_upload_requests_running") == 1 && text.value("sheaf_draining") == 0)
    for (name, member) in [("sheaf_uploads", "uploads"), ("sheaf_pushes", "pushes")] {
      let counts = try #require((status[member] as? [String: Any])?["byState"] as? [String: Int])
      let told = try #require(text.families[name]?.samples)
      #expect(
        told == Dictionary(uniqueKeysWithValues: counts.map { (["state=\($0.key)"], Double($0.value)) }))
    }
    #expect(
      text.value("sheaf_uploads", "state=created").map {
        $0 + (text.value("sheaf_uploads", "state=receiving") ?? 0)
      } == 1)
    let total = (status["disk"] as? [String: Any])?["totalBytes"] as? Double
    #expect(text.value("sheaf_disk_size_bytes") == total)
    withExtendedLifetime(holder) {}
  }

  private static let tool = ["/usr/bin/promtool", "/usr/local/bin/promtool"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  @Test(
    "D47 promtool finds nothing to say about the text",
    .enabled(if: tool != nil, "promtool is not installed (Debian: prometheus)"))
  func lint() throws {
    let server = try GatewayProcess.running()
    let push = try open(server)
    #expect(try send(server, push, "a", [1]).status == 201)
    let tool = try #require(Self.tool)
    let result = try runProgram(
      "/bin/sh", ["-c", "curl -sS '\(server.baseURL)/metrics' | '\(tool)' check metrics"])
    #expect(result.status == 0 && result.output.isEmpty && result.errors.isEmpty, "\(result)")
  }
}
