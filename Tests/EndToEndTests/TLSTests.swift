import Foundation
import TestSupport
import Testing

/// TLS as an operator sets it up.
@Suite(.serialized) struct TLSTests {
  private func curl(_ arguments: [String]) throws -> ProgramResult {
    try runProgram("/usr/bin/curl", ["-s", "-S", "--max-time", "20"] + arguments)
  }

  @Test("the ready line says https; both versions of HTTP and of TLS are spoken, older ones of TLS are not")
  func versions() throws {
    let certificates = try Certificates()
    try certificates.make("first")
    let server = try GatewayProcess.running(certificates.flags("first"))
    let url = "https://localhost:\(server.port)/healthz"
    let trust = ["--cacert", certificates.path("first.pem"), "-o", "/dev/null", "-w", "%{http_version}"]
    #expect(try curl(trust + [url]).output == "2")
    #expect(try curl(trust + ["--http1.1", url]).output == "1.1")
    #expect(try curl(trust + ["--tls-max", "1.2", url]).output == "2")
    #expect(try curl(trust + ["--tls-max", "1.1", url]).status != 0)
  }

  @Test("Location has the scheme of the connection")
  func location() throws {
    let certificates = try Certificates()
    try certificates.make("first")
    let server = try GatewayProcess.running(certificates.flags("first"))
    for version in ["--http1.1", "--http2"] {
      let result = try curl([
        version, "--cacert", certificates.path("first.pem"), "-i", "-X", "POST", "-H",
        "Tus-Resumable: 1.0.0", "-H", "Upload-Length: 5", "https://localhost:\(server.port)/files/",
      ])
      #expect(
        result.output.lowercased().contains("location: https://localhost:\(server.port)/files/"),
        "\(result)")
    }
  }

  @Test("an upload over TLS stores the very bytes")
  func bytes() throws {
    let certificates = try Certificates()
    try certificates.make("first")
    let server = try GatewayProcess.running(certificates.flags("first"))
    let content = certificates.path("content")
    try Data((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) })
      .write(to: URL(fileURLWithPath: content))
    for version in ["--http1.1", "--http2"] {
      let common = [version, "--cacert", certificates.path("first.pem"), "-H", "Tus-Resumable: 1.0.0"]
      let created = try curl(
        common + [
          "-i", "-X", "POST", "-H", "Upload-Length: 3000000", "https://localhost:\(server.port)/files/",
        ])
      let url = try #require(created.output.firstMatch(of: /location: (\S+)/.ignoresCase()).map { $0.1 })
      let patched = try curl(
        common + [
          "-w", "%{http_code}", "-X", "PATCH", "-H", "Upload-Offset: 0", "-H",
          "Content-Type: application/offset+octet-stream", "--data-binary", "@\(content)", String(url),
        ])
      #expect(patched.output == "204", "\(patched)")
      let stored = certificates.path("stored")
      try eventually("the upload is verified") {
        _ = try curl(common + ["-o", stored, String(url)])
        return FileManager.default.contentsEqual(atPath: content, andPath: stored)
      }
    }
  }

  @Test(
    "SIGHUP: new connections get the new certificate, a running upload goes on; a bad file changes nothing")
  func reload() throws {
    let certificates = try Certificates()
    try certificates.make("first")
    try certificates.make("second")
    try certificates.make("other")
    for end in ["pem", "key"] {
      try FileManager.default.copyItem(
        atPath: certificates.path("first.\(end)"), toPath: certificates.path("used.\(end)"))
    }
    let server = try GatewayProcess.running(["--small-upload-bytes", "0"] + certificates.flags("used"))
    #expect(try Certificates.subject(port: server.port) == "first")
    let client = try HTTP2Tests.python.map {
      try LawProcess(python: $0, ["hold", String(server.port), certificates.path("first.pem")])
    }
    if let client { #expect(try client.line().hasPrefix("holding")) }
    try certificates.replace("used", by: "second")
    server.hangUp()
    try eventually("the second certificate is shown") {
      try Certificates.subject(port: server.port) == "second"
    }
    try Data("not a certificate".utf8).write(to: URL(fileURLWithPath: certificates.path("used.pem")))
    server.hangUp()
    try eventually("the failure is logged") { server.log.contains("the certificate in use stays") }
    #expect(try Certificates.subject(port: server.port) == "second")
    if let client {
      try client.goOn()
      #expect(try client.line() == "ok")
    }
  }

  @Test(
    "certificate files that cannot be used are one clear line, status 2, and nothing is touched",
    arguments: [
      ("missing.pem", "first.key", "No such file"), ("first.pem", "missing.key", "No such file"),
      ("garbage.pem", "first.key", "PEM"), ("first.pem", "garbage.pem", "PEM"),
      ("first.key", "first.key", "PEM"),
      ("first.pem", "other.key", "does not belong"), ("first.pem", "locked.key", "encrypted"),
      ("old.pem", "old.key", "expired"), ("first.pem", nil, "needs both"), (nil, "first.key", "needs both"),
    ] as [(String?, String?, String)])
  func badFiles(certificate: String?, key: String?, expected: String) throws {
    let certificates = try Certificates()
    try certificates.make("first")
    try certificates.make("other")
    try certificates.make("old", days: -1)
    try certificates.encryptKey("first", as: "locked")
    try Data("garbage".utf8).write(to: URL(fileURLWithPath: certificates.path("garbage.pem")))
    let folder = certificates.path("data")
    var arguments = ["serve", "--data", folder, "--port", "0"]
    if let certificate { arguments += ["--tls-certificate", certificates.path(certificate)] }
    if let key { arguments += ["--tls-key", certificates.path(key)] }
    let result = try runProgram(
      try GatewayProcess.binary, arguments, environment: ["SWIFT_BACKTRACE": "enable=no"])
    #expect(result.status == 2)
    #expect(result.errors.contains(expected), "\(result.errors)")
    #expect(result.errors.split(separator: "\n").count == 1)
    #expect(!FileManager.default.fileExists(atPath: folder))
  }

  @Test("a handshake that does not come is not waited for longer than a head")
  func silentHandshake() throws {
    let certificates = try Certificates()
    try certificates.make("first")
    let server = try GatewayProcess.running(["--head-timeout-seconds", "1"] + certificates.flags("first"))
    let silent = try server.connect()
    try silent.send([0x16, 0x03])
    #expect(try silent.isClosedByServer())
  }
}

extension Certificates {
  func replace(_ name: String, by other: String) throws {
    for end in ["pem", "key"] {
      try Data(contentsOf: URL(fileURLWithPath: path("\(other).\(end)")))
        .write(to: URL(fileURLWithPath: path("\(name).\(end)")))
    }
  }
}
