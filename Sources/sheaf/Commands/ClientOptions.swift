import ArgumentParser
import Client
import Foundation
import Platform
import Vocabulary

/// The statuses that client commands end with; each command's help says which it uses.
enum ClientExit {
  static let failed = ExitCode(1)
  static let badInput = ExitCode(2)
  static let unreachable = ExitCode(3)
  static let interrupted = ExitCode(Interruption.exitStatus)

  static let help = """
    EXIT STATUS
      0    done
      1    the server refused, or something failed
      2    bad usage or bad input, such as a repo or bundle that is not there
      3    the server could not be reached
      130  interrupted
    """
}

/// Which gateway a client command talks to.
struct ServerOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The gateway's URL, with a path prefix if it has one, or unix:/path of its socket (default: $SHEAF_SERVER, else http://127.0.0.1:8773).",
      valueName: "url"))
  var server: String?

  @Option(
    help: ArgumentHelp(
      "A PEM file with a certificate to trust at an https URL besides the machine's own, such as a self-signed one.",
      valueName: "file"),
    completion: .file())
  var certificate: String?

  /// Connections to the gateway; call `shutdown` when done.
  func connect(connections: Int = 8) throws -> GatewayAPI {
    GatewayAPI(server: try url(), connections: connections, trust: try trust())
  }

  func trust() throws -> ServerTrust {
    guard let certificate else { return .system }
    return try ServerTrust(certificateFile: ClientRun.absolute(certificate))
  }

  func url() throws -> ServerURL {
    let text =
      server ?? ProcessInfo.processInfo.environment["SHEAF_SERVER"].flatMap { $0.isEmpty ? nil : $0 }
      ?? "http://127.0.0.1:8773"
    return try ServerURL(text)
  }
}

/// How a client command prints.
struct OutputOption: ParsableArguments {
  @Flag(help: "Print JSON on standard output.")
  var json = false
}

/// Runs client commands: one place for connections, Ctrl-C and what errors mean.
enum ClientRun {
  /// Questions are asked by people who wait; a push is patient, a question is not.
  static let questionBudgetSeconds = 10.0

  /// Asks the gateway something.
  static func ask(
    _ option: ServerOption, _ body: @escaping @Sendable (GatewayAPI, Retrier) async throws -> Void
  ) async throws {
    try await run {
      let api = try option.connect()
      let retrier = Retrier(
        server: api.server, policy: RetryPolicy(budgetSeconds: questionBudgetSeconds), pacer: .system())
      try await closing(api) { try await body(api, retrier) }
    }
  }

  /// Closes the connections whatever happens.
  static func closing<Result: Sendable>(
    _ api: GatewayAPI, _ body: () async throws -> Result
  ) async throws -> Result {
    let result: Result
    do {
      result = try await body()
    } catch {
      await api.shutdown()
      throw error
    }
    await api.shutdown()
    return result
  }

  /// Runs `body` until it ends or Ctrl-C cancels it; errors become one line and an exit status.
  ///
  /// - Parameter interrupted: what to say after Ctrl-C.
  static func run(
    interrupted: String = "interrupted", _ body: @escaping @Sendable () async throws -> Void
  ) async throws {
    Interruption.ignoreBrokenPipes()
    let task = Task { try await body() }
    let interruption = Interruption { task.cancel() }
    defer { withExtendedLifetime(interruption) {} }
    do {
      try await task.value
    } catch let code as ExitCode {
      throw code
    } catch {
      let (text, code) = meaning(of: error)
      complain(code == ClientExit.interrupted ? interrupted : text)
      throw code
    }
  }

  /// Tells on standard error what went wrong. The text may come from a server, so of all control characters only line ends
  /// are obeyed.
  static func complain(_ text: String) {
    let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
    let visible = lines.map { TextTable.visible(String(Substring($0))) }
    StandardError.line("sheaf: " + visible.joined(separator: "\n"))
  }

  /// - Throws: `CommandFailure` when a path from the command line leads to no folder; a link to one will do.
  static func requireFolder(_ path: String) throws {
    guard try FileInfo.of("\(absolute(path))/.")?.kind == .folder else {
      throw CommandFailure("\(path) is not a folder")
    }
  }

  static func meaning(of error: any Error) -> (text: String, code: ExitCode) {
    switch error {
    case is CancellationError: ("interrupted", ClientExit.interrupted)
    case let error as Unreachable: (error.description, ClientExit.unreachable)
    case let error as ClientError where error.has(.notFound): (error.description, ClientExit.badInput)
    case let error as ClientError:
      (error.description, error.status == nil && error.retryable ? ClientExit.unreachable : ClientExit.failed)
    case let failure as CommandFailure: (failure.text, ClientExit.badInput)
    case let error as ServerURL.Flaw: (error.description, ClientExit.badInput)
    case let error as ServerTrust.Flaw: (error.description, ClientExit.badInput)
    case let error as BundleAddress.Flaw: (error.description, ClientExit.badInput)
    case let error as BagFlaws: (error.description, ClientExit.badInput)
    case let error as BagExport.Refusal: (error.description, ClientExit.badInput)
    case let error as NameFilter.Flaw: (error.description, ClientExit.badInput)
    case let error as ProblemError: (error.detail, ClientExit.badInput)
    default: (String(describing: error), ClientExit.failed)
    }
  }

  static func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    StandardOutput.line(String(decoding: try encoder.encode(value), as: UTF8.self))
  }

  /// The folder that an absolute path is in.
  static func parent(of path: String) -> String {
    let end = path.utf8.lastIndex(of: UInt8(ascii: "/")) ?? path.startIndex
    return end == path.startIndex ? "/" : String(path[..<end])
  }

  /// A local path from the command line, made absolute.
  static func absolute(_ path: String) -> String {
    FolderScan.absolute(path, in: FileManager.default.currentDirectoryPath)
  }
}
