/// What the program can measure, in the order of `all`.
enum ScenarioName: String, CaseIterable, Sendable {
  case large, chunks, small, many, idle, latency, digest, history, push, protocols, batch, dataset

  /// Its table.
  func run(_ session: Session) throws -> String {
    switch self {
    case .large: try session.run(session.large())
    case .chunks: try session.run(session.chunks())
    case .small: try session.run(session.small())
    case .many: try session.run(session.many())
    case .idle: try session.run(session.idle())
    case .latency: try session.run(session.latency())
    case .digest: try session.run(session.digest())
    case .history: try session.history()
    case .push: try session.push()
    case .protocols: try session.protocols()
    case .batch: try session.batch()
    case .dataset: try session.dataset()
    }
  }
}
