import ArgumentParser
import Client
import Platform
import Vocabulary

struct BundleDownloadCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "download", abstract: "Write all files of a bundle below a folder.",
    discussion: """
      Each file gets a temporary name, its SHA-256 is checked, and then it is renamed; mode and time are those it was \
      pushed with. Files that are there already and are equal stay as they are. If others differ, nothing is written \
      unless --force says to replace them. Files that only the folder has are not touched. Run it again after an \
      error: what is there already is not fetched again.

      EXIT STATUS
        0    every file is there
        1    a file could not be written, or would replace a different one
        2    bad usage or bad input
        3    the server could not be reached within the retry budget
        130  interrupted
      """)

  @Argument(
    help: ArgumentHelp("The bundle: its repo and id, id prefix, label, or 'latest'.", valueName: "repo@ref"))
  var bundle: String

  @Option(help: "The folder to write to; it is made when it is not there.", completion: .directory)
  var to: String

  @Flag(help: "Replace local files that differ.")
  var force = false

  @Option(help: "Files under way at the same time, 1 to 64.")
  var parallel = 4

  @Option(help: ArgumentHelp("Seconds to keep trying without progress.", valueName: "seconds"))
  var retryBudget = Int(RetryPolicy().budgetSeconds)

  @OptionGroup var server: ServerOption
  @OptionGroup var output: OutputOption

  func run() async throws {
    let command = self
    try await ClientRun.run(interrupted: "interrupted; run the same command again to fetch the rest") {
      try await command.download()
    }
  }

  private struct Report: Encodable {
    struct File: Encodable {
      var path: String
      var reason: String
    }
    var bundle: String
    var repo: String
    var sequence: Int64
    var written: Int
    var skipped: Int
    var failed: [File]
  }

  private func download() async throws {
    guard (1...64).contains(parallel) else {
      throw CommandFailure("--parallel must be 1 to 64, not \(parallel)")
    }
    guard retryBudget >= 0 else { throw CommandFailure("--retry-budget must not be negative") }
    guard !to.isEmpty else { throw CommandFailure("--to must name a folder") }
    let named = try BundleAddress(bundle)
    let board = ProgressBoard()
    let display = ProgressDisplay(board: board)
    let api = try server.connect(connections: parallel)
    let retrier = Retrier(
      server: api.server, policy: RetryPolicy(budgetSeconds: Double(retryBudget)), pacer: .system()
    ) { error, seconds in
      board.update { $0.retries += 1 }
      if seconds >= 2 { display.notice("\(error); trying again in \(Int(seconds.rounded())) s") }
    }
    let (found, outcome) = try await ClientRun.closing(api) {
      let found = try await retrier.run { try await api.bundle(named) }
      let address = BundleAddress(repo: named.repo, reference: found.id)
      let entries = try await api.entries(of: address, retrier: retrier)
      let download = BundleDownload(
        api: api, bundle: address, folder: ClientRun.absolute(to), force: force, retrier: retrier,
        board: board,
        io: ThreadedExecutor(name: "sheaf.client.io", threads: parallel + 1), parallel: parallel)
      return (found, try await display.during { try await download.run(entries) })
    }
    try report(found, outcome)
  }

  private func report(_ bundle: BundleAnswer, _ outcome: BundleDownload.Outcome) throws {
    if output.json {
      try ClientRun.printJSON(
        Report(
          bundle: bundle.id, repo: bundle.repo, sequence: bundle.sequence, written: outcome.written,
          skipped: outcome.skipped, failed: outcome.failed.map { .init(path: $0.path, reason: $0.reason) }))
    } else {
      StandardOutput.line(
        "bundle \(bundle.id) (\(bundle.repo) #\(bundle.sequence)): \(outcome.written) files written, "
          + "\(outcome.skipped) were there already")
    }
    for file in outcome.failed {
      StandardError.line(TextTable.visible("sheaf: \(quoted(file.path)): \(file.reason)"))
    }
    guard outcome.failed.isEmpty else { throw ClientExit.failed }
  }
}
