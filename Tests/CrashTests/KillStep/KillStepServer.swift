import Foundation
import Glibc
import TestSupport

/// The built server over one data folder, started with and without the library that kills it.
final class KillStepServer {
  private static let startLimit = 60.0

  let folder: TemporaryFolder
  private(set) var port = 0
  private var process: ChildProcess?
  private var arguments: [String]

  init(arguments: [String]) throws {
    folder = try TemporaryFolder()
    self.arguments = arguments
    try FileManager.default.createDirectory(atPath: dataFolder, withIntermediateDirectories: false)
  }
  deinit { crash() }

  private var dataFolder: String { folder.child("data") }

  /// Steps count from here on.
  func arm() throws { try folder.write("", to: "armed") }

  /// The steps of the watched server so far: number, call and path.
  func trace() -> [String] {
    ((try? folder.text(of: "trace")) ?? "").split(separator: "\n").map(String.init)
  }

  func log() -> String { (try? folder.text(of: "log")) ?? "" }

  /// Starts the server, which will count its steps and end at the point, if there is one.
  func startWatched(until point: KillPoint?) throws {
    try start(
      KillStepLibrary.environment(
        dataFolder: dataFolder, armed: folder.child("armed"), trace: folder.child("trace"), point: point))
  }

  /// Starts the server and returns when it says that it is ready.
  ///
  /// - Throws: `RawConnection.Failure` when it ended before that.
  func start(_ variables: [String: String] = [:]) throws {
    let process = ChildProcess()
    process.executableURL = URL(fileURLWithPath: try GatewayProcess.binary)
    process.arguments = ["serve", "--data", dataFolder, "--port", "0"] + arguments
    process.environment = [
      "PATH": "/usr/bin:/bin", "SWIFT_BACKTRACE": "enable=no", "HOME": folder.path,
      "TMPDIR": NSTemporaryDirectory(),
    ].merging(variables) { $1 }
    let output = Pipe()
    process.standardOutput = output
    try folder.write("", to: "log")
    process.standardError = FileHandle(forWritingAtPath: folder.child("log"))
    try process.run()
    self.process = process
    let text = try firstLine(of: output.fileHandleForReading)
    guard let match = text.firstMatch(of: /http:\/\/[^:\s]+:(\d+)/), let port = Int(match.1) else {
      throw BrokenLaw("the server starts: it said \(text)")
    }
    self.port = port
  }

  private func firstLine(of output: FileHandle) throws -> String {
    let end = Date(timeIntervalSinceNow: Self.startLimit)
    var text = ""
    while !text.contains("\n") {
      var ready = pollfd(fd: output.fileDescriptor, events: Int16(POLLIN), revents: 0)
      let rest = Int32(end.timeIntervalSinceNow * 1000)
      try demand(rest > 0, "the server starts within \(Self.startLimit) s: \(text)\(log())")
      guard poll(&ready, 1, rest) == 1 else { continue }
      let data = try output.nextData()
      if data.isEmpty { throw RawConnection.Failure.closed }
      text += String(decoding: data, as: UTF8.self)
    }
    return text
  }

  /// SIGKILL from outside.
  func crash() {
    guard let process else { return }
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    self.process = nil
  }

  /// Starts the server and kills it at a step of its recovery, or soon after it is ready.
  func recoverInVain(until point: KillPoint) throws {
    do {
      try startWatched(until: point)
      // What is left to do goes on in the background.
      usleep(30_000)
    } catch let error as RawConnection.Failure {
      try demandKilled(error)
    }
    crash()
  }

  /// After a connection broke: it did because the server has been killed, not for a fault of its own.
  func demandKilled(_ error: any Error) throws {
    guard let process else { return }
    // Foundation hears of an end late when a process that was begun at the same time lives on.
    for _ in 0..<2_000 where process.isRunning { usleep(10_000) }
    try demand(!process.isRunning, "a running server keeps its connections: \(error)")
    try demand(
      process.terminationReason == .uncaughtSignal && process.terminationStatus == SIGKILL,
      "the server ends by SIGKILL only: status \(process.terminationStatus). \(log())")
    self.process = nil
  }
}
