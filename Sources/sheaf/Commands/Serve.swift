import ArgumentParser
import Blobs
import Bundles
import Catalog
import CatalogSQLite
import GatewayConfiguration
import HTTPEdge
import Ingestion
import Logging
import Platform
import Scheduling
import ServiceLifecycle
import UnixSignals

struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run the gateway.",
    discussion: """
      Needs nothing but a data folder. When it is ready it prints one line with the URLs of its page and its uploads.
      SIGTERM and SIGINT drain: new uploads are refused, running ones keep what they have, and the server ends.

      EXIT STATUS
        0  ended by a signal, everything safe
        1  the server failed while it ran
        2  it could not start: bad settings, a data folder in use or not usable, a port that is taken
      """)

  @OptionGroup var flags: SettingFlags

  func run() async throws {
    let resolved = try flags.resolve()
    let settings = resolved.settings
    guard !settings.allowCredentials || settings.allowedOrigins != .all else {
      throw CommandFailure(
        "setting server.allowCredentials cannot be true while server.allowedOrigins is \"*\"; "
          + "list the origins that may send credentials")
    }
    // A timeout is found at a heartbeat: a shorter one could not be kept.
    guard
      settings.commitTimeoutSeconds == 0
        || settings.commitTimeoutSeconds * 1000 > settings.heartbeatMilliseconds
    else {
      throw CommandFailure(
        "setting scheduler.commitTimeoutSeconds is \(settings.commitTimeoutSeconds); it must be longer than "
          + "scheduler.heartbeatMilliseconds, which is \(settings.heartbeatMilliseconds), or 0")
    }
    // Before the data folder is touched, so that what cannot be listened on changes nothing.
    let listening = try ListeningPlan(settings)
    let sources = try SourcePlan.sources(settings.sources, data: settings.data)
    let logger = LogOutput.start(settings)
    let composition: Composition
    do {
      composition = try Composition(resolved, sources: sources, logger: logger)
    } catch let error as DataFolderError {
      throw CommandFailure("\(error)")
    } catch {
      throw CommandFailure("cannot start with data folder \(settings.data): \(error)")
    }
    do {
      try await composition.recover()
    } catch {
      throw CommandFailure("cannot recover data folder \(settings.data): \(error)")
    }
    var configuration = ServiceGroupConfiguration(
      services: [
        .init(service: SchedulerService(scheduler: composition.services.scheduler)),
        .init(service: IngestService(runner: composition.services.ingests)),
        .init(service: ServerService(services: composition.services, listening: listening)),
        .init(service: ScrubService(scrubber: composition.scrubber)),
        .init(service: ReloadService(tls: listening.tls, logger: logger)),
      ],
      gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
    configuration.maximumGracefulShutdownDuration = .seconds(settings.drainSeconds)
    try await ServiceGroup(configuration: configuration).run()
    await composition.services.collection.stop()
    try composition.services.catalog.close()
  }
}

/// One line for the operator on standard error, and exit status 2.
struct CommandFailure: Error {
  let text: String
  init(_ text: String) { self.text = text }
}

private struct ScrubService: Service {
  let scrubber: Scrubber?

  func run() async throws {
    await cancelWhenGracefulShutdown {
      await scrubber?.run()
      // A service that ends takes the server with it.
      try? await gracefulShutdown()
    }
  }
}

private struct IngestService: Service {
  let runner: IngestRunner

  func run() async throws {
    await cancelWhenGracefulShutdown { await runner.run() }
  }
}

private struct SchedulerService: Service {
  let scheduler: SchedulerRunner

  func run() async throws {
    await cancelWhenGracefulShutdown { await scheduler.run() }
  }
}
