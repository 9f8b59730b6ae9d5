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
      are an error, and so are no files at all without --allow-empty. Nothing is sent before all names are known to be good.

      When the network or the server fails, sheaf goes on by itself for as long as --retry-budget allows. After \
      Ctrl-C, a crash or status 3, run the same command again: what the server has is compared with the local files \
      block by block, and only what is missing is sent. A file that changed in the meantime is sent anew; files that \
      were added, removed or have another size make it a new push.

      What the repo has already is not sent: the server is asked by digest, and of large files that have changed only \
      the changed megabytes go over the network.

      Several clients can make one bundle: one opens a push with --no-seal and tells its id, the others add to it with \
      --into ID, and 'sheaf pushes seal ID' makes the bundle.

      EXIT STATUS
        0    the bundle is committed; with --no-seal or --into: the files are there
        1    a file or the push failed
        2    bad usage, bad input or an unusable setting; nothing was sent
        3    no success within the retry budget; run it again to resume
        130  interrupted; run it again to resume
      """)

  @Argument(help: "Files and folders to send.", completion: .file())
  var paths: [String] = []

  @Option(help: "The repo that gets the bundle; it is made when it is not there.")
  var repo: String?

  @Option(name: [.short, .long], help: "What this version is about.")
  var message: String?

  @Option(help: "A label to move to the new bundle.")
  var label: String?

  @Option(
    help: ArgumentHelp(
      "Who makes this version, at most 256 bytes (default: $SHEAF_AUTHOR).", valueName: "text"))
  var author: String?

  @Option(
    help: ArgumentHelp(
      "Add the files to this open push, which stays open unless --seal is given.", valueName: "push"))
  var into: String?

  @Flag(inversion: .prefixedNo, help: "Seal the push at the end (default: yes, with --into no).")
  var seal: Bool?

  @Option(
    help: ArgumentHelp(
      "When several clients bring different files for one path: refuse, keep-first or latest-wins.",
      valueName: "policy"))
  var conflicts: String?

  @Flag(help: "Make an empty bundle when there are no files, instead of an error.")
  var allowEmpty = false

  @OptionGroup var server: ServerOption

  @OptionGroup var transfer: TransferOption

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

  /// Where the files go.
  private struct Target {
    var repo: RepoName
    var label: LabelName?
    var message: String
    var into: PushID?
    var seals: Bool
    var author: String?
  }

  private func target() throws -> Target {
    let author =
      self.author ?? ProcessInfo.processInfo.environment["SHEAF_AUTHOR"].flatMap { $0.isEmpty ? nil : $0 }
    try author.map(AuthorOption.check)
    if let conflicts, !["refuse", "keep-first", "latest-wins"].contains(conflicts) {
      throw CommandFailure("--conflicts must be refuse, keep-first or latest-wins, not \(quoted(conflicts))")
    }
    if let into {
      guard let id = PushID(into) else {
        throw CommandFailure("--into \(quoted(into)) is not the id of a push")
      }
      let others = [("--repo", repo), ("--message", message), ("--label", label), ("--conflicts", conflicts)]
      if let (name, _) = others.first(where: { $0.1 != nil }) {
        throw CommandFailure("\(name) is the push's own and cannot stand beside --into")
      }
      guard !allowEmpty else {
        throw CommandFailure("--allow-empty is the push's own and cannot stand beside --into")
      }
      guard !paths.isEmpty else { throw CommandFailure("name the files to send") }
      return Target(
        repo: .inbox, label: nil, message: "into \(id)", into: id, seals: seal ?? false, author: author)
    }
    guard let repo else { throw CommandFailure("--repo is missing") }
    guard let message else { throw CommandFailure("--message is missing") }
    guard !message.isEmpty else { throw CommandFailure("--message must not be empty") }
    let seals = seal ?? true
    guard !paths.isEmpty || !seals else { throw CommandFailure("name the files to send") }
    return Target(
      repo: try RepoName(repo), label: try label.map { try LabelName($0) }, message: message, into: nil,
      seals: seals, author: author)
  }

  private func push() async throws {
    let target = try target()
    let serverURL = try server.url()
    let trust = try server.trust()
    try transfer.check()
    let parallel = transfer.parallel
    let io = ThreadedExecutor(name: "sheaf.client.io", threads: parallel + 2)
    let files = try await self.files(on: io)

    let environment = ProcessInfo.processInfo.environment
    guard let folder = StateFolder.pushes(environment: environment),
      let base = StateFolder.base(environment: environment)
    else {
      throw CommandFailure("neither XDG_STATE_HOME nor HOME is set, so a push could not be resumed")
    }
    let key = StateFolder.key(
      server: serverURL, repo: target.repo, label: target.label, message: target.message,
      sources: paths.map(ClientRun.absolute), seals: target.into != nil || target.seals,
      conflicts: conflicts)
    let journal = try await PushJournal.open(folder: folder, key: key, io: io)

    let cache = await io.perform { DigestCache(folder: base) }
    let board = ProgressBoard()
    let display = ProgressDisplay(board: board)
    display.notice(
      "pushing \(files.count) files, \(ProgressText.bytes(files.reduce(0) { $0 + $1.size })), to \(into ?? target.repo.text) at \(serverURL)"
    )
    let api = GatewayAPI(server: serverURL, connections: parallel + 2, trust: trust)
    let result = try await ClientRun.closing(api) {
      var plan = PushPlan(
        repo: target.repo, label: target.label, message: target.message, files: files,
        parallel: parallel, author: target.author, conflicts: conflicts, into: target.into,
        seals: target.seals)
      plan.allowsEmpty = allowEmpty
      let engine = PushEngine(
        api: api, plan: plan, journal: journal, board: board, io: io,
        policy: transfer.policy, cache: cache,
        notice: { display.notice($0) })
      return try await display.during { try await engine.run() }
    }
    try report(result, board.progress)
  }

  private func files(on io: any IOExecutor) async throws -> [SourceFile] {
    // A push that others will fill.
    if paths.isEmpty { return [] }
    let folder = FileManager.default.currentDirectoryPath
    let scan = await io.perform { [paths, allowEmpty] in
      FolderScan(paths, in: folder, allowsEmpty: allowEmpty)
    }
    for warning in scan.warnings { StandardError.line("sheaf: \(TextTable.visible(warning))") }
    guard scan.errors.isEmpty else {
      let hint = scan.errors == [FolderScan.noFiles] && into == nil
      throw CommandFailure(
        scan.errors.joined(separator: "\nsheaf: ") + (hint ? "; --allow-empty makes an empty bundle" : "")
          + "\nsheaf: nothing was sent")
    }
    return scan.files
  }

  private func report(_ result: PushResult, _ progress: TransferProgress) throws {
    guard json else {
      guard let bundle = result.bundle else {
        return StandardOutput.line("push \(result.push) (\(result.repo)) is open, \(result.files) files sent")
      }
      return StandardOutput.line(
        "bundle \(bundle.id) (\(result.repo) #\(bundle.sequence)), \(result.files) files, "
          + "\(result.bytes) bytes, digest \(bundle.digest)")
    }
    try ClientRun.printJSON(
      Summary(
        bundle: result.bundle?.id, repo: result.repo, sequence: result.bundle?.sequence,
        digest: result.bundle?.digest,
        push: result.push, files: result.files, bytes: result.bytes, bytesSent: progress.bytesSent,
        bytesResumed: progress.bytesResumed, filesSkipped: progress.filesSkipped,
        bytesSkipped: progress.bytesSkipped, retries: progress.retries))
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
    var bundle: String?
    var repo: String
    var sequence: Int64?
    var digest: String?
    var push: String
    var files: Int
    var bytes: Int64
    var bytesSent: Int64
    var bytesResumed: Int64
    var filesSkipped: Int
    var bytesSkipped: Int64
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
