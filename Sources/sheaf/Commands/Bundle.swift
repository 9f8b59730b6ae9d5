import ArgumentParser
import Client
import Platform
import Vocabulary

struct Bundle: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List, show, download and delete bundles.",
    subcommands: [
      BundleList.self, BundleShow.self, BundleRemove.self, BundleFiles.self, BundleCat.self,
      BundleDownloadCommand.self,
    ])
}

struct BundleList: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ls", abstract: "List the bundles of a repo, newest first.", discussion: ClientExit.help)

  @Argument(help: "The repo.") var repo: String
  @OptionGroup var server: ServerOption
  @OptionGroup var output: OutputOption

  func run() async throws {
    let command = self
    try await ClientRun.ask(server) { api, retrier in
      let bundles = try await api.bundles(of: try RepoName(command.repo), retrier: retrier)
      guard !command.output.json else { return try ClientRun.printJSON(bundles) }
      let rows = bundles.map { bundle in
        [
          String(bundle.sequence), bundle.id, bundle.createdAt, String(bundle.fileCount),
          ProgressText.bytes(bundle.byteCount), (bundle.labels ?? []).joined(separator: ","), bundle.message,
        ]
      }
      let columns: [(head: String, TextTable.Alignment)] = [
        ("#", .right), ("ID", .left), ("CREATED", .left), ("FILES", .right), ("SIZE", .right),
        ("LABELS", .left), ("MESSAGE", .left),
      ]
      for line in TextTable.lines(columns, rows) { StandardOutput.line(line) }
    }
  }
}

struct BundleFiles: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "files", abstract: "List the files of a bundle, by path.", discussion: ClientExit.help)

  @OptionGroup var bundle: BundleArgument
  @OptionGroup var server: ServerOption
  @OptionGroup var output: OutputOption

  func run() async throws {
    let command = self
    try await ClientRun.ask(server) { api, retrier in
      let named = try command.bundle.address()
      let bundle = try await retrier.run { try await api.bundle(named) }
      let entries = try await api.entries(of: bundle, in: named.repo, retrier: retrier)
      guard !command.output.json else { return try ClientRun.printJSON(entries) }
      let columns: [(head: String, TextTable.Alignment)] = [
        ("SHA-256", .left), ("SIZE", .right), ("MODE", .left), ("MODIFIED", .left), ("PATH", .left),
      ]
      let rows = entries.map { [$0.sha256, String($0.size), $0.mode ?? "-", $0.mtime ?? "-", $0.path] }
      for line in TextTable.lines(columns, rows) { StandardOutput.line(line) }
    }
  }
}

struct BundleCat: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cat", abstract: "Write one file of a bundle to standard output.",
    discussion: """
      The bytes are written as they come; their SHA-256 is compared at the end, so look at the status.

      EXIT STATUS
        0    done, and what was written is what the bundle has (or the reader of the pipe had enough)
        1    the server refused, or what arrived is not what the bundle has
        2    bad usage or bad input, such as a file that the bundle has not
        3    the server could not be reached
        130  interrupted
      """)

  @OptionGroup var bundle: BundleArgument
  @Argument(help: "The file's path in the bundle.") var path: String
  @OptionGroup var server: ServerOption

  func run() async throws {
    let command = self
    try await ClientRun.ask(server) { api, retrier in
      let named = try command.bundle.address()
      let path = try BundlePath(command.path)
      let bundle = try await retrier.run { try await api.bundle(named) }
      let address = BundleAddress(repo: named.repo, reference: bundle.id)
      let io = ThreadedExecutor(name: "sheaf.client.io", threads: 1)
      let receiver = EntryReceiver(api: api, bundle: address, retrier: retrier)
      do {
        let received = try await receiver.receive(path, size: nil) { part, _ in
          try await io.run { try part.withUnsafeBytes { try Terminal.output.write($0) } }
        }
        guard let declared = received.declared, declared == received.digest.reprDigest else {
          throw ClientError.unexpected(
            "what arrived has sha256 \(received.digest), which the server did not declare")
        }
      } catch let error as FileError where error.isBrokenPipe {
        return
      }
    }
  }
}
