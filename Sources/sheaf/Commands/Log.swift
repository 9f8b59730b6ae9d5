import ArgumentParser
import Client
import Platform
import Vocabulary

struct Log: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tell the history of a repo: its bundles and the moves of its labels, newest first.",
    discussion: ClientExit.help)

  @Argument(help: "The repo.") var repo: String
  @Option(name: [.customShort("n"), .long], help: "At most this many bundles.") var limit: Int?
  @Flag(help: "Leave out the moves of labels.") var noLabels = false
  @OptionGroup var server: ServerOption
  @OptionGroup var output: OutputOption

  private struct Report: Encodable {
    var bundles: [BundleAnswer]
    var labelMoves: [LabelMoveAnswer]
  }

  func run() async throws {
    let command = self
    if let limit, limit < 1 { throw CommandFailure("--limit must be 1 or more, not \(limit)") }
    try await ClientRun.ask(server) { api, retrier in
      let repo = try RepoName(command.repo)
      let all = try await api.bundles(of: repo, retrier: retrier)
      let bundles = Array(all.prefix(command.limit ?? .max))
      var moves =
        command.noLabels ? [] : try await api.labelMoves(of: repo, label: nil, retrier: retrier)
      // Times of one form are in order as text.
      if bundles.count < all.count, let oldest = bundles.last { moves.removeAll { $0.at < oldest.createdAt } }
      if command.output.json {
        return try ClientRun.printJSON(Report(bundles: bundles, labelMoves: moves))
      }
      for line in Self.lines(bundles, moves) { StandardOutput.line(line) }
    }
  }

  /// A label that a push brought is told with its bundle and not once more by itself.
  static func lines(_ bundles: [BundleAnswer], _ moves: [LabelMoveAnswer]) -> [String] {
    var lines: [String] = []
    var rest = moves[...]
    let brought = Set(bundles.compactMap { bundle in bundle.label.map { "\($0) \(bundle.id)" } })
    func tellMoves(since time: String?) {
      while let move = rest.first, time.map({ move.at >= $0 }) ?? true {
        rest.removeFirst()
        if let bundle = move.bundle, brought.contains("\(move.label) \(bundle)") { continue }
        lines += ["label   \(text(of: move))", ""]
      }
    }
    for bundle in bundles {
      tellMoves(since: bundle.createdAt)
      lines += text(of: bundle)
    }
    tellMoves(since: nil)
    if lines.last == "" { lines.removeLast() }
    return lines
  }

  private static func text(of bundle: BundleAnswer) -> [String] {
    let labels = (bundle.labels ?? []).isEmpty ? "" : " (\((bundle.labels ?? []).joined(separator: ", ")))"
    let author = bundle.author.map { ["author  \(TextTable.visible($0))"] } ?? []
    let message = bundle.message.split(separator: "\n", omittingEmptySubsequences: false)
      .map { "    \(TextTable.visible(String($0)))" }
    let head = ["bundle  #\(bundle.sequence) \(bundle.id)\(labels)"] + author
    let facts = [
      "date    \(bundle.createdAt)",
      "files   \(bundle.fileCount), \(ProgressText.bytes(bundle.byteCount))", "",
    ]
    return head + facts + message + [""]
  }

  /// One line: when, which label, where to, who.
  static func text(of move: LabelMoveAnswer) -> String {
    let target = move.bundle.map { "to \($0)" } ?? "removed"
    return "\(move.at)  \(move.label) \(target)"
      + (move.actor.map { "  by \(TextTable.visible($0))" } ?? "")
  }
}
