import ArgumentParser
import Client
import Platform
import Vocabulary

struct Seal: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make a bundle of an open push, whoever added to it.",
    discussion: ClientExit.help)

  @Argument(help: "The id of the push, as 'sheaf push --no-seal' tells it.")
  var push: String

  @OptionGroup var server: ServerOption
  @OptionGroup var output: OutputOption

  func run() async throws {
    let command = self
    try await ClientRun.run { try await command.seal() }
  }

  private func seal() async throws {
    guard let id = PushID(push) else { throw CommandFailure("\(quoted(push)) is not the id of a push") }
    let api = try server.connect()
    let answer = try await ClientRun.closing(api) {
      try await PushEngine.seal(id, api: api, policy: RetryPolicy())
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
