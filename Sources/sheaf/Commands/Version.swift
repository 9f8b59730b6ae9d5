import ArgumentParser
import Platform
import Vocabulary

struct Version: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print the version of this program.",
    discussion: """
      EXIT STATUS
        0  done
      """)

  @OptionGroup var output: OutputOption

  func run() throws {
    if output.json {
      try ClientRun.printJSON(["version": SheafVersion.current])
    } else {
      StandardOutput.line("sheaf \(SheafVersion.current)")
    }
  }
}
