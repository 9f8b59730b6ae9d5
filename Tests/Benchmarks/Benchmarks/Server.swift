import Glibc

/// A server that takes uploads now.
final class Server: Sendable {
  let name: String
  let address: Address
  /// Where it stores; nil for one that was not started from here.
  let folder: String?
  /// nil when nobody said which process it is.
  let process: RunningProcess?
  private let program: Program?
  /// From its start until it was ready.
  let startSeconds: Double

  /// Starts the program and waits for the line that says where it takes uploads.
  init(name: String, program path: String, _ arguments: [String], folder: String, log: String) throws {
    let start = monotonicNanoseconds()
    let program = try Program(path, arguments, log: log)
    var line = program.line()
    while let text = line, !text.contains("uploads http") { line = program.line() }
    guard let line, let url = line.split(separator: " ").last else {
      program.kill()
      throw BenchmarkError("\(name) did not start; it said: \(lastLines(of: log))")
    }
    self.name = name
    self.folder = folder
    self.program = program
    process = program.process
    address = try Address(String(url))
    startSeconds = seconds(since: start)
  }

  /// One that runs already.
  init(name: String, address: Address, process: RunningProcess?) {
    self.name = name
    self.address = address
    self.process = process
    folder = nil
    program = nil
    startSeconds = 0
  }

  /// Ends it at once, if it was started from here.
  func kill() { program?.kill() }
  /// Ends it in good order, if it was started from here.
  func terminate() { program?.terminate() }
}

/// All of a file, also of one in /proc whose size is not known; nil when it cannot be read.
func textOfFile(_ path: String) -> String? {
  let file = open(path, O_RDONLY)
  guard file >= 0 else { return nil }
  defer { close(file) }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = read(file, &buffer, buffer.count)
    guard count > 0 else { break }
    bytes += buffer[..<count]
  }
  return String(decoding: bytes, as: UTF8.self)
}

/// What a program said last.
func lastLines(of log: String) -> String {
  (textOfFile(log) ?? "").split(separator: "\n").suffix(3).joined(separator: " / ")
}
