import ArgumentParser
import Client
import Platform
import Vocabulary

struct PushesList: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ls", abstract: "List pushes, newest first; several filters must all hold.",
    discussion: ClientExit.help)
  private static let mostPushes = 100_000

  @Option(help: "Only those: ongoing, complete, error or cancelled.") var status: String?
  @Option(help: "Only those in a state, such as open, queued, committing or failed.") var state: String?
  @Option(help: "Only those into this repo.") var repo: String?
  @Option(help: "Only those that ask for this label.") var label: String?
  @Option(help: "Only those from client, upload (single uploads) or source.") var origin: String?
  @Option(help: "Only those whose files come from this source.") var source: String?
  @Option(help: "Only those with this text in message or author.") var text: String?
  @Option(help: "At most so many.") var limit = 100
  @OptionGroup var server: ServerOption
  @OptionGroup var output: OutputOption

  func validate() throws {
    guard (1...Self.mostPushes).contains(limit) else {
      throw ValidationError("--limit is \(limit); it must be from 1 to \(Self.mostPushes)")
    }
  }

  func run() async throws {
    let command = self
    try await ClientRun.ask(server) { api, retrier in
      let listing = try await api.pushes(query: command.query, limit: command.limit, retrier: retrier)
      guard !command.output.json else { return try ClientRun.printJSON(listing.documents) }
      let columns: [(head: String, TextTable.Alignment)] = [
        ("ID", .left), ("STATE", .left), ("REPO", .left), ("CREATED", .left), ("FILES", .right),
        ("SIZE", .right), ("BUNDLE", .right), ("MESSAGE", .left), ("WAITS FOR", .left),
      ]
      for line in TextTable.lines(columns, listing.summaries.map(Self.row)) { StandardOutput.line(line) }
    }
  }

  private var query: [(String, String)] {
    let filters = [
      ("status", status), ("state", state), ("repo", repo), ("label", label), ("origin", origin),
      ("source", source), ("text", text),
    ]
    return filters.compactMap { name, value in value.map { (name, $0) } }
  }

  private static func row(_ push: PushSummary) -> [String] {
    let files = push.files.verified.map { String($0) } ?? "0"
    return [
      push.id, push.state, push.repo, push.createdAt,
      push.files.expected.map { "\(files)/\($0)" } ?? files, ProgressText.bytes(push.bytes.received),
      push.bundle.map { "#\($0.sequence)" } ?? "-", push.message,
      push.waitingFor ?? push.error?.code ?? "-",
    ]
  }
}
