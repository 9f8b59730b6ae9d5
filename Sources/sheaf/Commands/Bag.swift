import ArgumentParser
import Client
import Platform
import Vocabulary

struct Bag: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Exchange bundles with archives as BagIt bags (RFC 8493).",
    subcommands: [BagExportCommand.self, BagImport.self])
}

struct BagExportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write a bundle as a bag.",
    discussion: """
      The folder gets the bundle's files below 'data', manifests with SHA-256 and SHA-512, 'bag-info.txt' and, last of \
      all, 'bagit.txt'. It must be new or empty. After Ctrl-C, a crash or status 3, run it again: what is there is not \
      fetched again.

      EXIT STATUS
        0    the bag is whole
        1    a file could not be written, or the server refused
        2    bad usage or bad input, or the folder holds something else
        3    the server could not be reached within the retry budget
        130  interrupted
      """)

  @OptionGroup var bundle: BundleArgument

  @Option(help: "The folder that becomes the bag.", completion: .directory)
  var to: String

  @OptionGroup var transfer: TransferOption

  @OptionGroup var server: ServerOption
  @OptionGroup var output: OutputOption

  func run() async throws {
    let command = self
    try await ClientRun.run(interrupted: "interrupted; run the same command again to go on") {
      try await command.export()
    }
  }

  private struct Report: Encodable {
    var bundle: String
    var repo: String
    var files: Int
    var bytes: Int64
    var bag: String
  }

  private func export() async throws {
    guard !to.isEmpty else { throw CommandFailure("--to must name a folder") }
    let named = try bundle.address()
    let folder = ClientRun.absolute(to.hasSuffix("/") ? String(to.dropLast()) : to)
    let session = try PullSession(server: server, transfer: transfer)
    let (found, entries, failed) = try await ClientRun.closing(session.api) {
      let (found, entries) = try await session.entries(of: named)
      let bag = BagExport(folder: folder, bundle: found, io: session.io, parallel: transfer.parallel)
      try await bag.prepare()
      let request = PullRequest(
        bundle: found, entries: entries, folder: bag.payload, parallel: transfer.parallel)
      let outcome = try await session.run(request, notes: bag.notes)
      if outcome.failed.isEmpty { try await bag.finish(entries) }
      return (found, entries, outcome.failed)
    }
    for file in failed {
      StandardError.line(TextTable.visible("sheaf: \(quoted(file.path)): \(file.reason)"))
    }
    guard failed.isEmpty else { throw ClientExit.failed }
    guard output.json else {
      return StandardOutput.line(
        "bundle \(found.id) (\(found.repo) #\(found.sequence)): a bag of \(entries.count) files")
    }
    try ClientRun.printJSON(
      Report(
        bundle: found.id, repo: found.repo, files: entries.count, bytes: entries.reduce(0) { $0 + $1.size },
        bag: folder))
  }
}
