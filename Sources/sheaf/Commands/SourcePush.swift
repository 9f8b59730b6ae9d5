import ArgumentParser
import Client
import Foundation
import Platform
import Vocabulary

struct SourcePush: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "push", abstract: "Make a bundle of a folder of the server's machine.",
    discussion: """
      The server takes the files in by itself: nothing is sent from here, and the command ends at once with the id of \
      the push. With --wait it ends when the bundle is there. Symbolic links and special files are left out; the \
      push's log names them.

      EXIT STATUS
        0    the push is open, or with --wait the bundle is committed
        1    the server refused, or with --wait the push failed
        2    bad usage or bad input
        3    the server could not be reached
        130  interrupted; the push goes on
      """)

  @Argument(help: ArgumentHelp("The folder.", valueName: "name[/path]")) var folder: String
  @Option(help: "The repo that gets the bundle; it is made when it is not there.") var repo: String
  @Option(name: [.short, .long], help: "What this version is about.") var message: String
  @Option(help: "A label to move to the new bundle.") var label: String?
  @Option(help: ArgumentHelp("Files processed at once, 1 to 64 (default: 4).", valueName: "number"))
  var concurrencyFactor: Int?
  @Option(
    help: ArgumentHelp(
      "Take only the files and folders that this file lists, a path in the folder on each line; - is standard input.",
      valueName: "list"),
    completion: .file())
  var files: String?
  @Flag(help: "Make an empty bundle when there are no files, instead of failing.") var allowEmpty = false
  @Flag(help: "Wait for the bundle.") var wait = false
  @OptionGroup var author: AuthorOption
  @OptionGroup var server: ServerOption
  @OptionGroup var output: OutputOption

  func run() async throws {
    let command = self
    try await ClientRun.run(interrupted: "interrupted; the push goes on") {
      let opening = SourcePushOpening(
        repo: try RepoName(command.repo), message: command.message,
        label: try command.label.map { try LabelName($0) }, author: try command.author.text(),
        concurrencyFactor: command.concurrencyFactor, address: try SourceAddress(command.folder),
        files: try command.list(), allowEmpty: command.allowEmpty ? true : nil)
      let api = try command.server.connect()
      let retrier = Retrier(
        server: api.server, policy: RetryPolicy(budgetSeconds: ClientRun.questionBudgetSeconds),
        pacer: .system())
      try await ClientRun.closing(api) {
        // Sent once: a repetition would be another push.
        let push = try await api.openPush(opening)
        guard let id = PushID(push.id) else { throw ClientError.unexpected("the push has no id") }
        if !command.output.json || !command.wait { try command.report(Summary(push: push.id)) }
        guard command.wait else { return }
        let bundle = try await api.awaitBundle(of: id, retrier: retrier)
        try command.report(
          Summary(push: push.id, bundle: bundle.id, sequence: bundle.sequence, digest: bundle.digest))
      }
    }
  }

  private func list() throws -> [String]? {
    guard let files else { return nil }
    let data: Data
    do {
      data =
        files == "-"
        ? try FileHandle.standardInput.readToEnd() ?? Data()
        : try Data(contentsOf: URL(filePath: ClientRun.absolute(files)))
    } catch {
      throw CommandFailure("the list \(quoted(files)) cannot be read: \(error.localizedDescription)")
    }
    // Names may have everything else that begins a line somewhere.
    let paths = try data.split(separator: UInt8(ascii: "\n")).map { line in
      let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
      guard let path = String(validating: line, as: UTF8.self) else {
        throw CommandFailure("the list \(quoted(files)) is not UTF-8")
      }
      return path
    }.filter { !$0.isEmpty }
    guard !paths.isEmpty else { throw CommandFailure("the list \(quoted(files)) names no file") }
    return paths
  }

  private struct Summary: Encodable {
    var push: String
    var bundle: String?
    var sequence: Int64?
    var digest: String?
  }

  private func report(_ summary: Summary) throws {
    if output.json { return try ClientRun.printJSON(summary) }
    guard let bundle = summary.bundle, let sequence = summary.sequence else {
      return StandardOutput.line("push \(summary.push)")
    }
    StandardOutput.line("bundle \(bundle) (\(repo) #\(sequence)), digest \(summary.digest ?? "")")
  }
}
