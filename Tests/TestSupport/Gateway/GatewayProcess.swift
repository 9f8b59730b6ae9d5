import Foundation

/// The built `sheaf serve` as a child process on a free port, over a data folder that outlives it.
package final class GatewayProcess: @unchecked Sendable {
  // Sendable because its variables change only in `start`, which a test calls from one place at a time.
  package let dataFolder: String
  package private(set) var port = 0
  /// Where it listens instead of on a port, if it does.
  package private(set) var socketPath: String?
  private var process: ChildProcess?
  private let arguments: [String]
  private let ownsFolder: Bool

  package enum Failure: Error {
    case notBuilt(String)
    case notReady(String)
  }

  package init(dataFolder: String? = nil, arguments: [String] = []) throws {
    self.dataFolder = dataFolder ?? NSTemporaryDirectory() + "sheaf-e2e-" + UUID().uuidString
    ownsFolder = dataFolder == nil
    self.arguments = arguments
  }
  deinit {
    process?.terminate()
    if let process { kill(process.processIdentifier, SIGKILL) }
    if ownsFolder { try? FileManager.default.removeItem(atPath: dataFolder) }
  }

  /// The `sheaf` that was built beside the running tests.
  package static var binary: String {
    get throws {
      var folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
      for _ in 0..<4 {
        let path = folder.appendingPathComponent("sheaf").path
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue {
          return path
        }
        folder.deleteLastPathComponent()
      }
      throw Failure.notBuilt(CommandLine.arguments[0])
    }
  }

  package var baseURL: String { "http://127.0.0.1:\(port)" }

  /// Starts the server and returns when it says that it is ready; the port stays the same over restarts.
  package func start() throws {
    let process = ChildProcess()
    process.executableURL = URL(fileURLWithPath: try Self.binary)
    process.arguments = ["serve", "--data", dataFolder, "--port", String(port)] + arguments
    process.environment = [
      "PATH": "/usr/bin:/bin", "SWIFT_BACKTRACE": "enable=no", "HOME": dataFolder,
      "TMPDIR": NSTemporaryDirectory(),
    ]
    let output = Pipe()
    process.standardOutput = output
    // The log goes beside the data, where a failing test can be looked into.
    let log = dataFolder + ".log"
    _ = FileManager.default.createFile(atPath: log, contents: nil)
    process.standardError = FileHandle(forWritingAtPath: log)
    try process.run()
    self.process = process
    var text = ""
    while !text.contains("\n") {
      let data = try output.fileHandleForReading.nextData()
      if data.isEmpty {
        throw Failure.notReady(text + ((try? String(contentsOfFile: log, encoding: .utf8)) ?? ""))
      }
      text += String(decoding: data, as: UTF8.self)
    }
    if let match = text.firstMatch(of: /\sunix:(.+)\n/) {
      socketPath = String(match.1)
      return
    }
    guard let match = text.firstMatch(of: /https?:\/\/[^:\s]+:(\d+)/), let port = Int(match.1) else {
      throw Failure.notReady(text)
    }
    self.port = port
  }

  /// SIGHUP: what can be read again is.
  package func hangUp() {
    if let process { kill(process.processIdentifier, SIGHUP) }
  }

  /// What the server has logged since it was started.
  package var log: String { (try? String(contentsOfFile: dataFolder + ".log", encoding: .utf8)) ?? "" }

  /// SIGKILL, as a crash.
  package func crash() {
    guard let process else { return }
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    self.process = nil
  }

  /// SIGTERM, as an operator; returns the exit status.
  package func stop() -> Int32 {
    guard let process else { return -1 }
    kill(process.processIdentifier, SIGTERM)
    process.waitUntilExit()
    self.process = nil
    return process.terminationStatus
  }

  package func connect() throws -> RawConnection {
    if let socketPath { return try RawConnection(socketPath: socketPath) }
    return try RawConnection(port: port)
  }

  /// One request on a connection of its own.
  package func request(
    _ method: String, _ target: String, _ headers: KeyValuePairs<String, String> = [:], body: [UInt8]? = nil
  ) throws -> RawConnection.Answer {
    try connect().request(method, target, headers, body: body)
  }

  /// A request with a JSON body, and the answer's JSON object.
  package func json(_ method: String, _ target: String, _ body: Any? = nil) throws -> (
    status: Int, object: [String: Any]
  ) {
    let data = try body.map { Array(try JSONSerialization.data(withJSONObject: $0)) }
    let answer = try request(method, target, ["Content-Type": "application/json"], body: data)
    let object = try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any]
    return (answer.status, object ?? [:])
  }
}

/// The result of a program that ran to its end.
package struct ProgramResult: Sendable {
  package var status: Int32
  package var output: String
  package var errors: String

  package init(status: Int32, output: String, errors: String) {
    self.status = status
    self.output = output
    self.errors = errors
  }
}

/// Runs a program; both its outputs are read to their ends.
package func runProgram(
  _ path: String, _ arguments: [String], environment: [String: String] = [:]
) throws -> ProgramResult {
  let process = ChildProcess()
  process.executableURL = URL(fileURLWithPath: path)
  process.arguments = arguments
  process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
  let output = Pipe()
  let errors = NSTemporaryDirectory() + "sheaf-stderr-" + UUID().uuidString
  _ = FileManager.default.createFile(atPath: errors, contents: nil)
  defer { try? FileManager.default.removeItem(atPath: errors) }
  process.standardOutput = output
  process.standardError = FileHandle(forWritingAtPath: errors)
  try process.run()
  let data = try output.fileHandleForReading.remainingData()
  process.waitUntilExit()
  return ProgramResult(
    status: process.terminationStatus, output: String(decoding: data, as: UTF8.self),
    errors: try String(contentsOfFile: errors, encoding: .utf8))
}

/// Runs blocking code on a thread of its own, so that tests do not starve the cooperative pool.
package func blocking<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws
  -> Result
{
  try await withCheckedThrowingContinuation { continuation in
    Thread.detachNewThread { continuation.resume(with: Swift.Result { try body() }) }
  }
}
