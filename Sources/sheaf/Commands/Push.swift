import ArgumentParser
import Client
import Foundation
import Platform
import Vocabulary

struct Push: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Send files and folders as one new bundle of a repo.",
    discussion: """
      A file 'a/b.txt' becomes 'b.txt' in the bundle. A folder 'a/b' becomes 'b/...', as with 'cp -r'; with a trailing \
      slash, 'a/b/', only its contents are sent, as with rsync. Symbolic links and special files inside folders are \
      skipped with a warning, folders without files leave no trace, and two files with the same place in the bundle \
      are an error. Nothing is sent before all names are known to be good.

      When the network or the server fails, sheaf goes on by itself for as long as --retry-budget allows. After \
      Ctrl-C, a crash or status 3, run the same command again: what the server has is compared with the local files \
      block by block, and only what is missing is sent. A file that changed in the meantime is sent anew; files that \
      were added, removed or have another size make it a new push.

      EXIT STATUS
        0    the bundle is committed
        1    a file or the push failed
        2    bad usage, bad input or an unusable setting; nothing was sent
        3    no success within the retry budget; run it again to resume
        130  interrupted; run it again to resume
      """)

  @Argument(help: "Files and folders to send.", completion: .file())
  var paths: [String]

  @Option(help: "The repo that gets the bundle; it is made when it is not there.")
  var repo: String

  @Option(name: [.short, .long], help: "What this version is about.")
  var message: String

  @Option(help: "A label to move to the new bundle.")
  var label: String?

  @OptionGroup var server: ServerOption

  @Option(help: "Files under way at the same time, 1 to 64.")
  var parallel = 4

  @Option(help: ArgumentHelp("Seconds to keep trying without progress.", valueName: "seconds"))
  var retryBudget = Int(RetryPolicy().budgetSeconds)

  @Flag(help: "Print one JSON object on standard output at the end.")
  var json = false

  func run() async throws {
    let command = self
    try await ClientRun.run(interrupted: "interrupted; run the same command again to resume") {
      do {
        try await command.push()
      } catch {
        if command.json { try command.printFailure(error) }
        throw error
      }
    }
  }

  private func push() async throws {
    let serverURL = try server.url()
    let trust = try server.trust()
    let repoName = try RepoName(repo)
    let labelName = try label.map { try LabelName($0) }
    guard (1...64).contains(parallel) else {
      throw CommandFailure("--parallel must be 1 to 64, not \(parallel)")
    }
    guard retryBudget >= 0 else { throw CommandFailure("--retry-budget must not be negative") }
    guard !message.isEmpty else { throw CommandFailure("--message must not be empty") }
    let io = ThreadedExecutor(name: "sheaf.client.io", threads: parallel + 2)
    let scan = try await self.scan(on: io)

    guard let folder = StateFolder.pushes(environment: ProcessInfo.processInfo.environment) else {
      throw CommandFailure("neither XDG_STATE_HOME nor HOME is set, so a push could not be resumed")
    }
    let key = StateFolder.key(
      server: serverURL, repo: repoName, label: labelName, message: message,
      sources: paths.map(ClientRun.absolute))
    let journal = try await PushJournal.open(folder: folder, key: key, io: io)

    let board = ProgressBoard()
    let display = ProgressDisplay(board: board)
    display.notice(
      "pushing \(scan.files.count) files, \(ProgressText.bytes(scan.byteCount)), to \(repoName) at \(serverURL)"
    )
    let api = GatewayAPI(server: serverURL, connections: parallel + 2, trust: trust)
    let result = try await ClientRun.closing(api) {
      let plan = PushPlan(
        repo: repoName, label: labelName, message: message, files: scan.files, parallel: parallel)
      let engine = PushEngine(
        api: api, plan: plan, journal: journal, board: board, io: io,
        policy: RetryPolicy(budgetSeconds: Double(retryBudget)), notice: { display.notice($0) })
      return try await display.during { try await engine.run() }
    }
    try report(result, board.progress)
  }

  private func scan(on io: any IOExecutor) async throws -> FolderScan {
    let folder = FileManager.default.currentDirectoryPath
    let scan = await io.perform { [paths] in FolderScan(paths, in: folder) }
    for warning in scan.warnings { StandardError.line("sheaf: \(TextTable.visible(warning))") }
    guard scan.errors.isEmpty else {
      throw CommandFailure(scan.errors.joined(separator: "\nsheaf: ") + "\nsheaf: nothing was sent")
    }
    return scan
  }

  private func report(_ result: PushResult, _ progress: TransferProgress) throws {
    guard json else {
      return StandardOutput.line(
        "bundle \(result.bundle) (\(result.repo) #\(result.sequence)), \(result.files) files, "
          + "\(result.bytes) bytes, digest \(result.digest)")
    }
    try ClientRun.printJSON(
      Summary(
        bundle: result.bundle, repo: result.repo, sequence: result.sequence, digest: result.digest,
        push: result.push, files: result.files, bytes: result.bytes, bytesSent: progress.bytesSent,
        bytesResumed: progress.bytesResumed, retries: progress.retries))
  }

  private func printFailure(_ error: any Error) throws {
    var failed: [Failure.File] = []
    if case PushFailure.files(let files) = error {
      failed = files.map { Failure.File(path: $0.path, reason: $0.reason) }
    }
    let (text, code) = ClientRun.meaning(of: error)
    try ClientRun.printJSON(Failure(error: text, exitStatus: code.rawValue, failed: failed))
  }

  private struct Summary: Encodable {
    var bundle: String
    var repo: String
    var sequence: Int64
    var digest: String
    var push: String
    var files: Int
    var bytes: Int64
    var bytesSent: Int64
    var bytesResumed: Int64
    var retries: Int
  }

  private struct Failure: Encodable {
    struct File: Encodable {
      var path: String
      var reason: String
    }
    var error: String
    var exitStatus: Int32
    var failed: [File]
  }
}
