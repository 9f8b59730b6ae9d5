import ArgumentParser
import Client
import Platform

struct Status: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what a gateway is doing.", discussion: ClientExit.help)

  @OptionGroup var server: ServerOption
  @OptionGroup var output: OutputOption

  func run() async throws {
    let command = self
    try await ClientRun.ask(server) { api, retrier in
      let status = try await retrier.run { try await api.status() }
      if command.output.json {
        try ClientRun.printJSON(status)
      } else {
        for line in status.outline { StandardOutput.line(line) }
      }
    }
  }
}
