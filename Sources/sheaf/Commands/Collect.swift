import ArgumentParser
import Client
import Platform
import Vocabulary

struct Collect: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gc",
    abstract: "Free the space of stored files that no bundle and no push needs any more.",
    discussion: """
      The server does it while everything else goes on, and by itself once in upkeep.collectionHours. Deleting a bundle \
      frees nothing before. Interrupting this command does not stop the server's work.

      EXIT STATUS
        0    done
        1    the server could not do it, and says why
        2    bad usage or bad input
        3    the server could not be reached
        130  interrupted
      """)

  @Flag(name: [.short, .long], help: "Only count what would go.") var dryRun = false
  @OptionGroup var author: AuthorOption
  @OptionGroup var server: ServerOption
  @OptionGroup var output: OutputOption

  func run() async throws {
    let command = self
    try await ClientRun.change(server, author) { api, retrier in
      var answer = try await api.startCollection(isDryRun: command.dryRun)
      guard answer.dryRun == command.dryRun else {
        throw ClientError.unexpected("another collection is running; try again when it is done")
      }
      let started = answer.startedAt
      var seconds = 0.1
      while answer.state == "running" {
        try await Task.sleep(for: .seconds(seconds))
        seconds = min(2, seconds * 1.5)
        answer = try await retrier.run { try await api.currentCollection() }
        guard answer.startedAt == started else {
          throw ClientError.unexpected("the server was started again meanwhile; run it once more")
        }
      }
      try command.report(answer)
    }
  }

  private func report(_ answer: CollectionAnswer) throws {
    if output.json {
      try ClientRun.printJSON(answer)
    } else if answer.state == "done" {
      let verb = dryRun ? "would remove" : "removed"
      StandardOutput.line(
        "\(verb) \(answer.removedObjects) objects, \(ProgressText.bytes(answer.removedBytes)); "
          + "\(answer.liveObjects) objects of \(answer.bundles) bundles and of unfinished pushes stay")
      if answer.rewrittenPacks > 0 {
        StandardOutput.line(
          "\(dryRun ? "would rewrite" : "rewrote") \(answer.rewrittenPacks) packs, "
            + "\(ProgressText.bytes(answer.reclaimedPackBytes)) less")
      }
    }
    guard answer.state == "done" else {
      ClientRun.complain("the collection failed: \(answer.error ?? "no reason was given")")
      throw ClientExit.failed
    }
  }
}
