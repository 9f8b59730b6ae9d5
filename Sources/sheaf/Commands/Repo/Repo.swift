import ArgumentParser
import Client
import Platform
import Vocabulary

struct Repo: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Create, list, show, change, rename, thin out and delete repos.",
    subcommands: [
      RepoCreate.self, RepoList.self, RepoShow.self, RepoSet.self, RepoRename.self, RepoSquash.self,
      RepoRemove.self,
    ])

  static func facts(_ repo: RepoAnswer) -> [(String, String?)] {
    [
      ("Repo", repo.name), ("Description", repo.description), ("Created", repo.createdAt),
      ("Bundles", String(repo.bundleCount)),
      ("Latest", repo.latest.map { "#\($0.sequence) \($0.id)" }),
      ("Keeps", repo.retention.flatMap(rules) ?? "every bundle"),
      ("Weight", repo.weight.map(String.init)),
    ]
  }

  private static func rules(_ retention: RepoAnswer.Retention) -> String? {
    let rules = [
      retention.latest.map { "the newest \($0)" },
      retention.ageSeconds.map { "those younger than \($0 / 86_400) days" },
    ].compactMap { $0 }
    return rules.isEmpty ? nil : rules.joined(separator: ", ") + ", and those with a label"
  }

  /// Days from the command line in seconds.
  ///
  /// - Throws: `CommandFailure` naming the option.
  static func seconds(_ option: String, days: Int?) throws -> Int64? {
    guard let days else { return nil }
    guard (0...365_000).contains(days) else {
      throw CommandFailure("\(option) must be 0 to 365000 days, not \(days)")
    }
    return Int64(days) * 86_400
  }
}

extension Repo {
  /// - Throws: `CommandFailure` naming the option.
  static func check(_ option: String, count: Int?) throws {
    if let count, count < 1 { throw CommandFailure("\(option) must be 1 or more, not \(count)") }
  }
}

struct RepoCreate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "create",
    abstract: "Create a repo; one that is there stays as it is. A push creates its repo by itself.",
    discussion: ClientExit.help)

  @Argument(help: "The new repo.") var repo: String
  @Option(name: [.short, .long], help: "What the repo is about.") var description: String?
  @OptionGroup var author: AuthorOption
  @OptionGroup var server: ServerOption
  @OptionGroup var output: OutputOption

  func run() async throws {
    let command = self
    try await ClientRun.change(server, author) { api, _ in
      let repo = try await api.createRepo(try RepoName(command.repo), description: command.description)
      try ClientRun.print(repo, command.output, Repo.facts(repo))
    }
  }
}

struct RepoList: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ls", abstract: "List the repos by name.", discussion: ClientExit.help)

  @OptionGroup var server: ServerOption
  @OptionGroup var output: OutputOption

  func run() async throws {
    let command = self
    try await ClientRun.ask(server) { api, retrier in
      let repos = try await api.repos(retrier: retrier)
      guard !command.output.json else { return try ClientRun.printJSON(repos) }
      let columns: [(head: String, TextTable.Alignment)] = [
        ("REPO", .left), ("BUNDLES", .right), ("LATEST", .left), ("CREATED", .left), ("DESCRIPTION", .left),
      ]
      let rows = repos.map { repo in
        [
          repo.name, String(repo.bundleCount), repo.latest.map { "#\($0.sequence)" } ?? "-", repo.createdAt,
          repo.description ?? "",
        ]
      }
      for line in TextTable.lines(columns, rows) { StandardOutput.line(line) }
    }
  }
}

struct RepoShow: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show a repo.", discussion: ClientExit.help)

  @Argument(help: "The repo.") var repo: String
  @OptionGroup var server: ServerOption
  @OptionGroup var output: OutputOption

  func run() async throws {
    let command = self
    try await ClientRun.ask(server) { api, retrier in
      let name = try RepoName(command.repo)
      let repo = try await retrier.run { try await api.repo(name) }
      try ClientRun.print(repo, command.output, Repo.facts(repo))
    }
  }
}
