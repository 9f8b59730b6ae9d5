import Glibc
import Platform

/// A program that was started from here.
final class Program: Sendable {
  let process: RunningProcess
  /// What it says on standard output.
  private let output: Int32
  /// Whether its exit status was 0; nil until it was waited for.
  private let result = Locked<Bool?>(nil)
  private let usage = Locked<Double?>(nil)

  /// Starts it with an own signal mask and without the settings of a server in its environment.
  ///
  /// - Parameter log: the file that gets what it says on standard error.
  init(_ path: String, _ arguments: [String], environment: [String: String] = [:], log: String) throws {
    var pipes: [Int32] = [-1, -1]
    try check("pipe", pipe(&pipes))
    // The descriptors that are duplicated for the program lose this mark; it inherits nothing else.
    for pipe in pipes { _ = fcntl(pipe, F_SETFD, FD_CLOEXEC) }
    defer { close(pipes[1]) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, pipes[1], STDOUT_FILENO)
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    var pipeSignal = sigset_t()
    sigemptyset(&pipeSignal)
    sigaddset(&pipeSignal, SIGPIPE)
    posix_spawnattr_setsigdefault(&attributes, &pipeSignal)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    let argumentList = CStrings([path] + arguments)
    let environmentList = CStrings(Self.environment(adding: environment))
    var child = pid_t()
    let status = posix_spawn(
      &child, path, &actions, &attributes, argumentList.pointers, environmentList.pointers)
    guard status == 0 else {
      close(pipes[0])
      throw BenchmarkError("\(path): \(String(cString: strerror(status)))")
    }
    process = RunningProcess(identifier: child)
    output = pipes[0]
    ChildProcesses.add(child)
  }

  deinit { close(output) }

  private static func environment(adding extra: [String: String]) -> [String] {
    var list: [String] = extra.map { "\($0)=\($1)" }
    var entry = environ
    while let text = entry.pointee {
      let variable = String(cString: text)
      if !variable.hasPrefix("SHEAF_"), !extra.keys.contains(where: { variable.hasPrefix("\($0)=") }) {
        list.append(variable)
      }
      entry += 1
    }
    return list
  }

  /// The next line of standard output, without its end; nil when it has closed it.
  func line() -> String? {
    var bytes: [UInt8] = []
    var byte = UInt8(0)
    while read(output, &byte, 1) == 1 {
      if byte == UInt8(ascii: "\n") { return String(decoding: bytes, as: UTF8.self) }
      bytes.append(byte)
    }
    return nil
  }

  /// Ends it at once; what it was doing is lost. Once it has been waited for, this does nothing.
  func kill() { end(SIGKILL) }

  /// Asks it to end and waits. Once it has been waited for, this does nothing.
  func terminate() { end(SIGTERM) }

  private func end(_ signal: Int32) {
    // Its identifier may be another program's by now.
    guard result.withLock({ $0 }) == nil else { return }
    Glibc.kill(process.identifier, signal)
    wait()
  }

  /// Waits for its end; whether its exit status was 0. One caller at a time.
  @discardableResult
  func wait() -> Bool {
    if let known = result.withLock({ $0 }) { return known }
    var status = Int32(0)
    var used = rusage()
    while wait4(process.identifier, &status, 0, &used) < 0 && errno == EINTR {}
    let seconds = Self.seconds(used.ru_utime) + Self.seconds(used.ru_stime)
    usage.withLock { $0 = seconds }
    ChildProcesses.remove(process.identifier)
    result.withLock { $0 = status == 0 }
    return status == 0
  }

  /// User and system time of it and of the programs it waited for; nil until it was waited for.
  var cpuSecondsAtEnd: Double? { usage.withLock { $0 } }

  private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }

  /// Runs a program to its end and returns its standard output.
  static func output(of path: String, _ arguments: [String], log: String? = nil) throws -> String {
    let program = try Program(path, arguments, log: log ?? "/dev/null")
    var text = ""
    while let line = program.line() { text += line + "\n" }
    guard program.wait() else {
      throw BenchmarkError("\(path) \(arguments.first ?? "") failed: \(log.map(lastLines) ?? "")")
    }
    return text
  }
}

/// A list of C strings that ends in a null pointer.
private final class CStrings {
  let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
  private let count: Int

  init(_ texts: [String]) {
    count = texts.count
    pointers = .allocate(capacity: texts.count + 1)
    for (index, text) in texts.enumerated() { pointers[index] = strdup(text) }
    pointers[texts.count] = nil
  }

  deinit {
    for index in 0..<count { free(pointers[index]) }
    pointers.deallocate()
  }
}
