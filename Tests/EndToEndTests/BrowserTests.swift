import Foundation
import Platform
import TestSupport
import Testing
import Vocabulary

/// Chromium on the pages of the built server.
@Suite(.serialized) struct BrowserTests {
  /// The Python with the packages `.ci/test` installs.
  private static let python = ProcessInfo.processInfo.environment["TEST_PYTHON"]
  private static let hint: Comment =
    "needs TEST_PYTHON, a Python with playwright, and chromium; .ci/test installs them"

  private func start() throws -> GatewayProcess {
    let server = try GatewayProcess()
    try server.start()
    return server
  }

  private func browser(_ scenario: String, _ arguments: String...) throws -> BrowserScript {
    try BrowserScript(python: try #require(Self.python), [scenario] + arguments)
  }

  @Test(
    "J-7 J-13 J-18 a folder pushed from the page survives a kill -9 of the server and arrives whole, in one push",
    .enabled(if: python != nil, hint))
  func crash() throws {
    let server = try start()
    let folder = try SourceFolder()
    let script = try browser("crash", server.baseURL, folder.path)
    let middle = try script.next("middle")
    server.crash()
    try server.start()
    try script.tell()
    try folder.expectCommitted(script.next("bundle"), push: middle["push"] as? String, on: server)
    try script.end()
  }

  @Test(
    "J-5 J-14 a reload in the middle warns, and the same folder continues its push without sending stored bytes again",
    .enabled(if: python != nil, hint))
  func reload() throws {
    let server = try start()
    let folder = try SourceFolder()
    let script = try browser("reload", server.baseURL, folder.path)
    let middle = try script.next("middle")
    #expect(middle["dialogs"] as? [String] == ["beforeunload"])
    try script.tell()
    let bundle = try script.next("bundle")
    try folder.expectCommitted(bundle, push: middle["push"] as? String, on: server)
    #expect(bundle["errors"] as? [String] == [])
    let stored = try #require(middle["uploads"] as? [String: [String: Any]])
    let requests = try #require(bundle["requests"] as? [[String: Any]])
    var resumed = 0
    for (path, upload) in stored {
      let id = try #require(upload["id"] as? String)
      let offset = try #require(upload["offset"] as? Int)
      for request in requests where request["path"] as? String == "/files/\(id)" {
        #expect(try #require(request["offset"] as? Int) >= offset, "\(path)")
        resumed += offset > 0 ? 1 : 0
      }
    }
    #expect(resumed > 0)
    try script.end()
  }

  @Test(
    "J-16 pause all by keyboard stops every byte, the focus stays at hand, one file alone can wait, and resume ends it",
    .enabled(if: python != nil, hint))
  func pause() throws {
    let server = try start()
    let folder = try SourceFolder()
    let script = try browser("pause", server.baseURL, folder.path)
    let paused = try script.next("paused")
    #expect(paused["focused"] as? String == "resume-all")
    #expect(paused["still"] as? Bool == true)
    #expect((paused["requests"] as? [Any])?.isEmpty == true)
    let large = "\(folder.name)/large one.bin"
    #expect(try script.next("one")["names"] as? [String] == ["Resume \(large)", "Cancel \(large)"])
    try folder.expectCommitted(script.next("bundle"), on: server)
    try script.end()
  }

  @Test(
    "J-16 J-17 every page has one heading, names all its controls, fits 360 pixels and breaks no content policy",
    .enabled(if: python != nil, hint))
  func pages() throws {
    let server = try start()
    let done = try open("Core samples", on: server)
    try send("core/a b.csv", of: 3000, to: done, on: server)
    try send("core/Ω.csv", of: 0, to: done, on: server)
    #expect(try server.json("POST", "/api/v1/pushes/\(done)/seal").status == 202)
    let partial = try open("Not all of it", on: server)
    try send("half.bin", of: 1000, first: 400, to: partial, on: server)
    try send(
      "wrong.bin", of: 10, to: partial, sha256: String(repeating: "0", count: 64), expecting: 422, on: server)
    var bundle: [String: Any]?
    try eventually("the push is committed") {
      bundle = try server.json("GET", "/api/v1/pushes/\(done)").object["bundle"] as? [String: Any]
      return bundle != nil
    }
    let id = try #require(bundle?["id"] as? String)
    let script = try browser("look", server.baseURL)
    let keyboard = try script.next("keyboard")
    let reached = try #require(keyboard["reached"] as? [String])
    #expect(
      reached.drop { $0 != "files" }
        == ["files", "folder", "repo", "message", "label", "author", "submit"])
    #expect(keyboard["errors"] as? [String] == [])
    for (path, heading) in [
      ("/ui/upload", "Upload"), ("/ui/pushes", "Pushes"), ("/ui/pushes/\(done)", "Core samples"),
      ("/ui/pushes/\(partial)", "Not all of it"), ("/ui/status", "Status"), ("/ui/repos", "Repos"),
      ("/ui/repos/pages", "pages"), ("/ui/repos/pages/bundles/\(id)", "#1 Core samples"),
      ("/ui/repos/pages/bundles/\(id)/tree", "files"),
      ("/ui/repos/pages/bundles/\(id)/tree/core", "files / core"),
      ("/ui/repos/pages/bundles/\(id)/diff/latest", "Changes from #1 to #1"),
    ] {
      try script.tell(path)
      let page = try script.next("page")
      #expect(page["status"] as? Int == 200, "\(path)")
      #expect(page["headings"] as? [String] == [heading], "\(path)")
      #expect(page["errors"] as? [String] == [], "\(path)")
      #expect(page["nameless"] as? [String] == [], "\(path)")
      #expect(page["doubleIDs"] as? [String] == [], "\(path)")
      #expect(page["narrow"] as? Int == 360, "\(path)")
    }
    try script.tell("")
    try script.end()
  }

