import ArgumentParser
import Glibc
import Platform

@main
struct Benchmarks: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compare sheaf with the limit of the machine, and with other tus servers, side by side.",
    discussion: "Tests/Benchmarks/README.md says what each scenario measures and how to read the tables.")

  @Argument(help: "all, or some of \(ScenarioName.allCases.map(\.rawValue).joined(separator: ", ")).")
  var scenarios: [String]

  @Option(help: "Runs of each server; the table has their medians.")
  var rounds = 5

  @Option(help: "Length of runs that are not bounded by a number of files.")
  var seconds = 2.0

  @Option(help: "Part of the usual number of files and connections, for a trial.")
  var scale = 1.0

  @Option(help: "The sheaf program (default: beside this one).", completion: .file())
  var sheaf: String?

  @Option(help: "The baseline server (default: beside this one).", completion: .file())
  var baseline: String?

  @Option(help: ArgumentHelp("A tus server that runs already; may be repeated.", valueName: "name=url"))
  var peer: [String] = []

  @Option(help: ArgumentHelp("Its process, for its CPU time and memory.", valueName: "name=pid"))
  var peerPid: [String] = []

  @Option(
    help: "A folder on the file system to measure (default: where this program is).",
    completion: .directory)
  var folder: String?

  @Option(help: "A file for the tables.", completion: .file())
  var output: String?

  @Flag(help: "Leave what the servers stored; deleting very many files may take longer than the run.")
  var keep = false

  func validate() throws {
    guard rounds > 0, seconds > 0, scale > 0, scale <= 1 else {
      throw ValidationError("--rounds and --seconds must be positive, --scale above 0 and at most 1")
    }
    _ = try names()
  }

  func run() throws {
    signal(SIGPIPE, SIG_IGN)
    try raiseFileLimit()
    let workspace = try Workspace(in: folder ?? ownFolder)
    try ChildProcesses.endWithThisProcess { try? workspace.removeAll() }
    defer {
      if keep { StandardError.line("left: \(workspace.root)") } else { try? workspace.removeAll() }
    }
    let options = try sessionOptions()
    let session = Session(options: options, workspace: workspace, payload: try Payload())
    var report = Machine.description(folder: workspace.root, sheaf: options.sheaf)
    report += "\n- \(rounds) rounds, medians; × is the median of the rounds' ratios\n"
    if scale < 1 { report += "- only a trial: \(decimal(scale, digits: 3)) of the usual volume\n" }
    StandardOutput.line(report)
    for name in try names() {
      let section = try name.run(session)
      StandardOutput.line(section)
      report += "\n\(section)"
      // After each, because a run takes long and a later scenario may fail.
      if let output { try writeFile(output, report) }
    }
  }

  private func names() throws -> [ScenarioName] {
    if scenarios == ["all"] { return ScenarioName.allCases }
    return try scenarios.map { text in
      guard let name = ScenarioName(rawValue: text) else {
        throw ValidationError("there is no scenario \(text)")
      }
      return name
    }
  }

  private func sessionOptions() throws -> Session.Options {
    let processes = try peerPid.map(pair).map { name, text in
      guard let identifier = pid_t(text) else { throw ValidationError("\(text) is not a process id") }
      return (name, RunningProcess(identifier: identifier))
    }
    let known = Dictionary(processes) { $1 }
    let peers = try peer.map(pair).map { name, url in
      Peer(name: name, address: try Address(url), process: known[name])
    }
    return Session.Options(
      rounds: rounds, seconds: seconds, scale: scale, sheaf: sheaf ?? "\(ownFolder)/sheaf",
      baseline: baseline ?? "\(ownFolder)/BaselineServer", peers: peers)
  }

  private func pair(_ text: String) throws -> (String, String) {
    guard let equals = text.firstIndex(of: "=") else { throw ValidationError("\(text) has no '='") }
    return (String(text[..<equals]), String(text[text.index(after: equals)...]))
  }

  private var ownFolder: String {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = buffer.withUnsafeMutableBytes { bytes in
      readlink("/proc/self/exe", bytes.bindMemory(to: CChar.self).baseAddress!, bytes.count)
    }
    let path = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    return path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
  }
}

/// Ten thousand connections are ten thousand descriptors, here and in the servers that inherit the limit.
private func raiseFileLimit() throws {
  var limit = rlimit()
  try check("getrlimit", getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit))
  limit.rlim_cur = limit.rlim_max
  try check("setrlimit", setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit))
}

private func writeFile(_ path: String, _ text: String) throws {
  let file = try check("open \(path)", open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644))
  defer { close(file) }
  let bytes = Array(text.utf8)
  var written = 0
  while written < bytes.count {
    let count = bytes.withUnsafeBytes { write(file, $0.baseAddress! + written, $0.count - written) }
    written += try check("write", count)
  }
}
