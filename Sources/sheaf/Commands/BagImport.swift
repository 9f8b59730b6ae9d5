import ArgumentParser
import Client
import Foundation
import Platform
import Vocabulary

struct BagImport: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Send a bag's files as one new bundle of a repo.",
    discussion: """
      The bag is checked whole before anything is sent: its declaration, Payload-Oxum, and every file against every \
      manifest, with nothing missing and nothing extra. It needs a manifest with SHA-256 or SHA-512, and no fetch.txt. \
      The files below 'data' are then pushed with their SHA-256 declared, so that the server takes nothing else. After \
      Ctrl-C, a crash or status 3, run it again to resume.

      EXIT STATUS
        0    the bundle is committed
        1    a file or the push failed
        2    bad usage or bad input, or the bag is not valid; nothing was sent
        3    no success within the retry budget; run it again to resume
        130  interrupted; run it again to resume
      """)

  @Argument(help: "The bag's folder.", completion: .directory)
  var folder: String

  @Option(help: "The repo that gets the bundle; it is made when it is not there.")
  var repo: String

  @Option(name: [.short, .long], help: "What this version is about.")
  var message: String

  @Option(help: "A label to move to the new bundle.")
  var label: String?

  @OptionGroup var author: AuthorOption
  @OptionGroup var transfer: TransferOption

  @OptionGroup var server: ServerOption
  @OptionGroup var output: OutputOption

  func run() async throws {
    let command = self
    try await ClientRun.run(interrupted: "interrupted; run the same command again to resume") {
      try await command.take()
    }
  }

  private struct Report: Encodable {
    var bundle: String
    var repo: String
    var sequence: Int64
    var digest: String
    var files: Int
    var bytes: Int64
  }

  private func take() async throws {
    let repoName = try RepoName(repo)
    let labelName = try label.map { try LabelName($0) }
    let authorName = try author.text()
    try transfer.check()
    let parallel = transfer.parallel
    guard !message.isEmpty else { throw CommandFailure("--message must not be empty") }
    let path = ClientRun.absolute(folder)
    guard try FileInfo.of(path)?.kind == .folder else { throw CommandFailure("\(folder) is not a folder") }
    let serverURL = try server.url()
    let io = ThreadedExecutor(name: "sheaf.client.io", threads: parallel + 2)
    let payload = try await BagCheck(folder: path, io: io, parallel: parallel).run()
    guard !payload.files.isEmpty else { throw CommandFailure("the bag holds no files") }
    var plan = PushPlan(
      repo: repoName, label: labelName, message: message, files: payload.files, parallel: parallel,
      author: authorName)
    plan.declared = payload.digests
    guard let base = StateFolder.base(environment: ProcessInfo.processInfo.environment) else {
      throw CommandFailure("neither XDG_STATE_HOME nor HOME is set, so a push could not be resumed")
    }
    let journal = try await openJournal(serverURL, plan, payload, io)
    let cache = await io.perform { DigestCache(folder: base) }
    let board = ProgressBoard()
    let display = ProgressDisplay(board: board)
    display.notice("the bag is valid; pushing \(payload.files.count) files to \(repoName) at \(serverURL)")
    let api = GatewayAPI(server: serverURL, connections: parallel + 2, trust: try server.trust())
    let result = try await ClientRun.closing(api) {
      let engine = PushEngine(
        api: api, plan: plan, journal: journal, board: board, io: io,
        policy: transfer.policy, cache: cache, notice: { display.notice($0) })
      return try await display.during { try await engine.run() }
    }
    try report(result)
  }

  /// The content belongs to the key: a bag that changed is another push, as its files are declared.
  private func openJournal(
    _ serverURL: ServerURL, _ plan: PushPlan, _ payload: BagCheck.Payload, _ io: any IOExecutor
  ) async throws -> PushJournal {
    guard let folder = StateFolder.pushes(environment: ProcessInfo.processInfo.environment) else {
      throw CommandFailure("neither XDG_STATE_HOME nor HOME is set, so a push could not be resumed")
    }
    var content = SHA256Stream()
    for file in payload.files {
      content.update(Array("\(payload.digests[file.path]?.hex ?? "") \(file.path.text)\n".utf8))
    }
    let key = StateFolder.key(
      server: serverURL, repo: plan.repo, label: plan.label, message: plan.message,
      sources: ["bag", ClientRun.absolute(self.folder), content.digest().hex])
    return try await PushJournal.open(folder: folder, key: key, io: io)
  }

  private func report(_ result: PushResult) throws {
    guard let bundle = result.bundle else { return }
    guard output.json else {
      return StandardOutput.line(
        "bundle \(bundle.id) (\(result.repo) #\(bundle.sequence)), \(result.files) files, "
          + "\(result.bytes) bytes, digest \(bundle.digest)")
    }
    try ClientRun.printJSON(
      Report(
        bundle: bundle.id, repo: result.repo, sequence: bundle.sequence, digest: bundle.digest,
        files: result.files, bytes: result.bytes))
  }
}
