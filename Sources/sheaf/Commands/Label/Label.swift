import ArgumentParser
import Client
import Platform
import Vocabulary

struct Label: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Put labels on bundles, move, list and remove them.",
    subcommands: [LabelSet.self, LabelShow.self, LabelList.self, LabelRemove.self])
}

struct LabelSet: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "set", abstract: "Put a label on a bundle, or move it there.", discussion: ClientExit.help)

  @OptionGroup var bundle: BundleArgument
  @Argument(help: "The label.") var label: String
  @OptionGroup var author: AuthorOption
  @OptionGroup var server: ServerOption
  @OptionGroup var output: OutputOption

  func run() async throws {
    let command = self
    try await ClientRun.change(server, author) { api, _ in
      let bundle = try command.bundle.address()
      let answer = try await api.setLabel(
        try LabelName(command.label), of: bundle.repo, to: bundle.reference)
      try ClientRun.print(answer, command.output, LabelShow.facts(answer))
    }
  }
}

struct LabelShow: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show where a label is and where it was, newest first.",
    discussion: ClientExit.help)

  @Argument(help: "The repo.") var repo: String
  @Argument(help: "The label; it may be one that was removed.") var label: String
  @OptionGroup var server: ServerOption
  @OptionGroup var output: OutputOption

  private struct Report: Encodable {
    var label: LabelAnswer?
    var moves: [LabelMoveAnswer]
  }

  static func facts(_ label: LabelAnswer) -> [(String, String?)] {
    [
      ("Label", "\(label.repo)@\(label.name)"),
      ("Bundle", label.bundle.map { "#\($0.sequence) \($0.id)" }),
    ]
  }

  func run() async throws {
    let command = self
    try await ClientRun.ask(server) { api, retrier in
      let (repo, label) = (try RepoName(command.repo), try LabelName(command.label))
      let moves = try await api.labelMoves(of: repo, label: label, retrier: retrier)
      var current: LabelAnswer?
      do {
        current = try await retrier.run { try await api.label(label, of: repo) }
      } catch let error as ClientError where error.has(.notFound) && !moves.isEmpty {}
      if command.output.json { return try ClientRun.printJSON(Report(label: current, moves: moves)) }
      StandardOutput.line(
        current?.bundle.map { "\(repo)@\(label) is on #\($0.sequence) \($0.id)" }
          ?? "\(repo)@\(label) was removed")
      for move in moves { StandardOutput.line("  \(Log.text(of: move))") }
    }
  }
}

struct LabelList: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ls", abstract: "List the labels of a repo by name.", discussion: ClientExit.help)

  @Argument(help: "The repo.") var repo: String
  @Option(help: "Only labels that begin so.") var prefix = ""
  @OptionGroup var server: ServerOption
  @OptionGroup var output: OutputOption

  func run() async throws {
    let command = self
    try await ClientRun.ask(server) { api, retrier in
      let labels = try await api.labels(
        of: try RepoName(command.repo), prefix: command.prefix, retrier: retrier)
      guard !command.output.json else { return try ClientRun.printJSON(labels) }
      let columns: [(head: String, TextTable.Alignment)] = [("LABEL", .left), ("#", .right), ("ID", .left)]
      let rows = labels.map {
        [$0.name, $0.bundle.map { String($0.sequence) } ?? "-", $0.bundle?.id ?? "-"]
      }
      for line in TextTable.lines(columns, rows) { StandardOutput.line(line) }
    }
  }
}

struct LabelRemove: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rm", abstract: "Take a label away from its bundle; its history stays.",
    discussion: ClientExit.help)

  @Argument(help: "The repo.") var repo: String
  @Argument(help: "The label.") var label: String
  @OptionGroup var author: AuthorOption
  @OptionGroup var server: ServerOption

  func run() async throws {
    let command = self
    try await ClientRun.change(server, author) { api, _ in
      let (repo, label) = (try RepoName(command.repo), try LabelName(command.label))
      try await api.removeLabel(label, of: repo)
      StandardOutput.line("removed the label \(label) of repo \(repo)")
    }
  }
}
