import ArgumentParser
import Client
import Platform
import Vocabulary

struct SourceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "source",
    abstract: "Look into the folders of the server's machine, and make bundles of them.",
    subcommands: [SourceListCommand.self, SourcePush.self])
}

struct SourceListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ls", abstract: "List the server's sources, or a folder of one.", discussion: ClientExit.help
  )

  @Argument(help: ArgumentHelp("The folder; without it the sources.", valueName: "name[/path]"))
  var folder: String?
  @OptionGroup var server: ServerOption
  @OptionGroup var output: OutputOption

  func run() async throws {
    let command = self
    try await ClientRun.ask(server) { api, retrier in
      guard let folder = command.folder else {
        let sources = try await api.sources(retrier: retrier)
        guard !command.output.json else { return try ClientRun.printJSON(sources) }
        for source in sources { StandardOutput.line(source.name) }
        return
      }
      let items = try await api.tree(try SourceAddress(folder), retrier: retrier)
      guard !command.output.json else { return try ClientRun.printJSON(items) }
      let rows = items.map { item in
        [
          item.kind, item.size.map(ProgressText.bytes) ?? "-", item.modifiedAt ?? "-",
          item.kind == "folder" ? "\(item.name)/" : item.name,
        ]
      }
      let columns: [(head: String, TextTable.Alignment)] = [
        ("KIND", .left), ("SIZE", .right), ("MODIFIED", .left), ("NAME", .left),
      ]
      for line in TextTable.lines(columns, rows) { StandardOutput.line(line) }
    }
  }
}
