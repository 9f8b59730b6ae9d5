import ArgumentParser

/// The older name of `sheaf pull`.
struct BundleDownloadCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "download", abstract: "Make a local folder hold the files of a bundle (as 'sheaf pull').",
    discussion: PullOptions.discussion)

  @OptionGroup var options: PullOptions

  func run() async throws { try await options.run() }
}
