import ArgumentParser
import Client
import Platform
import Vocabulary

struct RepoSet: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "set", abstract: "Change a repo's description, its rules of retention, or its weight.",
    discussion: """
      A bundle is deleted when every rule that is set lets it go. The latest bundle and those with a label always stay. \
      What is not named stays as it is, also the other rule; --keep-all removes both.

      \(ClientExit.help)
      """)

  @Argument(help: "The repo.") var repo: String
  @Option(name: [.short, .long], help: "What the repo is about; an empty text removes it.")
  var description: String?
  @Option(help: "Keep this many of the newest bundles.") var keepLatest: Int?
  @Option(help: "Keep bundles that are younger than this many days.") var keepDays: Int?
  @Flag(help: "Remove the rules: keep every bundle.") var keepAll = false
  @Option(help: "The repo's share of commits when several repos wait, 1 to 100.") var weight: Int?
  @OptionGroup var author: AuthorOption
  @OptionGroup var server: ServerOption
  @OptionGroup var output: OutputOption

  func run() async throws {
    let command = self
    guard !keepAll || (keepLatest == nil && keepDays == nil) else {
      throw CommandFailure(
        "--keep-all removes all rules; it cannot stand beside --keep-latest or --keep-days")
    }
    let hasRules = keepLatest != nil || keepDays != nil || keepAll
    guard hasRules || description != nil || weight != nil else {
      throw CommandFailure(
        "say what to change: --description, --keep-latest, --keep-days, --keep-all or --weight")
    }
    let seconds = try Repo.seconds("--keep-days", days: keepDays)
    if let weight, !(1...100).contains(weight) {
      throw CommandFailure("--weight must be 1 to 100, not \(weight)")
    }
    try Repo.check("--keep-latest", count: keepLatest)
    try await ClientRun.change(server, author) { api, retrier in
      let name = try RepoName(command.repo)
      var rules = RepoAnswer.Retention(latest: command.keepLatest, ageSeconds: seconds)
      // The server takes both rules as one.
      if hasRules, !command.keepAll {
        let current = try await retrier.run { try await api.repo(name) }.retention
        rules.latest = rules.latest ?? current?.latest
        rules.ageSeconds = rules.ageSeconds ?? current?.ageSeconds
      }
      let change = RepoChangeRequest(
        description: command.description, weight: command.weight, retention: hasRules ? rules : nil)
      let repo = try await api.changeRepo(name, change)
      try ClientRun.print(repo, command.output, Repo.facts(repo))
    }
  }
}

struct RepoRename: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rename", abstract: "Give a repo another name; its bundles, labels and open pushes follow.",
    discussion: ClientExit.help)

  @Argument(help: "The repo.") var repo: String
  @Argument(help: "Its new name.") var newName: String
  @OptionGroup var author: AuthorOption
  @OptionGroup var server: ServerOption
  @OptionGroup var output: OutputOption

  func run() async throws {
    let command = self
    try await ClientRun.change(server, author) { api, retrier in
      let (name, newName) = (try RepoName(command.repo), try RepoName(command.newName))
      // A commit that runs in it is soon done.
      let repo = try await retrier.run {
        try await api.changeRepo(name, RepoChangeRequest(name: newName.text))
      }
      try ClientRun.print(repo, command.output, Repo.facts(repo))
    }
  }
}

struct RepoRemove: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rm", abstract: "Delete a repo with all its bundles and labels.", discussion: ClientExit.help
  )

  @Argument(help: "The repo.") var repo: String
  @OptionGroup var confirmation: ConfirmOption
  @OptionGroup var author: AuthorOption
  @OptionGroup var server: ServerOption

  func run() async throws {
    let command = self
    try await ClientRun.change(server, author) { api, retrier in
      let name = try RepoName(command.repo)
      let repo = try await retrier.run { try await api.repo(name) }
      try await command.confirmation.confirm(
        "Delete repo \(name) with \(repo.bundleCount) bundles, for ever?")
      try await api.deleteRepo(name)
      StandardOutput.line("deleted repo \(name) with \(repo.bundleCount) bundles")
    }
  }
}

struct RepoSquash: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "squash", abstract: "Delete the older bundles of a repo.",
    discussion: """
      A bundle is deleted when every rule that is given lets it go. The latest bundle and those with a label always stay.

      \(ClientExit.help)
      """)

  @Argument(help: "The repo.") var repo: String
  @Option(help: "Keep this many of the newest bundles.") var latest: Int?
  @Option(help: "Keep bundles that are younger than this many days.") var days: Int?
  @Flag(name: [.short, .long], help: "Only tell which bundles would go.") var dryRun = false
  @OptionGroup var confirmation: ConfirmOption
  @OptionGroup var author: AuthorOption
  @OptionGroup var server: ServerOption
  @OptionGroup var output: OutputOption

  func run() async throws {
    let command = self
    guard latest != nil || days != nil else {
      throw CommandFailure("say what to keep: --latest, --days or both")
    }
    let seconds = try Repo.seconds("--days", days: days)
    try Repo.check("--latest", count: latest)
    try await ClientRun.change(server, author) { api, _ in
      let name = try RepoName(command.repo)
      func squash(isDryRun: Bool) async throws -> SquashAnswer {
        try await api.squash(name, latest: command.latest, ageSeconds: seconds, isDryRun: isDryRun)
      }
      var answer = try await squash(isDryRun: true)
      if !command.dryRun, !answer.bundles.isEmpty {
        let count = "\(answer.isComplete ? "" : "at least ")\(answer.bundles.count)"
        try await command.confirmation.confirm("Delete \(count) bundles of repo \(name), for ever?")
        answer = try await squash(isDryRun: false)
        while !answer.isComplete {
          let more = try await squash(isDryRun: false)
          answer.bundles += more.bundles
          answer.isComplete = more.isComplete
        }
      }
      try command.report(answer)
    }
  }

  private func report(_ answer: SquashAnswer) throws {
    guard !output.json else { return try ClientRun.printJSON(answer) }
    for bundle in answer.bundles {
      StandardOutput.line("\(dryRun ? "would delete" : "deleted") #\(bundle.sequence) \(bundle.id)")
    }
    if answer.bundles.isEmpty { StandardOutput.line("nothing to delete") }
  }
}
