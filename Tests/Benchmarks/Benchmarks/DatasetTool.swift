import Glibc
import Platform

/// One program that keeps a dataset.
final class DatasetTool: Sendable {
  enum Kind: String {
    case push = "sheaf push"
    case source = "sheaf source push"
    case restic
    case rsync
  }

  /// What a step took, if the program has such a step.
  struct Outcome {
    var cpuSeconds: Double
    /// Of content that left the program, as it says itself.
    var bytes: Int?
  }

  private struct State {
    var server: Server?
    var store = ""
    var bundles: [String] = []
  }

  private let kind: Kind
  private let session: Session
  private let state = Locked(State())

  private init(_ kind: Kind, _ session: Session) {
    self.kind = kind
    self.session = session
  }

  /// sheaf both ways, and whichever of the others this machine has.
  static func installed(in session: Session) throws -> [DatasetTool] {
    var tools = [DatasetTool(.push, session), DatasetTool(.source, session)]
    for kind in [Kind.restic, .rsync] {
      if access("/usr/bin/\(kind.rawValue)", X_OK) == 0 {
        tools.append(DatasetTool(kind, session))
      } else {
        session.note("\(kind.rawValue) is not installed and does not take part")
      }
    }
    return tools
  }

  var name: String { kind.rawValue }
  var serverProcess: RunningProcess? { state.withLock { $0.server }?.process }

  func start(store: String, source: String) throws {
    state.withLock { $0 = State(store: store) }
    switch kind {
    case .push, .source:
      let server = try Server(
        name: name, program: session.options.sheaf,
        ["serve", "--data", store, "--port", "0", "--source", "tree=\(source)"], folder: store, log: log)
      state.withLock { $0.server = server }
    case .restic: _ = try restic(["init"])
    case .rsync: break
    }
  }

  /// Ends the server; doing it again changes nothing.
  func stop() { state.withLock { $0.server }?.kill() }

  /// nil when the program has no such step.
  func run(_ step: DatasetStep, source: String, output: String) throws -> Outcome? {
    switch kind {
    case .push, .source: try runSheaf(step, source: source, output: output)
    case .restic: try runRestic(step, source: source, output: output)
    case .rsync: try runRsync(step, source: source, output: output)
    }
  }

  /// Where the files are after the steps that bring them out.
  func restored(in output: String, source: String) -> String { kind == .restic ? output + source : output }

  private var log: String { "\(session.workspace.root)/log" }

  private func runSheaf(_ step: DatasetStep, source: String, output: String) throws -> Outcome? {
    switch step {
    case .first, .unchanged, .changed:
      let common = ["--repo", "dataset", "--message", step.rawValue, "--json"]
      let (text, cpu) =
        kind == .push
        ? try sheaf(["push", "\(source)/"] + common)
        : try sheaf(["source", "push", "tree", "--wait"] + common)
      guard let bundle = string(of: "bundle", in: text) else {
        throw BenchmarkError("\(name) made no bundle: \(text)")
      }
      state.withLock { $0.bundles.append(bundle) }
      return Outcome(cpuSeconds: cpu, bytes: kind == .push ? integer(of: "bytesSent", in: text) : nil)
    case .out, .update:
      // Both ways have the same way back.
      guard kind == .push else { return nil }
      let (text, cpu) = try sheaf(["pull", "dataset@latest", "--to", output, "--json"])
      return Outcome(cpuSeconds: cpu, bytes: integer(of: "bytesFetched", in: text))
    case .difference:
      guard kind == .push else { return nil }
      let first = state.withLock { $0.bundles[0] }
      let (text, cpu) = try sheaf(["diff", "dataset@\(first)", "latest", "--json"], succeeds: false)
      guard integer(of: "unchanged", in: text) != nil else {
        throw BenchmarkError("no difference was told: \(text.suffix(300))")
      }
      return Outcome(cpuSeconds: cpu)
    case .verified:
      return Outcome(cpuSeconds: try sheaf(["verify", "dataset@latest", "--deep", "--json"]).cpuSeconds)
    case .collected:
      var cpu = 0.0
      for bundle in state.withLock({ $0.bundles.dropLast() }) {
        cpu += try sheaf(["bundle", "rm", "dataset@\(bundle)", "--yes"]).cpuSeconds
      }
      return Outcome(cpuSeconds: cpu + (try sheaf(["gc"]).cpuSeconds))
    }
  }

