import ArgumentParser
import Client
import Platform
import Vocabulary

struct BundleShow: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show a bundle.", discussion: ClientExit.help)

  @OptionGroup var bundle: BundleArgument
  @OptionGroup var server: ServerOption
  @OptionGroup var output: OutputOption

  func run() async throws {
    let command = self
    try await ClientRun.ask(server) { api, retrier in
      let address = try command.bundle.address()
      let bundle = try await retrier.run { try await api.bundle(address) }
      try ClientRun.print(bundle, command.output, Self.facts(bundle))
    }
  }

  static func facts(_ bundle: BundleAnswer) -> [(String, String?)] {
    func list(_ items: [String]?) -> String? {
      items.flatMap { $0.isEmpty ? nil : $0.joined(separator: ", ") }
    }
    return [
      ("Bundle", "\(bundle.repo) #\(bundle.sequence)"), ("Id", bundle.id), ("Message", bundle.message),
      ("Labels", list(bundle.labels)), ("Created", bundle.createdAt), ("Author", bundle.author),
      ("Contributors", list(bundle.contributors)),
      ("Files", String(bundle.fileCount)),
      ("Size", "\(ProgressText.bytes(bundle.byteCount)) (\(bundle.byteCount) bytes)"),
      ("Digest", bundle.digest), ("Parents", list(bundle.parents)), ("Push", bundle.push),
    ]
  }
}

struct BundleRemove: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rm", abstract: "Delete a bundle that has no label.",
    discussion: """
      Its number is not given again. The space of files that no other bundle has comes back with 'sheaf gc'.

      \(ClientExit.help)
      """)

  @OptionGroup var bundle: BundleArgument
  @OptionGroup var confirmation: ConfirmOption
  @OptionGroup var author: AuthorOption
  @OptionGroup var server: ServerOption

  func run() async throws {
    let command = self
    try await ClientRun.change(server, author) { api, retrier in
      let named = try command.bundle.address()
      let bundle = try await retrier.run { try await api.bundle(named) }
      try await command.confirmation.confirm(
        "Delete bundle #\(bundle.sequence) of repo \(bundle.repo) (\(TextTable.visible(bundle.message))), for ever?"
      )
      try await api.deleteBundle(BundleAddress(repo: named.repo, reference: bundle.id))
      StandardOutput.line("deleted bundle \(bundle.id) (\(bundle.repo) #\(bundle.sequence))")
    }
  }
}
