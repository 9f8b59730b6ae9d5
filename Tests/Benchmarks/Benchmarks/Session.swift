import Glibc
import Platform

/// What all scenarios share.
struct Session: Sendable {
  struct Options: Sendable {
    var rounds: Int
    var seconds: Double
    var scale: Double
    var sheaf: String
    var baseline: String
    var peers: [Peer]
    let baselineName = "baseline"

    /// A number of things, made smaller for a trial.
    func scaled(_ count: Int) -> Int { max(1, Int((Double(count) * scale).rounded())) }
  }

  let options: Options
  let workspace: Workspace
  let payload: Payload

  /// The baseline, sheaf at this durability, then all peers.
  func contenders(_ durability: Durability) -> [Contender] {
    [baseline(durability.baselineFlags), .sheaf(durability)] + options.peers.map(Contender.peer)
  }

  func baseline(_ flags: [String]) -> Contender {
    let name = ([options.baselineName] + flags.map { String($0.dropFirst(2)) }).joined(separator: ", ")
    return Contender(name: name, kind: .baseline(flags))
  }

  /// Starts the contender on an empty folder, unless it runs already, and ends it after `body`.
  func withServer<Result>(
    _ contender: Contender, keepsData: Bool = false, _ body: (Server) throws -> Result
  ) throws -> Result {
    if case .peer(let peer) = contender.kind {
      return try body(Server(name: peer.name, address: peer.address, process: peer.process))
    }
    let folder = try workspace.makeFolder("data")
    let server = try start(contender, in: folder)
    let result: Result
    do {
      result = try body(server)
    } catch {
      server.kill()
      throw error
    }
    server.kill()
    if !keepsData { try workspace.remove(folder) }
    return result
  }

  func start(_ contender: Contender, in folder: String) throws -> Server {
    let log = "\(workspace.root)/log"
    switch contender.kind {
    case .sheaf(let durability):
      // Idle connections are only closed and counted where that is what is measured.
      let arguments = [
        "serve", "--data", folder, "--port", "0", "--durability", durability.rawValue,
        "--maximum-connections", "100000", "--maximum-connections-per-address", "0",
        "--maximum-open-per-address", "0", "--idle-timeout-seconds", "3600",
      ]
      return try Server(
        name: contender.name, program: options.sheaf, arguments, folder: folder, log: log)
    case .baseline(let flags):
      return try Server(
        name: contender.name, program: options.baseline, ["--dir", folder, "--port", "0"] + flags,
        folder: folder, log: log)
    case .peer: throw BenchmarkError("\(contender.name) is started by others")
    }
  }

  /// Progress, for whoever waits.
  func note(_ text: String) { StandardError.line(text) }
}
