import ArgumentParser
import Client
import Platform

struct Verify: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check a bundle on the server, or a local folder against a bundle.",
    discussion: """
      Without --dir the server checks the bundle: its manifest and that every file is there; with --deep it reads every \
      stored byte again. With --dir the SHA-256 of each local file is compared with the bundle's as well. Files that \
      only the folder has are not looked at.

      EXIT STATUS
        0    everything matches
        1    something is missing or different, or the server refused
        2    bad usage or bad input
        3    the server could not be reached
        130  interrupted
      """)

  @OptionGroup var bundle: BundleArgument

  @Flag(help: "Read every stored byte again.")
  var deep = false

  @Option(help: "A local folder to compare with the bundle.", completion: .directory)
  var dir: String?

  @OptionGroup var server: ServerOption
  @OptionGroup var output: OutputOption

  func run() async throws {
    let command = self
    try await ClientRun.ask(server) { api, retrier in
      let named = try command.bundle.address()
      if let dir = command.dir { try ClientRun.requireFolder(dir) }
      let bundle = try await retrier.run { try await api.bundle(named) }
      let address = BundleAddress(repo: named.repo, reference: bundle.id)
      let stored = try await retrier.run { try await api.verify(address, isDeep: command.deep) }
      var local: [FolderCheck.Item]?
      if let dir = command.dir {
        let entries = try await api.entries(of: bundle, in: named.repo, retrier: retrier)
        let check = FolderCheck(
          folder: ClientRun.absolute(dir), io: ThreadedExecutor(name: "sheaf.client.io", threads: 4))
        local = try await check.run(entries)
      }
      try command.report(bundle, stored, local)
    }
  }

  private struct Report: Encodable {
    var match: Bool
    var bundle: String
    var repo: String
    var sequence: Int64
    var files: Int64
    var bytes: Int64
    var stored: [VerificationAnswer.Finding]
    var local: [FolderCheck.Item]?
  }

  private func report(
    _ bundle: BundleAnswer, _ stored: VerificationAnswer, _ local: [FolderCheck.Item]?
  ) throws {
    let isMatch = stored.match && local?.isEmpty ?? true
    if output.json {
      try ClientRun.printJSON(
        Report(
          match: isMatch, bundle: bundle.id, repo: bundle.repo, sequence: bundle.sequence,
          files: stored.files ?? bundle.fileCount, bytes: stored.bytes ?? bundle.byteCount,
          stored: stored.problems ?? [], local: local))
    } else {
      for finding in stored.problems ?? [] { line("server", finding.path, finding.reason) }
      for item in local ?? [] { line("local", item.path, item.reason.rawValue) }
      let checked = "bundle \(bundle.id) (\(bundle.repo) #\(bundle.sequence)), \(bundle.fileCount) files"
      StandardOutput.line(isMatch ? "\(checked): everything matches" : "\(checked): does not match")
    }
    guard isMatch else { throw ClientExit.failed }
  }

  private func line(_ place: String, _ path: String, _ reason: String) {
    StandardOutput.line(TextTable.visible("\(place): \(path): \(reason)"))
  }
}
