import ArgumentParser
import Client
import Platform
import Vocabulary

struct Pushes: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List, show, seal, retry and cancel pushes, and read their logs.",
    subcommands: [
      PushesList.self, PushesShow.self, PushesLog.self, PushesSeal.self, PushesRetry.self, PushesCancel.self,
    ])
}

/// The push that a command is about.
struct PushArgument: ParsableArguments {
  @Argument(help: ArgumentHelp("The push's id.", valueName: "push")) var push: String

  /// - Throws: `CommandFailure` for text that is no id.
  func id() throws -> PushID {
    guard let id = PushID(push) else {
      throw CommandFailure("\(quoted(push)) is not the id of a push; 'sheaf pushes ls' lists them")
    }
    return id
  }
}

struct PushesShow: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show a push: its state, progress, attempts and why it waits.",
    discussion: ClientExit.help)

  @OptionGroup var push: PushArgument
  @OptionGroup var server: ServerOption
  @OptionGroup var output: OutputOption

  func run() async throws {
    let command = self
    try await ClientRun.ask(server) { api, retrier in
      let id = try command.push.id()
      let push = try await retrier.run { try await api.pushDocument(id) }
      try command.output.show(push)
    }
  }
}

struct PushesLog: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "log", abstract: "Write the log of a push to standard output.", discussion: ClientExit.help)

  @OptionGroup var push: PushArgument
  @OptionGroup var server: ServerOption

  func run() async throws {
    let command = self
    try await ClientRun.ask(server) { api, retrier in
      let id = try command.push.id()
      let log = try await retrier.run { try await api.pushLog(id) }
      let lines = String(decoding: log, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: true)
      for line in lines { StandardOutput.line(TextTable.visible(String(line))) }
    }
  }
}

struct PushesRetry: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "retry", abstract: "Queue a failed push again, or make the next attempt at once.",
    discussion: ClientExit.help)

  @OptionGroup var push: PushArgument
  @OptionGroup var server: ServerOption
  @OptionGroup var output: OutputOption

  func run() async throws { try await PushChange(push, server, output).run("retry") }
}

struct PushesCancel: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cancel",
    abstract: "Cancel a push that is not committed yet; a commit under way leaves no bundle.",
    discussion: ClientExit.help)

  @OptionGroup var push: PushArgument
  @OptionGroup var server: ServerOption
  @OptionGroup var output: OutputOption

  func run() async throws { try await PushChange(push, server, output).run("cancel") }
}

/// What seal, retry and cancel have in common.
struct PushChange: Sendable {
  private let push: PushArgument
  private let server: ServerOption
  private let output: OutputOption

  init(_ push: PushArgument, _ server: ServerOption, _ output: OutputOption) {
    self.push = push
    self.server = server
    self.output = output
  }

  func run(_ action: String) async throws {
    try await ClientRun.ask(server) { api, retrier in
      let id = try push.id()
      let changed = try await retrier.run { try await api.change(id, action) }
      if output.json { return try ClientRun.printJSON(changed) }
      let state =
        if case .object(let members) = changed, case .text(let state)? = members["state"] { state } else {
          "?"
        }
      StandardOutput.line("push \(id) is \(state)")
    }
  }
}

extension OutputOption {
  /// The document as JSON or as lines.
  func show(_ document: JSONNode) throws {
    if json { return try ClientRun.printJSON(document) }
    for line in document.outline { StandardOutput.line(line) }
  }
}
