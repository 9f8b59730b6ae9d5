import ArgumentParser
import Vocabulary

@main
struct Sheaf: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sheaf",
    abstract: "A resumable upload gateway that gathers files into immutable, versioned bundles.",
    discussion: """
      Start a gateway with 'sheaf serve', send a folder with 'sheaf push DIR --repo NAME --message TEXT'.
      Shell completion: sheaf --generate-completion-script bash|zsh|fish
      """,
    version: SheafVersion.current,
    subcommands: [
      Serve.self, Push.self, Verify.self, Bundle.self, Status.self, ConfigCommand.self, Version.self,
    ])
}