  @Test(
    "the list of pushes shows a new push and its bundle without being loaded again, and the focus stays",
    .enabled(if: python != nil, hint))
  func live() throws {
    let server = try start()
    let script = try browser("live", server.baseURL)
    #expect(try script.next("listening")["rows"] as? Int == 0)
    let push = try open("Seen from afar", on: server)
    try script.tell("Seen from afar")
    #expect(try script.next("listening")["rows"] as? Int == 1)
    try send("a.txt", of: 10, to: push, on: server)
    #expect(try server.json("POST", "/api/v1/pushes/\(push)/seal").status == 202)
    try script.tell("Bundle #1")
    let seen = try script.next("seen")
    #expect(seen["loads"] as? Int == 0)
    #expect(seen["focused"] as? String == "brand")
    #expect(seen["errors"] as? [String] == [])
    try script.end()
  }

  private func open(_ message: String, on server: GatewayProcess) throws -> String {
    let push = try server.json("POST", "/api/v1/pushes", ["repo": "pages", "message": message])
    return try #require(push.object["id"] as? String)
  }

  /// Creates an upload of `count` bytes and sends the first of them.
  private func send(
    _ path: String, of count: Int, first: Int? = nil, to push: String, sha256: String? = nil,
    expecting status: Int = 201, on server: GatewayProcess
  ) throws {
    let values = [("push", push), ("path", path)] + (sha256.map { [("sha256", $0)] } ?? [])
    let metadata = values.map { "\($0) \(Data($1.utf8).base64EncodedString())" }.joined(separator: ",")
    let answer = try server.request(
      "POST", "/files/",
      [
        "Tus-Resumable": "1.0.0", "Upload-Length": String(count), "Upload-Metadata": metadata,
        "Content-Type": "application/offset+octet-stream",
      ], body: [UInt8](repeating: 7, count: first ?? count))
    #expect(answer.status == status, "\(answer.text)")
  }
}

/// A folder of files as people have them, with every name that once was trouble.
private final class SourceFolder {
  let name = "Reise 2026"
  private let root = NSTemporaryDirectory() + "sheaf-browser-" + UUID().uuidString
  private var digests: [String: Digest] = [:]
  var path: String { "\(root)/\(name)" }

