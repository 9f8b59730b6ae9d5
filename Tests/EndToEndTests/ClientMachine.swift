import Foundation
import Platform
import TestSupport
import Testing
import Vocabulary

/// What is compared of a file that went to the server and came back.
struct FileFacts: Equatable {
  var digest: Digest
  var mode: UInt32
  var milliseconds: Int64
}

/// Somebody's machine: a home, a folder to send, and the built `sheaf`.
final class ClientMachine {
  let folder: TemporaryFolder
  /// Ends with a slash: its contents are sent, not the folder.
  let source: String

  init() throws {
    folder = try TemporaryFolder()
    source = folder.child("source/")
    for name in ["home", "state", "source"] {
      try FileManager.default.createDirectory(atPath: folder.child(name), withIntermediateDirectories: false)
    }
  }

  /// Starts `sheaf` in the folder, with nothing in its environment that was not put there.
  func start(_ arguments: [String], environment: [String: String] = [:]) throws -> RunningProgram {
    try RunningProgram(
      try GatewayProcess.binary, arguments,
      environment: [
        "PATH": "/usr/bin:/bin", "HOME": folder.child("home"), "XDG_STATE_HOME": folder.child("state"),
        "LC_ALL": "C.UTF-8", "SWIFT_BACKTRACE": "enable=no",
      ].merging(environment) { $1 },
      workingFolder: folder.path)
  }

  /// Runs `sheaf` to its end.
  func run(_ arguments: [String], environment: [String: String] = [:]) throws -> ProgramResult {
    try start(arguments, environment: environment).wait()
  }

  /// Runs a question about what is on the server.
  func ask(_ server: GatewayProcess, _ arguments: [String]) throws -> ProgramResult {
    try run(arguments, environment: ["SHEAF_SERVER": server.baseURL])
  }

  /// Starts `sheaf push` of the source folder.
  func startPush(to repo: String, port: Int) throws -> RunningProgram {
    try start([
      "push", source, "--repo", repo, "--message", "all of it", "--server", "http://127.0.0.1:\(port)",
      "--json",
    ])
  }

  /// Writes a large file into the source folder: random mebibytes, no two alike.
  func writeLarge(_ name: String, mebibytes: Int, seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    var block = random.bytes(1 << 20)
    try folder.write([], to: "source/\(name)")
    let file = try #require(FileHandle(forWritingAtPath: folder.child("source/\(name)")))
    for number in 0..<mebibytes {
      block[0] = UInt8(number & 0xff)
      block[1] = UInt8(number >> 8)
      try file.write(contentsOf: Data(block))
    }
    try file.close()
    // A time that a number of milliseconds tells whole, as bundles have it.
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: 1_600_000_000.125 + Double(seed))],
      ofItemAtPath: folder.child("source/\(name)"))
  }

  /// All files below a folder by their paths, byte for byte, without the notes that a pull keeps.
  static func tree(_ folder: String) throws -> [BundlePath: FileFacts] {
    var tree: [BundlePath: FileFacts] = [:]
    for name in try FileManager.default.subpathsOfDirectory(atPath: folder) {
      let path = "\(folder)/\(name)"
      if name.utf8.starts(with: ".sheaf/".utf8) { continue }
      guard let info = try FileInfo.of(path), info.kind == .file else { continue }
      let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
      tree[try BundlePath(name)] = FileFacts(
        digest: SHA256Stream.digest(of: bytes), mode: info.mode & 0o7777,
        milliseconds: info.modifiedNanoseconds / 1_000_000)
    }
    return tree
  }
}

/// A program that may be killed; it is, when the value goes.
///
/// Its outputs are files: no pipe is left open to another child, and none can fill.
final class RunningProgram {
  struct Overdue: Error {
    let errors: String
  }

  private let process = ChildProcess()
  private let outputs: TemporaryFolder

  init(_ path: String, _ arguments: [String], environment: [String: String], workingFolder: String) throws {
    outputs = try TemporaryFolder()
    try outputs.write([], to: "output")
    try outputs.write([], to: "errors")
    let output = try #require(FileHandle(forWritingAtPath: outputs.child("output")))
    let errors = try #require(FileHandle(forWritingAtPath: outputs.child("errors")))
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.environment = environment
    process.currentDirectoryURL = URL(fileURLWithPath: workingFolder)
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    try output.close()
    try errors.close()
  }

  // Not SIGTERM: a child inherits the signal mask of the thread that started it, which may block it.
  deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

  var isRunning: Bool { process.isRunning }
  /// Standard output, of a program that may write anything.
  var bytes: [UInt8] { get throws { try outputs.bytes(of: "output") } }
  var errors: String { get throws { try outputs.text(of: "errors") } }

  /// SIGKILL; returns when it is gone. False when it had ended by itself.
  func crash() throws -> Bool {
    kill(process.processIdentifier, SIGKILL)
    _ = try wait()
    return process.terminationReason == .uncaughtSignal
  }

  /// Waits for its end, at most five minutes.
  func wait() throws -> ProgramResult {
    var waits = 0
    while process.isRunning {
      guard waits < 30_000 else { throw Overdue(errors: try errors) }
      waits += 1
      usleep(10_000)
    }
    return ProgramResult(
      status: process.terminationStatus, output: try outputs.text(of: "output"), errors: try errors)
  }
}

extension ProgramResult {
  /// Standard output as a JSON object.
  var object: [String: Any] {
    get throws {
      let value = try JSONSerialization.jsonObject(with: Data(output.utf8))
      return try #require(value as? [String: Any], "\(output)\(errors)")
    }
  }

  /// A number of the JSON object on standard output.
  func number(_ name: String) throws -> Int {
    let value = try object[name] as? Int
    return try #require(value, "\(name) in \(output)")
  }

  /// Standard output as a list of JSON objects.
  var list: [[String: Any]] {
    get throws {
      let value = try JSONSerialization.jsonObject(with: Data(output.utf8))
      return try #require(value as? [[String: Any]], "\(output)\(errors)")
    }
  }
}

extension GatewayProcess {
  /// The items of a list's first page.
  func items(_ target: String) throws -> [[String: Any]] {
    let answer = try json("GET", target)
    return try #require(answer.object["items"] as? [[String: Any]], "\(target): \(answer)")
  }
}
