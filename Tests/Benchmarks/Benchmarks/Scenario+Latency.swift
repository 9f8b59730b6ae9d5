import Platform

extension Session {
  private static let uploaders = 8

  /// Small requests while others fill the disk.
  func latency() -> Scenario {
    let cases = Durability.allCases.map { durability in
      Case(title: durability.rawValue, contenders: contenders(durability)) { server, contender in
        try probe(server, contender)
      }
    }
    return Scenario(
      title: "Small requests beside large ones",
      note: """
        HEAD every 2 ms on a connection of its own while \(Self.uploaders) others upload files of 64 MiB for \
        \(decimal(options.seconds * 2, digits: 1)) s; p50, p99 and max are of the HEAD requests. × is the ratio of the \
        p99: less is better.
        """,
      columns: [.p50, .p99, .longest, probes, .throughput, .cpuPerGiB, .peakMemory],
      compared: .p99, cases: cases)
  }

  private var probes: Metric { Metric("probes", digits: 0) }

  private func probe(_ server: Server, _ contender: Contender) throws -> Sample {
    let prober = try UploadClient(to: server.address, payload: payload)
    let probed = Upload(number: UInt64.random(in: 0...UInt64.max), length: 2048)
    let path = try prober.createWithUpload(probed)
    let clients = try (0..<Self.uploaders).map { _ in
      try UploadClient(to: server.address, payload: payload)
    }
    let pattern = UploadPattern(connections: Self.uploaders, length: 64 << 20, chunk: 64 << 20)
    let isOver = Locked(false)
    server.process?.resetPeakMemory()
    let meter = Meter(server)
    let queue = UploadQueue(.init(seconds: options.seconds * 2))
    // The first does the uploads, the second probes until they are done.
    let loads = try inParallel(2) { index in
      guard index == 1 else {
        defer { isOver.withLock { $0 = true } }
        return try pattern.run(queue, on: clients, payload: payload)
      }
      var load = Load()
      while !isOver.withLock({ $0 }) {
        guard try load.time({ try prober.offset(at: path) }) == probed.length else {
          throw BenchmarkError("\(path) changed its offset")
        }
        pause(milliseconds: 2)
      }
      return load
    }
    let reading = meter.read()
    var sample = Sample()
    sample.setLatencies(loads[1].latencies)
    sample[probes] = Double(loads[1].latencies.count)
    sample[.throughput] = Double(loads[0].byteCount) / 1_048_576 / reading.seconds
    sample[.cpuPerGiB] = reading.serverCPU.map { $0 / (Double(loads[0].byteCount) / 1_073_741_824) }
    sample[.peakMemory] = server.process?.peakMemory
    try checkStored(loads[0], on: server, prober, contender.isSheaf ? SheafAPI(prober) : nil)
    try deleteLargeFiles(loads[0], contender, prober)
    return sample
  }
}
