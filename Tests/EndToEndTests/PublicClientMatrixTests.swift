import Foundation
import Platform
import TestSupport
import Testing
import Vocabulary

/// Unmodified public clients against the built server, each checked by the digest of what arrived.
@Suite struct PublicClientMatrixTests {
  static let python = ProcessInfo.processInfo.environment["TEST_PYTHON"]
  static let hint: Comment = "needs TEST_PYTHON, a Python with the packages that .ci/test installs"

  private static func isInstalled(_ program: String) -> Bool {
    FileManager.default.isExecutableFile(atPath: "/usr/bin/\(program)")
  }

  /// Runs with a server and a file of `count` bytes.
  private func withFile(
    count: Int = 1_000_000, _ arguments: [String] = [],
    _ body: (GatewayProcess, _ path: String, _ bytes: [UInt8]) throws -> Void
  ) throws {
    let server = try GatewayProcess.running(arguments)
    let folder = NSTemporaryDirectory() + "sheaf-client-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var random = SeededRandom(seed: 11)
    let bytes = random.bytes(count)
    let path = folder + "/Übung 1.bin"
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    try body(server, path, bytes)
  }

  private func expectFile(_ server: GatewayProcess, at location: String, _ bytes: [UInt8]) throws {
    let path = try #require(URL(string: location.trimmingCharacters(in: .whitespacesAndNewlines))?.path)
    try #require(path.hasPrefix("/files/"), "\(location)")
    try server.untilVerified(path)
    #expect(try server.upload(at: path)["digest"] as? String == SHA256Stream.digest(of: bytes).hex)
    #expect(try server.request("GET", path).body == bytes)
  }

