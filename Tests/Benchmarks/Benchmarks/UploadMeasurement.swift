extension Session {
  /// Uploads what the pattern says and returns what it took: until the last acknowledgement, and where the server
  /// verifies in the background, until everything is verified.
  func measure(
    _ pattern: UploadPattern, _ extent: UploadPattern.Extent, server: Server, contender: Contender
  ) throws -> Sample {
    var pattern = pattern
    let control = try UploadClient(to: server.address, payload: payload)
    let sheaf = contender.isSheaf ? SheafAPI(control) : nil
    try warmUp(control, sheaf, contender)
    if contender.usesPush { pattern.push = try sheaf?.openPush(repo: "benchmark") }
    // Before the clock starts: the hash of what all uploads have in common.
    if pattern.declaresDigest { _ = payload.digest(of: Upload(number: 0, length: pattern.length)) }
    let clients = try (0..<pattern.connections).map { _ in
      try UploadClient(to: server.address, payload: payload)
    }
    if extent.seconds == nil { try faultInMemory(extent.count * pattern.length) }
    server.process?.resetPeakMemory()

    let meter = Meter(server)
    let load = try pattern.run(UploadQueue(extent), on: clients, payload: payload)
    let acknowledged = meter.read()
    try sheaf?.waitUntilVerified()
    let verified = sheaf == nil ? nil : meter.read()

    var sample = sample(load, acknowledged, verified)
    sample[.peakMemory] = server.process?.peakMemory
    try checkStored(load, on: server, control, sheaf)
    try deleteLargeFiles(load, contender, control)
    return sample
  }

  /// One upload of each kind, so that nobody pays for what happens once in a server's life.
  private func warmUp(_ client: UploadClient, _ sheaf: SheafAPI?, _ contender: Contender) throws {
    let small = Upload(number: UInt64.random(in: 0...UInt64.max), length: 2048)
    _ = try client.createWithUpload(small)
    let large = Upload(number: UInt64.random(in: 0...UInt64.max), length: 4 << 20)
    let path = try client.create(large)
    try client.append(0..<large.length, of: large, at: path)
    try deleteLargeFiles(Load(stored: [StoredUpload(upload: large, path: path)]), contender, client)
    try sheaf?.waitUntilVerified()
  }

  private func sample(_ load: Load, _ acknowledged: Meter.Reading, _ verified: Meter.Reading?) -> Sample {
    var sample = Sample()
    let mebibytes = Double(load.byteCount) / 1_048_576
    let gibibytes = mebibytes / 1024
    let files = Double(load.stored.count)
    sample.setLatencies(load.latencies)
    sample[.throughput] = mebibytes / acknowledged.seconds
    sample[.verifiedThroughput] = verified.map { mebibytes / $0.seconds }
    sample[.rate] = files / acknowledged.seconds
    sample[.verifiedRate] = verified.map { files / $0.seconds }
    sample[.cpuPerGiB] = acknowledged.serverCPU.map { $0 / gibibytes }
    sample[.verifiedCPUPerGiB] = verified?.serverCPU.map { $0 / gibibytes }
    sample[.cpuPerFile] = acknowledged.serverCPU.map { $0 / files * 1e6 }
    sample[.verifiedCPUPerFile] = verified?.serverCPU.map { $0 / files * 1e6 }
    sample[.clientCPUPerGiB] = acknowledged.clientCPU / gibibytes
    sample[.clientCPUPerFile] = acknowledged.clientCPU / files * 1e6
    return sample
  }

  /// A server that runs on keeps no large file: many of them would fill its disk. Small ones stay, because deleting them
  /// slows down the creations that follow.
  func deleteLargeFiles(_ load: Load, _ contender: Contender, _ client: UploadClient) throws {
    guard case .peer = contender.kind else { return }
    for stored in load.stored where stored.upload.length >= 1 << 20 { try client.delete(stored.path) }
  }
}

/// Time, and the processor time of server and client, from one moment on.
struct Meter {
  struct Reading {
    let seconds: Double
    let serverCPU: Double?
    let clientCPU: Double
  }

  private let server: Server
  private let start = monotonicNanoseconds()
  private let serverCPU: Double?
  private let clientCPU = RunningProcess.own.cpuSeconds ?? 0

  init(_ server: Server) {
    self.server = server
    serverCPU = server.process?.cpuSeconds
  }

  func read() -> Reading {
    let now = server.process?.cpuSeconds
    return Reading(
      seconds: seconds(since: start),
      serverCPU: now.flatMap { now in serverCPU.map { now - $0 } },
      clientCPU: (RunningProcess.own.cpuSeconds ?? 0) - clientCPU)
  }
}
