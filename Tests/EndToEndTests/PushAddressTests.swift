import Foundation
import TestSupport
import Testing

/// `sheaf push` to every kind of address that a server can have.
@Suite struct PushAddressTests {
  enum Address: String, CaseIterable { case tcp, tls, unix }

  /// A server, and how the command line and curl reach it.
  private struct Place {
    let server: GatewayProcess
    let flags: [String]
    let curl: [String]
    var socket: SocketPlace?
  }

  private func place(_ address: Address, _ machine: ClientMachine, _ certificates: Certificates) throws
    -> Place
  {
    switch address {
    case .tcp:
      let server = try GatewayProcess.running()
      return Place(server: server, flags: ["--server", server.baseURL], curl: [server.baseURL])
    case .tls:
      try certificates.make("first")
      let server = try GatewayProcess.running(certificates.flags("first"))
      let (url, file) = ("https://localhost:\(server.port)", certificates.path("first.pem"))
      return Place(
        server: server, flags: ["--server", url, "--certificate", file], curl: ["--cacert", file, url])
    case .unix:
      let place = try SocketPlace()
      return Place(
        server: try place.running(), flags: ["--server", "unix:\(place.socket)"],
        curl: ["--unix-socket", place.socket, "http://localhost"], socket: place)
    }
  }

  /// The uploads of a push, by path.
  private func uploads(_ push: String, _ place: Place) throws -> [[String: Any]] {
    let target = "\(place.curl.last ?? "")/api/v1/pushes/\(push)/uploads?limit=1000"
    let answer = try runProgram(
      "/usr/bin/curl", ["-s", "-S", "--max-time", "20"] + place.curl.dropLast() + [target])
    let object = try JSONSerialization.jsonObject(with: Data(answer.output.utf8)) as? [String: Any]
    return try #require(object?["items"] as? [[String: Any]], "\(answer)")
  }

  private func machine() throws -> ClientMachine {
    let machine = try ClientMachine()
    try machine.writeLarge("large.bin", mebibytes: 3, seed: 5)
    for number in 0..<300 {
      try machine.folder.write("content \(number)", to: "source/d\(number % 7)/\(number)")
    }
    return machine
  }

  @Test(
    "many small files and a large one arrive over TCP, TLS and a unix socket, the small ones in batches",
    arguments: Address.allCases)
  func push(address: Address) throws {
    let (machine, certificates) = (try machine(), try Certificates())
    let place = try place(address, machine, certificates)
    let result = try machine.run(
      ["push", machine.source, "--repo", "r", "-m", "m", "--json"] + place.flags)
    try #require(result.status == 0, "\(result)")
    #expect(try result.number("files") == 301)
    let check = try machine.run(["verify", "r@latest", "--deep", "--dir", machine.source] + place.flags)
    #expect(check.status == 0, "\(check)")
    let uploads = try uploads(try #require(try result.object["push"] as? String), place)
    #expect(uploads.count == 301)
    // A file that comes in requests of its own brings its name along.
    #expect(uploads.compactMap { $0["filename"] as? String } == ["large.bin"])
    #expect(Set(uploads.compactMap { $0["createdAt"] as? String }).count < 20)
    let gone = try machine.run(["verify", "r@nothing"] + place.flags)
    #expect(gone.status == 2 && gone.errors.contains("nothing"), "\(gone)")
  }

  @Test(
    "a server whose certificate is not trusted is one clear line with status 1, at once, and gets nothing",
    arguments: ["other", nil, "host"])
  func untrusted(kind: String?) throws {
    let (machine, certificates) = (try machine(), try Certificates())
    try certificates.make("first")
    try certificates.make("other")
    // A name that leads to this machine, and that the certificate does not have.
    let host = kind == "host" ? "127.0.0.2" : "localhost"
    let server = try GatewayProcess.running(
      certificates.flags("first") + (kind == "host" ? ["--host", "127.0.0.2"] : []))
    let trusted = kind.map {
      ["--certificate", certificates.path($0 == "other" ? "other.pem" : "first.pem")]
    }
    let url = "https://\(host):\(server.port)"
    for command in [["push", machine.source, "--repo", "r", "-m", "m"], ["status"]] {
      let result = try machine.run(command + ["--server", url] + (trusted ?? []))
      #expect(result.status == 1 && result.output.isEmpty, "\(result)")
      let lines = result.errors.split(separator: "\n").filter { $0.hasPrefix("sheaf: ") }
      #expect(lines.count == 1 && lines[0].contains("certificate is not trusted"), "\(result.errors)")
      #expect(lines[0].contains("--certificate"), "\(result.errors)")
    }
    let pushes = try runProgram("/usr/bin/curl", ["-s", "-k", "--max-time", "20", "\(url)/api/v1/pushes"])
    #expect(pushes.output.contains(#""items":[]"#), "\(pushes)")
  }

  @Test("a certificate file that cannot be used ends a push with status 2 before anything is asked")
  func badFile() throws {
    let machine = try machine()
    let result = try machine.run([
      "push", machine.source, "--repo", "r", "-m", "m", "--server", "https://127.0.0.1:1", "--certificate",
      "nowhere.pem",
    ])
    #expect(result.status == 2 && result.output.isEmpty)
    #expect(result.errors.contains("nowhere.pem"))
    #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)")
  }
}
