import ArgumentParser
import Client
import Foundation
import Platform
import Vocabulary

struct Diff: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what changes from one bundle to another, or to a local folder.",
    discussion: """
      One line per file, by path: 'A path' added, 'D path' deleted, 'U path' updated, 'R old -> new' renamed with its \
      content unchanged. Files are compared by SHA-256; other modes and times are no difference. A folder's symbolic \
      links, special files and '.sheaf' are not looked at.

      EXIT STATUS
        0    nothing differs
        1    something differs
        2    bad usage or bad input, or the server refused
        3    the server could not be reached
        130  interrupted
      """)

  @OptionGroup var bundle: BundleArgument

  @Argument(
    help: ArgumentHelp(
      "The other bundle; without REPO, as in 'v2' or '@v2', one of the same repo.", valueName: "other"))
  var other: String?

  @Option(help: "A local folder instead of the other bundle.", completion: .directory)
  var dir: String?

  @OptionGroup var server: ServerOption
  @OptionGroup var output: OutputOption

  func run() async throws {
    let command = self
    let areEqual = Locked(true)
    do {
      try await ClientRun.ask(server) { api, retrier in
        guard (command.other == nil) != (command.dir == nil) else {
          throw CommandFailure("name either another bundle or a folder with --dir")
        }
        let named = try command.bundle.address()
        let found = try await retrier.run { try await api.bundle(named) }
        let old = BundleAddress(repo: named.repo, reference: found.id)
        let counts =
          if let dir = command.dir {
            try await command.compare(found, in: named.repo, folder: dir, api, retrier)
          } else {
            try await command.compare(old, with: command.other ?? "", api, retrier)
          }
        areEqual.withLock { $0 = counts.areEqual }
      }
    } catch let code as ExitCode where code == ClientExit.failed {
      // Status 1 says that something differs, as with diff(1).
      throw ClientExit.badInput
    }
    guard areEqual.withLock({ $0 }) else { throw ClientExit.failed }
  }

  private struct Report: Encodable {
    var items: [ChangeAnswer]
    var summary: ChangeCounts
    var renamesMatched: Bool
  }

  private func compare(
    _ old: BundleAddress, with other: String, _ api: GatewayAPI, _ retrier: Retrier
  ) async throws -> ChangeCounts {
    let name = other.hasPrefix("@") ? String(other.dropFirst()) : other
    let named = try BundleAddress(name.contains("@") ? name : "\(old.repo)@\(name)")
    let new = BundleAddress(
      repo: named.repo, reference: try await retrier.run { try await api.bundle(named) }.id)
    var report = Report(items: [], summary: ChangeCounts(), renamesMatched: true)
    try await api.visitDifferences(from: old, to: new, retrier: retrier) { page in
      report.summary = page.summary
      report.renamesMatched = page.renamesMatched
      if output.json {
        report.items += page.items
      } else {
        page.items.forEach(printLine)
      }
    }
    try finish(report)
    return report.summary
  }

  private func compare(
    _ old: BundleAnswer, in repo: RepoName, folder: String, _ api: GatewayAPI, _ retrier: Retrier
  ) async throws -> ChangeCounts {
    try ClientRun.requireFolder(folder)
    let path = ClientRun.absolute(folder)
    let io = ThreadedExecutor(name: "sheaf.client.io", threads: 4)
    let scan = await io.perform { FolderScan(contentsOf: path) }
    for warning in scan.warnings { StandardError.line("sheaf: \(TextTable.visible(warning))") }
    guard scan.errors.isEmpty else { throw CommandFailure(scan.errors.joined(separator: "\nsheaf: ")) }
    let entries = try await api.entries(of: old, in: repo, retrier: retrier)
    let found = try await FolderDiff(folder: path, io: io).run(entries, scan.files)
    if !output.json { found.changes.forEach(printLine) }
    try finish(
      Report(items: found.changes, summary: found.counts, renamesMatched: found.areRenamesMatched))
    return found.counts
  }

  private func printLine(_ change: ChangeAnswer) { StandardOutput.line(TextTable.visible(change.line)) }

  private func finish(_ report: Report) throws {
    if output.json { try ClientRun.printJSON(report) }
    if !report.renamesMatched {
      StandardError.line("sheaf: too many files are new or gone to look for renamed ones among them")
    }
  }
}
