import GatewayConfiguration
import HTTPEdge
import Logging
import Platform
import Vocabulary

/// Sets up logging on standard error, as text or as one JSON object per line.
enum LogOutput {
  static func start(_ settings: Settings) -> Logger {
    let level = Logger.Level(rawValue: settings.logLevel.rawValue) ?? .info
    switch settings.logFormat {
    case .text:
      LoggingSystem.bootstrap { label in
        var handler = StreamLogHandler.standardError(label: label)
        handler.logLevel = level
        return handler
      }
    case .json:
      LoggingSystem.bootstrap { label in JSONLogHandler(label: label, logLevel: level) }
    }
    return Logger(label: "sheaf")
  }
}

/// A log line as a JSON object.
struct JSONLogHandler: LogHandler {
  let label: String
  var logLevel: Logger.Level
  var metadata: Logger.Metadata = [:]

  init(label: String, logLevel: Logger.Level) {
    self.label = label
    self.logLevel = logLevel
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var members: [JSONValue.Member] = [
      .init("at", .time(SystemClock().now())), .init("level", .string(event.level.rawValue)),
      .init("message", .string(event.message.description)),
    ]
    let merged = metadata.merging(event.metadata ?? [:]) { $1 }
    for (key, value) in merged.sorted(by: { $0.key < $1.key }) {
      members.append(.init(key, .string("\(value)")))
    }
    StandardError.line(JSONValue.object(members).encoded)
  }
}
