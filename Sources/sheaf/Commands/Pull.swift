import ArgumentParser
import Client
import Platform
import Vocabulary

struct Pull: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make a local folder hold the files of a bundle.", discussion: PullOptions.discussion)

  @OptionGroup var options: PullOptions

  func run() async throws { try await options.run() }
}

/// What `sheaf pull` and its older name `sheaf bundle download` take and do.
struct PullOptions: ParsableArguments {
  static let discussion = """
    The folder remembers in its '.sheaf' which bundle it holds; the next pull fetches only what differs, copies what \
    was merely renamed, and removes what the older bundle had and the new one has not. Each file is proved by its \
    SHA-256 before it gets its name; mode and time are those it was pushed with. Files that were changed here are not \
    replaced: they are named, and nothing is written, unless --force says so. Files that no bundle put there are not \
    touched. After Ctrl-C, a crash or status 3, run it again: what is there is not fetched again.

    --name-filter takes a regular expression in Swift's syntax (nearly PCRE), at most 1,000 bytes; a path counts when \
    it matches somewhere in it. All other paths are neither fetched nor removed.

    EXIT STATUS
      0    the folder holds the bundle
      1    a file could not be written or would replace a changed one, or the server refused
      2    bad usage or bad input
      3    the server could not be reached within the retry budget
      130  interrupted
    """

  @OptionGroup var bundle: BundleArgument

  @Option(help: "The folder to write to; it is made when it is not there.", completion: .directory)
  var to: String

  @Option(help: ArgumentHelp("Only paths that match.", valueName: "regex"))
  var nameFilter: String?

  @Flag(help: "Replace local files that were changed.")
  var force = false

  @OptionGroup var transfer: TransferOption

  @OptionGroup var server: ServerOption
  @OptionGroup var output: OutputOption

  func run() async throws {
    let options = self
    try await ClientRun.run(interrupted: "interrupted; run the same command again to fetch the rest") {
      try await options.pull()
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
    var copied: Int
    var removed: Int
    var left: [String]
    var failed: [File]
    var bytesFetched: Int64
    var bytesResumed: Int64
  }

  private func pull() async throws {
    guard !to.isEmpty else { throw CommandFailure("--to must name a folder") }
    let filter = try nameFilter.map { try NameFilter($0) }
    let named = try bundle.address()
    let session = try PullSession(server: server, transfer: transfer)
    let (found, outcome) = try await ClientRun.closing(session.api) {
      let (found, entries) = try await session.entries(of: named)
      let request = PullRequest(
        bundle: found, entries: entries, folder: ClientRun.absolute(to), filter: filter, force: force,
        parallel: transfer.parallel)
      return (found, try await session.run(request))
    }
    try report(found, outcome)
  }

  private func report(_ bundle: BundleAnswer, _ outcome: BundlePull.Outcome) throws {
    if output.json {
      try ClientRun.printJSON(
        Report(
          bundle: bundle.id, repo: bundle.repo, sequence: bundle.sequence, written: outcome.written,
          skipped: outcome.kept, copied: outcome.copied, removed: outcome.removed, left: outcome.left,
          failed: outcome.failed.map { .init(path: $0.path, reason: $0.reason) },
          bytesFetched: outcome.bytesFetched, bytesResumed: outcome.bytesResumed))
    } else {
      StandardOutput.line(
        "bundle \(bundle.id) (\(bundle.repo) #\(bundle.sequence)): \(outcome.written) files written, "
          + "\(outcome.kept) were there already, \(outcome.removed) removed; "
          + "\(ProgressText.bytes(outcome.bytesFetched)) fetched")
    }
    for path in outcome.left {
      StandardError.line(
        TextTable.visible("sheaf: \(quoted(path)) is not in the bundle, but was changed here; it stays"))
    }
    for file in outcome.failed {
      StandardError.line(TextTable.visible("sheaf: \(quoted(file.path)): \(file.reason)"))
    }
    guard outcome.failed.isEmpty else { throw ClientExit.failed }
  }
}

/// Connections and progress of a command that pulls.
struct PullSession: Sendable {
  let api: GatewayAPI
  private let board = ProgressBoard()
  private let display: ProgressDisplay
  private let retrier: Retrier
  let io: any IOExecutor

  /// - Throws: `CommandFailure` for numbers that are out of range, `ServerURL.Flaw`, `ServerTrust.Flaw`.
  init(server: ServerOption, transfer: TransferOption) throws {
    try transfer.check()
    let parallel = transfer.parallel
    api = try server.connect(connections: parallel)
    let (board, display) = (board, ProgressDisplay(board: board))
    self.display = display
    retrier = Retrier(
      server: api.server, policy: transfer.policy, pacer: .system()
    ) { error, seconds in
      board.update { $0.retries += 1 }
      if seconds >= 2 { display.notice("\(error); trying again in \(Int(seconds.rounded())) s") }
    }
    io = ThreadedExecutor(name: "sheaf.client.io", threads: parallel + 1)
  }

  /// The bundle and all its entries; by its id, so that a label that moves in between changes nothing.
  func entries(of named: BundleAddress) async throws -> (BundleAnswer, [EntryAnswer]) {
    let found = try await retrier.run { try await api.bundle(named) }
    return (found, try await api.entries(of: found, in: named.repo, retrier: retrier))
  }

  /// - Parameter notes: as of `BundlePull`.
  func run(_ request: PullRequest, notes: String? = nil) async throws -> BundlePull.Outcome {
    let pull = BundlePull(api: api, request: request, notes: notes, retrier: retrier, board: board, io: io)
    return try await display.during { try await pull.run() }
  }
}
