import ArgumentParser
import Platform
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
      Serve.self, Push.self, Pull.self, Diff.self, Verify.self, Repo.self, Bundle.self, Bag.self,
      Label.self, Log.self, Pushes.self, Status.self, Collect.self, Backup.self, Restore.self,
      DoctorCommand.self, ConfigCommand.self, Version.self, SourceCommand.self,
    ])

  /// Usage errors and refusals to start end with status 2 and text on standard error; see each command's EXIT STATUS.
  static func main() async {
    do {
      var command = try parseAsRoot()
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch let failure as CommandFailure {
      StandardError.line("sheaf: \(failure.text)")
      exit(withError: ExitCode(2))
    } catch  where exitCode(for: error) == .validationFailure {
      StandardError.line(fullMessage(for: error))
      exit(withError: ExitCode(2))
    } catch {
      exit(withError: error)
    }
  }
}
