import Foundation
import TestSupport
import Testing

/// A batch that does not come in one go.
@Suite struct BatchInterruptionTests {
  private static let small = 300
  /// Larger than what is gathered in memory.
  private static let large = IETFWire.bytes(300_000)
  private static let contents: [(path: String, content: [UInt8])] =
    (0..<small).map { ("d/\($0)", Array("content \($0)".utf8)) } + [("large", large), ("last", [1, 2, 3])]
  private static let frames = contents.map { frame($0.path, $0.content) }
  private static let body = Array(frames.joined())
  private static let largeStart = frames.dropLast(2).reduce(0) { $0 + $1.count }

  /// Where the content stops.
  enum Cut: String, CaseIterable {
    case inHeader, inSmall, between, inLarge

    var byteCount: Int {
      let before = BatchInterruptionTests.frames.prefix(280).reduce(0) { $0 + $1.count }
      return switch self {
      case .between: before
      case .inHeader: before + 9
      case .inSmall: before + BatchInterruptionTests.frames[280].count - 2
      case .inLarge: BatchInterruptionTests.largeStart + 200_000
      }
    }

    /// The files that are stored then: in groups, and all before a large one.
    var storedCount: Int { self == .inLarge ? BatchInterruptionTests.small : 256 }
  }

  /// The newest bundle of the repo has exactly the files.
  private func expectBundle(_ server: GatewayProcess, _ repo: String, push: String) throws {
    try eventually("the push is committed") {
      try server.json("GET", "/api/v1/pushes/\(push)").object["state"] as? String == "committed"
    }
    let bundle = "/api/v1/repos/\(repo)/bundles/latest/files"
    let files = try server.items("\(bundle)?limit=1000")
    #expect(files.count == Self.contents.count)
    let sizes = Dictionary(uniqueKeysWithValues: Self.contents.map { ($0.path, $0.content.count) })
    #expect(files.allSatisfy { sizes[$0["path"] as? String ?? ""] == $0["size"] as? Int })
    for path in ["d/0", "d/255", "d/256", "d/280", "d/299", "large", "last"] {
      let expected = Self.contents.first { $0.path == path }?.content
      #expect(try server.request("GET", "\(bundle)/\(path)").body == expected, "\(path)")
    }
    #expect(try server.items("/api/v1/repos/\(repo)/bundles").count == 1)
  }

  /// Sends a batch up to the cut.
  private func begin(_ server: GatewayProcess, _ cut: Cut) throws -> RawConnection {
    let connection = try server.connect()
    try connection.sendBatchHead("?repo=\(cut)", length: Self.body.count, key: cut.rawValue)
    try connection.send(Array(Self.body[..<cut.byteCount]))
    return connection
  }

  private func verifiedCount(_ server: GatewayProcess) throws -> Int {
    let uploads = try server.json("GET", "/api/v1/status").object["uploads"] as? [String: Any]
    return (uploads?["byState"] as? [String: Int])?["verified"] ?? 0
  }

