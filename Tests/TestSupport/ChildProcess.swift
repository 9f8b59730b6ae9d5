import Foundation
import Platform

/// A program that a test starts: what tests need of Foundation's `Process`.
///
/// Foundation 6.3 copies whole directory entries when it looks for open files to close in the child, also the last one
/// of a buffer, beyond its end: with many open files a start now and then ends the tests with a segmentation fault.
package final class ChildProcess: Sendable {
  package enum TerminationReason: Sendable { case exit, uncaughtSignal }
  package struct Failure: Error { package let description: String }

  private struct Setup: @unchecked Sendable {
    // Sendable because file handles and pipes are only handed over here, before the start.
    var executableURL: URL?
    var arguments: [String] = []
    var environment: [String: String]?
    var currentDirectoryURL: URL?
    var standardInput: Any?
    var standardOutput: Any?
    var standardError: Any?
  }
  private struct State {
    var identifier: pid_t = 0
    /// As `waitpid` tells it; nil while the program runs.
    var status: Int32?
  }
  private let setup = Locked(Setup())
  private let state = Locked(State())
  private let end = NSCondition()

  // The C library has them (2.29 and 2.34), its module for Swift does not.
  private static let addFolder: (@convention(c) (UnsafeMutableRawPointer, UnsafePointer<CChar>) -> Int32)? =
    function("posix_spawn_file_actions_addchdir_np")
  private static let addCloseFrom: (@convention(c) (UnsafeMutableRawPointer, Int32) -> Int32)? =
    function("posix_spawn_file_actions_addclosefrom_np")

  private static func function<Function>(_ name: String) -> Function? {
    dlsym(nil, name).map { unsafeBitCast($0, to: Function.self) }
  }

  package init() {}

  package var executableURL: URL? {
    get { setup.withLock { $0.executableURL } }
    set { setup.withLock { $0.executableURL = newValue } }
  }
  package var arguments: [String]? {
    get { setup.withLock { $0.arguments } }
    set { setup.withLock { $0.arguments = newValue ?? [] } }
  }
  /// This process's own when nil.
  package var environment: [String: String]? {
    get { setup.withLock { $0.environment } }
    set { setup.withLock { $0.environment = newValue } }
  }
  package var currentDirectoryURL: URL? {
    get { setup.withLock { $0.currentDirectoryURL } }
    set { setup.withLock { $0.currentDirectoryURL = newValue } }
  }
  /// A `Pipe` or a `FileHandle`; nil for this process's own.
  package var standardInput: Any? {
    get { setup.withLock { $0.standardInput } }
    set { setup.withLock { $0.standardInput = newValue } }
  }
  package var standardOutput: Any? {
    get { setup.withLock { $0.standardOutput } }
    set { setup.withLock { $0.standardOutput = newValue } }
  }
  package var standardError: Any? {
    get { setup.withLock { $0.standardError } }
    set { setup.withLock { $0.standardError = newValue } }
  }

  package var processIdentifier: pid_t { state.withLock { $0.identifier } }
  package var isRunning: Bool { state.withLock { $0.identifier != 0 && $0.status == nil } }
  /// The exit status, or the signal that ended it.
  package var terminationStatus: Int32 {
    state.withLock { state in
      let status = state.status ?? 0
      return status & 0x7f == 0 ? (status >> 8) & 0xff : status & 0x7f
    }
  }
  package var terminationReason: TerminationReason {
    state.withLock { ($0.status ?? 0) & 0x7f == 0 ? .exit : .uncaughtSignal }
  }

  package func run() throws {
    let setup = setup.withLock { $0 }
    guard let path = setup.executableURL?.path else { throw Failure(description: "no program was named") }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    let streams = [(setup.standardInput, true), (setup.standardOutput, false), (setup.standardError, false)]
    for (number, (stream, isRead)) in streams.enumerated() {
      guard let descriptor = Self.descriptor(stream, isRead: isRead) else { continue }
      posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(number))
    }
    if let folder = setup.currentDirectoryURL?.path {
      guard Self.addFolder?(&actions, folder) == 0 else { throw Failure(description: "no chdir in spawns") }
    }
    guard Self.addCloseFrom?(&actions, 3) == 0 else { throw Failure(description: "no closefrom in spawns") }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    let variables = setup.environment ?? ProcessInfo.processInfo.environment
    var child = pid_t()
    let result = Self.withStrings([path] + setup.arguments) { arguments in
      Self.withStrings(variables.map { "\($0)=\($1)" }) { environment in
        posix_spawn(&child, path, &actions, &attributes, arguments, environment)
      }
    }
    guard result == 0 else { throw Failure(description: "\(path): \(String(cString: strerror(result)))") }
    let identifier = child
    state.withLock { $0.identifier = identifier }
    Thread.detachNewThread { [self] in reap(identifier) }
    // The other ends are the program's alone: who reads them sees its end.
    for (stream, isRead) in streams {
      guard let pipe = stream as? Pipe else { continue }
      try (isRead ? pipe.fileHandleForReading : pipe.fileHandleForWriting).close()
    }
  }

  package func waitUntilExit() {
    end.lock()
    defer { end.unlock() }
    while isRunning { end.wait() }
  }

  /// Asks it to end.
  package func terminate() { if isRunning { kill(processIdentifier, SIGTERM) } }

  private func reap(_ identifier: pid_t) {
    var status: Int32 = 0
    while waitpid(identifier, &status, 0) < 0 && errno == EINTR {}
    end.lock()
    state.withLock { [status] in $0.status = status }
    end.broadcast()
    end.unlock()
  }

  private static func descriptor(_ stream: Any?, isRead: Bool) -> Int32? {
    if let pipe = stream as? Pipe {
      return (isRead ? pipe.fileHandleForReading : pipe.fileHandleForWriting).fileDescriptor
    }
    return (stream as? FileHandle)?.fileDescriptor
  }

  private static func withStrings<Result>(
    _ texts: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
  ) -> Result {
    var pointers = texts.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    return pointers.withUnsafeMutableBufferPointer { body($0.baseAddress!) }
  }
}
