import Glibc
import Platform

extension Session {
  /// The life of a dataset, beside the two programs people use for it today.
  func dataset() throws -> String {
    let files = options.scaled(100_000)
    let bytes = max(64 << 20, options.scaled(10 << 10) << 20)
    let trees = [
      DatasetTree(name: "\(files) files of 4 KiB", kind: .smallFiles(files)),
      DatasetTree(name: "one file of \(bytes >> 20) MiB", kind: .largeFile(bytes)),
    ]
    let columns = DatasetFigure.all
    var table = Table(["tree", "step", "by"] + columns.map(\.title))
    for tree in trees {
      var samples: [String: [DatasetStep: [Sample]]] = [:]
      var names: [String] = []
      for round in 1...options.rounds {
        let source = try workspace.makeFolder("source")
        for tool in try DatasetTool.installed(in: self) {
          try tree.make(in: source)
          let life = DatasetLife(session: self, tree: tree, source: source, tool: tool)
          if !names.contains(tool.name) { names.append(tool.name) }
          for (step, sample) in try life.run() {
            note(
              "\(tree.name), round \(round), \(tool.name), \(step.rawValue): \(sample[DatasetFigure.seconds] ?? 0) s"
            )
            samples[tool.name, default: [:]][step, default: []].append(sample)
          }
        }
        try workspace.remove(source)
      }
      for step in DatasetStep.allCases {
        for name in names {
          guard let runs = samples[name]?[step] else { continue }
          let figures = columns.map { metric in
            median(runs.compactMap { $0[metric] }).map { decimal($0, digits: metric.digits) } ?? "–"
          }
          table.add([tree.name, step.rawValue, name] + figures)
        }
      }
    }
    return """
      ## The life of a dataset

      sheaf synced, over loopback; restic with a repository on the same file system, which encrypts and compresses; rsync \
      to a folder beside, over a pipe, with its delta algorithm, which keeps no versions and syncs nothing. Each result was \
      compared with the source, byte by byte.

      \(table.markdown)
      """
  }
}

/// What happens to a dataset, in this order.
enum DatasetStep: String, CaseIterable {
  case first = "first push"
  case out = "into an empty folder"
  case unchanged = "pushed again, unchanged"
  case changed = "pushed again, changed"
  case difference = "what changed"
  case verified = "every stored byte verified"
  case update = "into the folder that has the first"
  case collected = "only the last version kept"
}

/// What is told of a step.
enum DatasetFigure {
  static let seconds = Metric("seconds", digits: 1)
  static let sent = Metric("MiB sent", digits: 1)
  static let clientCPU = Metric("client CPU-s", digits: 1)
  static let serverCPU = Metric("server CPU-s", digits: 1)
  static let stored = Metric("MiB stored", digits: 0)
  static let all = [seconds, sent, clientCPU, serverCPU, stored]
}

/// The steps of one program on one tree.
struct DatasetLife {
  let session: Session
  let tree: DatasetTree
  let source: String
  let tool: DatasetTool

  func run() throws -> [(DatasetStep, Sample)] {
    let store = try session.workspace.makeFolder("store")
    let output = try session.workspace.makeFolder("out")
    try tool.start(store: store, source: source)
    defer { tool.stop() }
    var results: [(DatasetStep, Sample)] = []
    for step in DatasetStep.allCases {
      if step == .changed { try tree.change(in: source) }
      _ = try Program.output(of: "/bin/sync", [])
      let serverBefore = tool.serverProcess?.cpuSeconds
      let start = monotonicNanoseconds()
      guard let outcome = try tool.run(step, source: source, output: output) else { continue }
      var sample = Sample()
      sample[DatasetFigure.seconds] = seconds(since: start)
      sample[DatasetFigure.clientCPU] = outcome.cpuSeconds
      sample[DatasetFigure.sent] = outcome.bytes.map { Double($0) / 1_048_576 }
      if let serverBefore, let now = tool.serverProcess?.cpuSeconds {
        sample[DatasetFigure.serverCPU] = now - serverBefore
      }
      let used = try Program.output(of: "/usr/bin/du", ["-sm", store])
      sample[DatasetFigure.stored] = used.split(separator: "\t").first.flatMap { Double($0) }
      results.append((step, sample))
      if step == .out || step == .update {
        // It ends with status 1 when anything differs.
        _ = try Program.output(
          of: "/usr/bin/diff", ["-rq", "--exclude=.sheaf", source, tool.restored(in: output, source: source)])
      }
    }
    tool.stop()
    for folder in [store, output] { try session.workspace.remove(folder) }
    return results
  }
}