  @Test("a batch that comes slowly, in pieces that end anywhere, is one bundle")
  func slow() throws {
    let server = try GatewayProcess.running()
    let connection = try server.connect()
    try connection.sendBatchHead("?repo=slow", length: Self.body.count)
    // Small pieces first: they end within lengths, headers and contents.
    var start = 0
    while start < Self.body.count {
      let end = min(Self.body.count, start + (start < 60 * 7 ? 7 : 29_000))
      try connection.send(Array(Self.body[start..<end]))
      start = end
      usleep(10_000)
    }
    let answer = try BatchAnswer(try connection.answer())
    #expect(answer.status == 201 && answer.object["stored"] as? Int == Self.contents.count)
    try expectBundle(server, "slow", push: try #require(answer.push["id"] as? String))
  }

  @Test(
    "MUST-1 a batch whose sender goes away is sent again with its key: one push, and the bundle is right",
    arguments: Cut.allCases)
  func abort(cut: Cut) throws {
    let server = try GatewayProcess.running()
    for isWaiting in [true, false] {
      do {
        let connection = try begin(server, cut)
        // A group that is full is stored while the rest comes.
        if isWaiting { try eventually("a group is stored") { try verifiedCount(server) >= 256 } }
        withExtendedLifetime(connection) {}
      }
    }
    var answer = try server.batch("?repo=\(cut)", Self.body, key: cut.rawValue)
    // A busy server may read the head of the request before after this one's, and then that one is the newer, once.
    if answer.status == 409 { answer = try server.batch("?repo=\(cut)", Self.body, key: cut.rawValue) }
    let refused = answer.items.filter { $0["status"] as? String == "refused" }
    #expect(answer.items.count == Self.contents.count && refused.isEmpty, "\(refused)")
    #expect(try server.items("/api/v1/pushes?repo=\(cut)").count == 1)
    try expectBundle(server, cut.rawValue, push: try #require(answer.push["id"] as? String))
  }

  @Test(
    "MUST-1 a batch that comes again with its key ends the older request, which may say nothing for ever",
    arguments: Cut.allCases)
  func again(cut: Cut) throws {
    let server = try GatewayProcess.running()
    let older = try begin(server, cut)
    try eventually("what came whole is stored") { try verifiedCount(server) >= cut.storedCount }
    let answer = try server.batch("?repo=\(cut)", Self.body, key: cut.rawValue)
    let statuses = answer.items.map { $0["status"] as? String }
    #expect(statuses.count == Self.contents.count)
    #expect(statuses.prefix(cut.storedCount).allSatisfy { $0 == "exists" })
    #expect(statuses.dropFirst(cut.storedCount).allSatisfy { $0 == "stored" })
    let taken = try older.answer()
    #expect(taken.status == 409 && taken.code == "taken-over", "\(taken)")
    #expect(taken.problem["stored"] as? Int == cut.storedCount)
    #expect(taken.problem["push"] as? String == answer.push["id"] as? String)
    try expectBundle(server, cut.rawValue, push: try #require(answer.push["id"] as? String))
  }

  @Test(
    "MUST-1 SIGTERM in the middle of a batch: 503 tells what is stored, which is there; the rest comes with the same key",
    arguments: Cut.allCases)
  func drain(cut: Cut) throws {
    // A batch that were waited for would take longer than a connection of the tests waits.
    let server = try GatewayProcess.running(["--drain-seconds", "120"])
    let connection = try begin(server, cut)
    try eventually("what came whole is stored") { try verifiedCount(server) >= cut.storedCount }
    let start = ContinuousClock.now
    #expect(server.stop() == 0)
    #expect(ContinuousClock.now - start < .seconds(60))
    let refused = try connection.answer()
    #expect(refused.status == 503 && refused.code == "draining", "\(refused)")
    #expect(refused.headers["retry-after"] != nil)
    let stored = try #require(refused.problem["stored"] as? Int)
    #expect(stored == cut.storedCount)
    let push = try #require(refused.problem["push"] as? String)

    try server.start()
    #expect(try server.json("GET", "/api/v1/pushes/\(push)").object["state"] as? String == "open")
    let answer = try server.batch("?repo=\(cut)", Self.body, key: cut.rawValue)
    #expect(answer.push["id"] as? String == push)
    let statuses = answer.items.map { $0["status"] as? String }
    #expect(statuses.count == Self.contents.count)
    #expect(statuses.prefix(stored).allSatisfy { $0 == "exists" })
    #expect(statuses.dropFirst(stored).allSatisfy { $0 == "stored" })
    try expectBundle(server, cut.rawValue, push: push)
  }

  @Test("SIGTERM in the middle of a form: 503 tells what is stored")
  func form() throws {
    let server = try GatewayProcess.running(["--drain-seconds", "120"])
    let connection = try server.connect()
    func part(_ name: String, _ content: String) -> String {
      "--b\r\nContent-Disposition: form-data; name=f; filename=\(name)\r\n\r\n\(content)\r\n"
    }
    try connection.sendHead(
      "POST", "/files/", [("Content-Type", "multipart/form-data; boundary=b")], length: 1_000_000)
    try connection.send(part("whole", "hello") + part("cut", String(repeating: "x", count: 100_000)))
    try eventually("the second file is on its way") {
      let uploads = try server.json("GET", "/api/v1/status").object["uploads"] as? [String: Any]
      return (uploads?["active"] as? [[String: Any]])?.isEmpty == false
    }
    #expect(server.stop() == 0)
    let refused = try connection.answer()
    #expect(refused.status == 503 && refused.code == "draining", "\(refused)")
    #expect(refused.problem["stored"] as? Int == 1)
  }
}
