extension Session {
  /// Connections that have made a request and stay.
  func idle() -> Scenario {
    let count = options.scaled(10_000)
    let contenders = [Contender.sheaf(.process)] + options.peers.map(Contender.peer)
    let cases = [("HEAD /files/…", true), ("GET /healthz", false)].map { title, isUpload in
      let able = contenders.filter { isUpload || $0.isSheaf }
      return Case(title: title, contenders: able) { server, _ in
        try hold(count, on: server, isUpload: isUpload)
      }
    }
    return Scenario(
      title: "Idle connections",
      note: """
        \(count) connections that have made one request each and stay open. The baseline is left out: it has a thread \
        for each.
        """,
      columns: [perConnection, open, connect, memoryBefore, memoryAfter, probe], compared: perConnection,
      cases: cases)
  }

  private var perConnection: Metric { Metric("KiB per connection") }
  private var open: Metric { Metric("open", digits: 0) }
  private var connect: Metric { Metric("s to open all") }
  private var memoryBefore: Metric { Metric("RSS before MiB", digits: 1) }
  private var memoryAfter: Metric { Metric("RSS with all MiB", digits: 1) }
  private var probe: Metric { Metric("HEAD beside them ms") }

  private func hold(_ count: Int, on server: Server, isUpload: Bool) throws -> Sample {
    let control = try UploadClient(to: server.address, payload: payload)
    let upload = Upload(number: UInt64.random(in: 0...UInt64.max), length: 2048)
    let path = try control.createWithUpload(upload)
    func openOne() throws -> Connection {
      let connection = try Connection(to: server.address)
      let response =
        isUpload ? try connection.request("HEAD", path) : try connection.request("GET", "/healthz")
      guard response.status / 100 == 2 else { throw BenchmarkError("status \(response.status)") }
      return connection
    }
    // What a server makes once is there before the counting begins.
    _ = try (0..<16).map { _ in try openOne() }
    let before = server.process?.residentMemory
    let start = monotonicNanoseconds()
    let connections = try (0..<count).map { _ in try openOne() }
    let opened = seconds(since: start)
    let after = server.process?.residentMemory
    var load = Load()
    for _ in 0..<100 { _ = try load.time { try control.offset(at: path) } }
    // The first is the one that a server with a limit would have dropped.
    for connection in [connections[0], connections[count - 1]] {
      guard try connection.request("HEAD", path).uploadOffset == upload.length else {
        throw BenchmarkError("an idle connection does not answer")
      }
    }
    for connection in connections { connection.closeAbruptly() }
    var sample = Sample()
    sample.setLatencies(load.latencies)
    sample[probe] = sample[.p50]
    sample[open] = Double(connections.count)
    sample[connect] = opened
    sample[memoryBefore] = before
    sample[memoryAfter] = after
    if let before, let after { sample[perConnection] = (after - before) * 1024 / Double(count) }
    return sample
  }
}