  private func runRestic(_ step: DatasetStep, source: String, output: String) throws -> Outcome? {
    switch step {
    case .first, .unchanged, .changed:
      let (text, cpu) = try restic(["backup", source, "--json", "--quiet"])
      return Outcome(cpuSeconds: cpu, bytes: integer(of: "data_added", in: text))
    case .out:
      return Outcome(cpuSeconds: try restic(["restore", "latest", "--target", output, "--quiet"]).cpuSeconds)
    // It writes everything again, and leaves what the version has not.
    case .update: return nil
    case .difference:
      let list = try restic(["snapshots", "--json"]).text
      let ids = list.split(separator: "\"short_id\":\"").dropFirst().map { $0.prefix { $0 != "\"" } }
      guard let first = ids.first, let last = ids.last else { throw BenchmarkError("no snapshots: \(list)") }
      return Outcome(cpuSeconds: try restic(["diff", String(first), String(last)]).cpuSeconds)
    case .verified: return Outcome(cpuSeconds: try restic(["check", "--read-data", "--quiet"]).cpuSeconds)
    case .collected:
      return Outcome(cpuSeconds: try restic(["forget", "--keep-last", "1", "--prune", "--quiet"]).cpuSeconds)
    }
  }

  private func runRsync(_ step: DatasetStep, source: String, output: String) throws -> Outcome? {
    let copy = state.withLock { $0.store }
    let flags = ["-a", "--delete", "--no-whole-file", "--modify-window=-1", "--stats"]
    switch step {
    case .first, .unchanged, .changed:
      let (text, cpu) = try run("/usr/bin/rsync", flags + ["\(source)/", "\(copy)/"])
      return Outcome(cpuSeconds: cpu, bytes: Self.bytesSent(text))
    case .out, .update:
      let (text, cpu) = try run("/usr/bin/rsync", flags + ["\(copy)/", "\(output)/"])
      return Outcome(cpuSeconds: cpu, bytes: Self.bytesSent(text))
    case .verified:
      let (text, cpu) = try run(
        "/usr/bin/rsync", ["-anc", "--delete", "--itemize-changes", "\(source)/", "\(copy)/"])
      guard text.isEmpty else { throw BenchmarkError("the copy differs: \(text.prefix(300))") }
      return Outcome(cpuSeconds: cpu)
    case .difference, .collected: return nil
    }
  }

  /// "Total bytes sent: 1,234".
  private static func bytesSent(_ text: String) -> Int? {
    text.split(separator: "\n").first { $0.hasPrefix("Total bytes sent:") }
      .flatMap { Int($0.filter(\.isNumber)) }
  }

  private func sheaf(
    _ arguments: [String], succeeds: Bool = true
  ) throws -> (text: String, cpuSeconds: Double) {
    guard let server = state.withLock({ $0.server }) else { throw BenchmarkError("there is no server") }
    let url = "http://\(server.address.host):\(server.address.port)"
    let folder = state.withLock { $0.store } + "-client"
    mkdir(folder, 0o755)
    return try run(
      session.options.sheaf, arguments + ["--server", url], environment: ["XDG_STATE_HOME": folder],
      succeeds: succeeds)
  }

  @discardableResult
  private func restic(_ arguments: [String]) throws -> (text: String, cpuSeconds: Double) {
    let store = state.withLock { $0.store }
    return try run(
      "/usr/bin/restic", ["--repo", store, "--cache-dir", "\(store)-client"] + arguments,
      environment: ["RESTIC_PASSWORD": "benchmark"])
  }

  private func run(
    _ path: String, _ arguments: [String], environment: [String: String] = [:], succeeds: Bool = true
  ) throws -> (text: String, cpuSeconds: Double) {
    let program = try Program(path, arguments, environment: environment, log: log)
    var text = ""
    while let line = program.line() { text += line + "\n" }
    guard program.wait() == succeeds else {
      throw BenchmarkError(
        "\(name) \(arguments.joined(separator: " ")): \(lastLines(of: log)) \(text.suffix(300))")
    }
    return (text, program.cpuSecondsAtEnd ?? 0)
  }
}
