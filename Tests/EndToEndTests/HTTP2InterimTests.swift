import Foundation
import TestSupport
import Testing

/// Responses before the response over HTTP/2; the laws are in `Scripts/http2_interim.py`.
@Suite(.serialized) struct HTTP2InterimTests {
  struct Law: Sendable, CustomTestStringConvertible {
    let name: String
    let testDescription: String
    var flags: [String] = []
  }
  static let laws = [
    Law(name: "location", testDescription: "R-10 R-14 the URL is told before any content, on its own stream"),
    Law(name: "expectation", testDescription: "R-11 100 follows the 104, before the content"),
    Law(name: "reset", testDescription: "R-16 a creation that is reset is resumed at the URL of its 104"),
    Law(
      name: "progress", testDescription: "R-15 R-37 progress is told without a URL, and not too often",
      flags: ["--durability", "process"]),
    Law(
      name: "silent", testDescription: "R-10 nothing is sent when it is off",
      flags: ["--interim-responses", "off"]),
    Law(
      name: "silent", testDescription: "R-10 nothing is sent to a trusted proxy",
      flags: ["--trusted-proxies", "127.0.0.1"]),
    Law(
      name: "location", testDescription: "R-10 the URL is told to a trusted proxy that knows 104",
      flags: ["--trusted-proxies", "127.0.0.1", "--interim-proxies", "127.0.0.1"]),
    Law(name: "forwarded", testDescription: "R-10 nothing is sent past a proxy nobody vouches for"),
    Law(name: "unversioned", testDescription: "R-60 R-62 nothing is sent to clients of other protocols"),
  ]

  @Test(
    "responses before the response keep their laws over HTTP/2",
    .enabled(if: HTTP2Tests.python != nil, HTTP2Tests.hint), arguments: laws)
  func law(_ law: Law) throws {
    try run(law, ca: nil, law.flags)
  }

  @Test("R-10 the URL is told early over TLS too", .enabled(if: HTTP2Tests.python != nil, HTTP2Tests.hint))
  func secure() throws {
    let certificates = try Certificates()
    try certificates.make("first")
    try run(Self.laws[0], ca: certificates.path("first.pem"), certificates.flags("first"))
  }

  private func run(_ law: Law, ca: String?, _ flags: [String]) throws {
    let server = try GatewayProcess.running(flags)
    let result = try runProgram(
      try #require(HTTP2Tests.python),
      [try Script.path("http2_interim.py"), law.name, String(server.port)] + (ca.map { [$0] } ?? []))
    #expect(
      result.status == 0 && result.output == "ok\n",
      "\(law.testDescription): \(result.errors.suffix(2000))")
  }
}
