import Foundation
import TestSupport
import Testing

/// Requests made up from the API's own description, valid and not, by schemathesis (https://schemathesis.io).
@Suite(.serialized) struct SchemathesisTests {
  private static let python = ProcessInfo.processInfo.environment["TEST_PYTHON"]
  private static let hint: Comment =
    "needs TEST_PYTHON, a Python with schemathesis; .ci/test installs it"
  /// For each operation. Not a time: what is tried is the same on a fast and a slow machine.
  private static let examples = 60

  @Test(
    "whatever is sent, the API answers as /api/v1/openapi.json says",
    .enabled(if: python != nil, hint))
  func run() async throws {
    let tree = try TemporaryFolder()
    defer { withExtendedLifetime(tree) {} }
    // The example of a path names a file of a bundle; in a source it is a folder.
    try tree.write("hello", to: "reels/1.mov/frame")
    let server = try GatewayProcess(arguments: ["--source", "scans=\(tree.path)"])
    try server.start()
    try makeBundle(on: server)
    let folder = try TemporaryFolder()
    let python = try #require(Self.python)
    let arguments = [
      "--chdir", folder.path, python,
      URL(fileURLWithPath: python).deletingLastPathComponent().appending(path: "schemathesis").path,
      "--config-file",
      try Script.path("schemathesis.toml"), "run", "\(server.baseURL)/api/v1/openapi.json", "--checks", "all",
      "--max-examples", String(Self.examples), "--no-color",
    ]
    let result = try await blocking { try runProgram("/usr/bin/env", arguments) }
    #expect(result.status == 0, "\(result.output.suffix(8000))\(result.errors.suffix(2000))")
    // It must have tried something: a description nobody could read would find nothing.
    let generated = try #require(result.output.firstMatch(of: /(\d+) generated/))
    #expect(try #require(Int(generated.output.1)) > 500, "\(result.output.suffix(4000))")
    let log = try String(contentsOfFile: server.dataFolder + ".log", encoding: .utf8)
    #expect(!log.contains("request failed"))
    #expect(try server.request("GET", "/healthz").status == 200)
  }

  /// What the examples of the description name.
  private func makeBundle(on server: GatewayProcess) throws {
    let push = try server.json("POST", "/api/v1/pushes", ["repo": "films", "message": "m", "label": "v1"])
    let id = try #require(push.object["id"] as? String)
    let metadata = [("push", id), ("path", "reels/1.mov")]
      .map { "\($0) \(Data($1.utf8).base64EncodedString())" }.joined(separator: ",")
    let upload = try server.request(
      "POST", "/files/",
      [
        "Tus-Resumable": "1.0.0", "Upload-Length": "5", "Upload-Metadata": metadata,
        "Content-Type": "application/offset+octet-stream",
      ], body: Array("hello".utf8))
    #expect(upload.status == 201)
    #expect(try server.json("POST", "/api/v1/pushes/\(id)/seal").status == 202)
    try eventually("the bundle") {
      try server.request("GET", "/api/v1/repos/films/bundles/latest").status == 200
    }
  }
}
