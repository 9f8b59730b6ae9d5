import Glibc
import Platform

extension Session {
  /// The client program: many small files, and one large file.
  func push() throws -> String {
    let files = options.scaled(10_000)
    let bytes = max(1 << 20, options.scaled(4096) << 20)
    let sources = [
      ("\(files) files of 2 KiB", try makeSmallFiles(files), files, files * 2048),
      ("one file of \(bytes >> 20) MiB", try makeLargeFile(bytes), 1, bytes),
    ]
    var table = Table(["case", "durability"] + Self.pushColumns.map(\.title))
    for (title, source, fileCount, byteCount) in sources {
      let item = Case(title: "push, \(title)", contenders: Durability.allCases.map(Contender.sheaf)) {
        server, _ in
        try pushOnce(source, files: fileCount, bytes: byteCount, to: server)
      }
      let samples = try collect(item) { $0[Self.pushSeconds].map { "\(decimal($0, digits: 2)) s" } ?? "" }
      for (index, durability) in Durability.allCases.enumerated() {
        let figures = Self.pushColumns.map { metric in
          median(samples[index].compactMap { $0[metric] }).map { decimal($0, digits: metric.digits) } ?? "–"
        }
        table.add([title, durability.rawValue] + figures)
      }
      try workspace.remove(source)
    }
    return """
      ## sheaf push

      From the start of the client to its end, when the bundle is committed. The source is in the page cache.

      \(table.markdown)
      """
  }

  private static let pushSeconds = Metric("seconds")
  private static let clientCPU = Metric("client CPU-s")
  private static let clientMemory = Metric("client peak RSS MiB", digits: 1)
  private static let serverCPU = Metric("server CPU-s")
  private static let serverMemory = Metric("server peak RSS MiB", digits: 1)
  private static var pushColumns: [Metric] {
    [pushSeconds, .rate, .throughput, clientCPU, clientMemory, serverCPU, serverMemory]
  }

  private func pushOnce(_ source: String, files: Int, bytes: Int, to server: Server) throws -> Sample {
    let log = "\(workspace.root)/log"
    let url = "http://\(server.address.host):\(server.address.port)"
    server.process?.resetPeakMemory()
    let meter = Meter(server)
    let client = try Program(
      options.sheaf,
      ["push", "\(source)/", "--repo", "benchmark", "--message", "benchmark", "--server", url, "--json"],
      environment: ["XDG_STATE_HOME": try workspace.makeFolder("state")], log: log)
    let usage = try followToEnd(client)
    let reading = meter.read()
    guard integer(of: "files", in: usage.output) == files, integer(of: "bytes", in: usage.output) == bytes
    else { throw BenchmarkError("sheaf push said \(usage.output), and: \(lastLines(of: log))") }
    var sample = Sample()
    sample[Self.pushSeconds] = reading.seconds
    sample[.rate] = Double(files) / reading.seconds
    sample[.throughput] = Double(bytes) / 1_048_576 / reading.seconds
    sample[Self.clientCPU] = usage.cpuSeconds
    sample[Self.clientMemory] = usage.peakMemory
    sample[Self.serverCPU] = reading.serverCPU
    sample[Self.serverMemory] = server.process?.peakMemory
    return sample
  }

  private struct ClientUsage: Sendable {
    var output = ""
    var cpuSeconds = 0.0
    var peakMemory = 0.0
  }

  /// Watches a client while it runs: what the kernel tells after its end counts the memory of whoever started it.
  private func followToEnd(_ client: Program) throws -> ClientUsage {
    let isOver = Locked(false)
    let parts = try inParallel(2) { index in
      var usage = ClientUsage()
      if index == 0 {
        while let line = client.line() { usage.output += line + "\n" }
        isOver.withLock { $0 = true }
        return usage
      }
      while !isOver.withLock({ $0 }) {
        usage.cpuSeconds = client.process.cpuSeconds ?? usage.cpuSeconds
        usage.peakMemory = client.process.peakMemory ?? usage.peakMemory
        pause(milliseconds: 10)
      }
      return usage
    }
    guard client.wait() else { throw BenchmarkError("sheaf push failed: \(parts[0].output)") }
    return ClientUsage(
      output: parts[0].output, cpuSeconds: parts[1].cpuSeconds, peakMemory: parts[1].peakMemory)
  }

  private func makeSmallFiles(_ count: Int) throws -> String {
    let folder = try workspace.makeFolder("source")
    for index in 0..<count {
      let inner = "\(folder)/\(index / 100)"
      if index % 100 == 0 { mkdir(inner, 0o755) }
      let bytes = payload.bytes(of: Upload(number: UInt64(index), length: 2048))
      try store("\(inner)/\(index)", [bytes])
    }
    return folder
  }

  private func makeLargeFile(_ bytes: Int) throws -> String {
    let folder = try workspace.makeFolder("source")
    let block = payload.block
    try store("\(folder)/file", (0..<(bytes / block.count)).lazy.map { _ in block })
    return folder
  }

  private func store(_ path: String, _ blocks: some Sequence<[UInt8]>) throws {
    let file = try check("open \(path)", open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644))
    defer { close(file) }
    for block in blocks {
      let count = block.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
      guard count == block.count else { throw BenchmarkError.call("write \(path)") }
    }
  }
}
