import ArgumentParser
import Client
import Platform
import Vocabulary

struct PushesSeal: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "seal",
    abstract: "Make a bundle of an open push, whoever added to it; sealing it again changes nothing.",
    discussion: """
      It waits until files that are still being verified are, and until the bundle is committed.

      \(ClientExit.help)
      """)

  @OptionGroup var push: PushArgument
  @Flag(help: "Only queue the push; do not wait for its bundle.") var noWait = false
  @OptionGroup var server: ServerOption
  @OptionGroup var output: OutputOption

  func run() async throws {
    guard !noWait else { return try await PushChange(push, server, output).run("seal") }
    let command = self
    try await ClientRun.run { try await command.seal() }
  }

  private func seal() async throws {
    let id = try push.id()
    let api = try server.connect()
    let answer = try await ClientRun.closing(api) {
      try await PushEngine.seal(id, api: api, policy: RetryPolicy()) {
        StandardError.line("sheaf: \(TextTable.visible($0))")
      }
    }
    guard let bundle = answer.bundle else { return }
    guard output.json else {
      return StandardOutput.line(
        "bundle \(bundle.id) (\(answer.repo) #\(bundle.sequence)), digest \(bundle.digest)")
    }
    try ClientRun.printJSON(
      Summary(
        bundle: bundle.id, repo: answer.repo, sequence: bundle.sequence, digest: bundle.digest,
        push: answer.id))
  }

  private struct Summary: Encodable {
    var bundle: String
    var repo: String
    var sequence: Int64
    var digest: String
    var push: String
  }
}