  init() throws {
    var random = SeededRandom(seed: 17)
    let sizes = [
      "large one.bin": 3_000_000, "second.bin": 900_000, "empty": 0, "name with spaces.txt": 1200,
      "a#b?c%20d.txt": 10, "Фото και ファイル/снимок 写真 1.jpg": 500_000,
    ]
    for (file, size) in sizes.sorted(by: { $0.key < $1.key }) {
      let url = URL(fileURLWithPath: "\(path)/\(file)")
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      let bytes = random.bytes(size)
      try Data(bytes).write(to: url)
      digests["\(name)/\(file)"] = SHA256Stream.digest(of: bytes)
    }
  }
  deinit { try? FileManager.default.removeItem(atPath: root) }

  /// The bundle that the page links to has exactly these files, byte for byte, and there is no other push.
  func expectCommitted(_ page: [String: Any], push: String? = nil, on server: GatewayProcess) throws {
    let pushes = try server.json("GET", "/api/v1/pushes").object["items"] as? [[String: Any]]
    #expect(pushes?.count == 1)
    if let push { #expect(pushes?.first?["id"] as? String == push) }
    let rows = try #require(page["rows"] as? [String: String])
    #expect(rows == digests.mapValues { _ in "done" })
    #expect(page["focused"] as? Bool == true)
    let violations = (page["errors"] as? [String])?.filter { $0.contains("Security Policy") }
    #expect(violations == [])
    let link = try #require(page["href"] as? String)
    let bundle = "/api/v1" + link.dropFirst("/ui".count)
    let items = try server.json("GET", "\(bundle)/files").object["items"] as? [[String: Any]]
    #expect(Set(items?.compactMap { $0["path"] as? String } ?? []) == Set(digests.keys))
    for (path, digest) in digests {
      let escaped = try #require(path.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed))
      let answer = try server.request("GET", "\(bundle)/files/\(escaped)")
      #expect(answer.status == 200, "\(path)")
      #expect(SHA256Stream.digest(of: answer.body) == digest, "\(path)")
    }
  }
}

/// A script that plays a browser, as a child process that talks in lines.
final class BrowserScript {
  enum Failure: Error {
    case silent(waitingFor: String)
    case unexpected(String, errors: String)
  }
  /// Longer than the script's own waits, so that it is the script that tells what did not happen.
  private static let limit = Duration.seconds(70)

  private let process = ChildProcess()
  private let input = Pipe()
  private let output = Pipe()
  private let log = NSTemporaryDirectory() + "sheaf-browser-" + UUID().uuidString + ".log"
  private var received: [UInt8] = []

  init(python: String, _ arguments: [String], script: String = "browser_push.py") throws {
    signal(SIGPIPE, SIG_IGN)
    _ = FileManager.default.createFile(atPath: log, contents: nil)
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = [try Script.path(script)] + arguments
    process.standardInput = input
    process.standardOutput = output
    process.standardError = FileHandle(forWritingAtPath: log)
    try process.run()
  }
  deinit {
    // Not SIGTERM: the child inherits the signal mask of a worker thread, which blocks it. The browser's driver ends
    // with its pipes.
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    try? input.fileHandleForWriting.close()
    try? output.fileHandleForReading.close()
    try? FileManager.default.removeItem(atPath: log)
  }

  /// The next thing the script says, which must be this step.
  func next(_ step: String) throws -> [String: Any] {
    let line = try line(waitingFor: step)
    let object = try? JSONSerialization.jsonObject(with: Data(line)) as? [String: Any]
    guard let object, object["step"] as? String == step else {
      let errors = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
      throw Failure.unexpected(String(decoding: line, as: UTF8.self), errors: errors)
    }
    return object
  }

  func tell(_ line: String = "go on") throws {
    try input.fileHandleForWriting.write(contentsOf: Data("\(line)\n".utf8))
  }

  func end() throws { _ = try next("end") }

  /// A line, or what there is at the end of output.
  private func line(waitingFor step: String) throws -> [UInt8] {
    let descriptor = output.fileHandleForReading.fileDescriptor
    let deadline = ContinuousClock.now + Self.limit
    while true {
      if let end = received.firstIndex(of: UInt8(ascii: "\n")) {
        defer { received.removeFirst(end + 1) }
        return Array(received[..<end])
      }
      guard ContinuousClock.now < deadline else { throw Failure.silent(waitingFor: step) }
      var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&ready, 1, 1000) > 0 else { continue }
      let data = try output.fileHandleForReading.nextData()
      if data.isEmpty { return received }
      received += data
    }
  }
}