  @Test(
    "T-1 R-12 clients written in Python get their file through byte for byte",
    .enabled(if: python != nil, hint),
    arguments: [
      "tuspy_checksums", "tuspy_remembered", "tuspy_async", "aiotus_upload", "aiotus_parts", "aiotus_resume",
      "requests_body", "requests_chunked", "httpx_body", "httpx_http2", "aiohttp_body", "urllib_body",
    ])
  func pythonClients(client: String) throws {
    try withFile { server, path, bytes in
      let result = try runProgram(
        try #require(Self.python), [try Script.path("public_clients.py"), client, server.baseURL, path])
      try #require(result.status == 0, "\(result.output)\(result.errors)")
      try expectFile(server, at: result.output, bytes)
    }
  }

  @Test(
    "T-1 tus-js-client in Chromium: whole, chunked, in parallel, deferred, resumed, ended",
    .enabled(if: python != nil && isInstalled("chromium"), hint))
  func tusJS() throws {
    let server = try GatewayProcess.running()
    let result = try runProgram(
      try #require(Self.python), [try Script.path("tus_js_client.py"), server.baseURL, "500000"])
    try #require(result.status == 0, "\(result.output)\(result.errors)")
    let lines = result.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    #expect(lines.count == 9)
    for line in lines {
      let path = try #require(URL(string: line[1])?.path)
      if line[0] == "terminated" {
        #expect(try server.request("HEAD", path, TusRequests.version).status == 410)
        continue
      }
      try server.untilVerified(path)
      #expect(try server.upload(at: path)["digest"] as? String == line[2], "\(line[0])")
    }
  }

  /// Arguments of curl for each way of sending, `FILE` and `URL` to be replaced.
  private static let curls: [(String, [String])] = [
    ("-T to a folder", ["-T", "FILE", "URL/files/"]),
    ("-T to a name", ["-T", "FILE", "URL/files/named.bin"]),
    ("-T without a length", ["-T", "-", "URL/files/piped.bin"]),
    ("a POST", ["--data-binary", "@FILE", "-H", "Content-Type: application/octet-stream", "URL/files/"]),
    ("expecting 100", ["-T", "FILE", "-H", "Expect: 100-continue", "URL/files/"]),
    (
      "a draft's creation",
      ["-T", "FILE", "-H", "Upload-Complete: ?1", "-H", "Upload-Draft-Interop-Version: 8", "URL/files/"]
    ),
    ("HTTP/1.0", ["--http1.0", "-T", "FILE", "URL/files/old.bin"]),
  ]

  @Test(
    "R-12 curl sends a file in every way it has", .enabled(if: isInstalled("curl"), "needs curl"),
    arguments: curls.map(\.0))
  func curl(way: String) throws {
    let template = try #require(Self.curls.first { $0.0 == way }).1
    try withFile { server, path, bytes in
      let arguments = template.map {
        $0.replacing("FILE", with: path).replacing("URL", with: server.baseURL)
      }
      let words =
        (["curl", "-sS", "--fail-with-body", "--max-time", "30", "-D", "-", "-o", "/dev/null"] + arguments)
        .map { "'\($0)'" }.joined(separator: " ")
      let result = try runProgram("/bin/sh", ["-c", "\(words) < '\(path)'"])
      try #require(result.status == 0, "\(result.output)\(result.errors)")
      let location = try #require(
        result.output.matches(of: /(?i)location: (\S+)/).last.map { String($0.output.1) })
      try expectFile(server, at: location, bytes)
    }
  }

  @Test("R-32 curl goes on with -C where an upload stopped", .enabled(if: isInstalled("curl"), "needs curl"))
  func curlResumes() throws {
    try withFile(["--small-upload-bytes", "0"]) { server, path, bytes in
      let upload = try server.upload(length: bytes.count)
      do {
        let broken = try server.connect()
        try broken.sendHead(
          "PUT", upload, [("Content-Range", "bytes 0-\(bytes.count - 1)/\(bytes.count)")], length: bytes.count
        )
        try broken.send(Array(bytes[..<400_000]))
        try eventually("400,000 bytes stored") { try server.upload(at: upload)["offset"] as? Int == 400_000 }
      }
      let result = try runProgram(
        "/usr/bin/curl",
        [
          "-sS", "--fail-with-body", "--max-time", "30", "-C", "400000", "-T", path, server.baseURL + upload,
        ])
      try #require(result.status == 0, "\(result.output)\(result.errors)")
      try expectFile(server, at: upload, bytes)
    }
  }

  @Test("R-12 wget posts a file", .enabled(if: isInstalled("wget"), "needs wget"))
  func wget() throws {
    try withFile { server, path, bytes in
      let result = try runProgram(
        "/usr/bin/wget",
        [
          "-S", "-nv", "-T", "30", "-t", "1", "-O", "/dev/null", "--header",
          "Content-Type: application/octet-stream", "--post-file", path, server.baseURL + "/files/",
        ])
      try #require(result.status == 0, "\(result.errors)")
      let location = try #require(
        result.errors.firstMatch(of: /(?i)location: (\S+)/).map { String($0.output.1) })
      try expectFile(server, at: location, bytes)
    }
  }

  @Test(
    "R-12 Node's fetch sends a file, whole and as a stream", .enabled(if: isInstalled("node"), "needs node"))
  func node() throws {
    try withFile { server, path, bytes in
      let script = """
        const [url, path] = process.argv.slice(1), fs = require('fs');
        const ways = [{ body: fs.readFileSync(path) }, { body: fs.createReadStream(path), duplex: 'half' }];
        (async () => { for (const way of ways) {
          const answer = await fetch(url + '/files/from-node.bin', { method: 'PUT', ...way });
          if (!answer.ok) throw new Error(await answer.text());
          console.log(answer.headers.get('location'));
        } })();
        """
      let result = try runProgram("/usr/bin/node", ["-e", script, server.baseURL, path])
      try #require(result.status == 0, "\(result.output)\(result.errors)")
      let locations = result.output.split(separator: "\n")
      #expect(locations.count == 2)
      for location in locations { try expectFile(server, at: String(location), bytes) }
    }
  }
}
