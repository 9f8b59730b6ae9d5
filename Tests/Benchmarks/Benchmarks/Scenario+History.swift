extension Session {
  /// The same requests to servers that remember nothing, little and much.
  func history() throws -> String {
    let small = HistoryCatalog(finished: 1000, pushes: 200, unfinished: 20)
    let large = HistoryCatalog(
      finished: options.scaled(1_000_000), pushes: options.scaled(100_000), unfinished: options.scaled(10_000)
    )
    note("history: filling catalogs, which takes minutes")
    // nil: a new folder in each round.
    let folders = [nil, try prepareHistory(small), try prepareHistory(large)]
    var samples = [[Sample]](repeating: [], count: folders.count)
    for round in 1...options.rounds {
      for (index, folder) in folders.enumerated() {
        samples[index].append(try askAll(folder))
        note("history, round \(round) of \(options.rounds), folder \(index + 1) of \(folders.count)")
      }
    }
    for folder in folders { if let folder { try workspace.remove(folder) } }
    return historyTable(samples, small, large)
  }

  private static let start = Metric("start-up, s", digits: 3)
  private static let idleCPU = Metric("CPU of an idle server, ms/s", digits: 1)
  private static let memory = Metric("RSS after all that, MiB", digits: 1)
  private static let create = Metric("POST, ms", digits: 3)
  private static let append = Metric("first PATCH of 64 KiB, ms", digits: 3)
  private static let small = Metric("POST with 2 KiB, ms", digits: 3)
  private static let head = Metric("HEAD, ms", digits: 3)
  private static let pages = ["/ui/pushes", "/ui/status", "/api/v1/pushes", "/api/v1/status"]

  /// A data folder whose server has ended in good order.
  private func prepareHistory(_ catalog: HistoryCatalog) throws -> String {
    let folder = try workspace.makeFolder("history")
    let server = try start(.sheaf(.process), in: folder)
    defer { server.terminate() }
    let client = try UploadClient(to: server.address, payload: payload)
    let sheaf = SheafAPI(client)
    let push = try sheaf.openPush(repo: "history")
    let metadata = UploadClient.metadata([("push", push), ("path", "file")])
    _ = try client.createWithUpload(Upload(number: 1, length: 2048), metadata: metadata)
    try sheaf.waitUntilVerified()
    try sheaf.seal(push)
    try sheaf.waitUntilCommitted()
    // Larger than what a server may keep in another way than as a file.
    let unfinished = Upload(number: 2, length: 8 << 20)
    let path = try client.create(unfinished)
    try client.append(0..<(64 << 10), of: unfinished, at: path)
    server.terminate()
    guard let id = path.split(separator: "/").last else { throw BenchmarkError("\(path) has no id") }
    try catalog.fill(folder, push: push, upload: String(id), log: "\(workspace.root)/log")
    return folder
  }

  private func askAll(_ folder: String?) throws -> Sample {
    let target = try folder ?? workspace.makeFolder("empty")
    let server = try start(.sheaf(.process), in: target)
    var sample = Sample()
    do {
      sample = try ask(server)
    } catch {
      server.kill()
      throw error
    }
    server.terminate()
    if folder == nil { try workspace.remove(target) }
    sample[Self.start] = server.startSeconds
    return sample
  }

  private func ask(_ server: Server) throws -> Sample {
    var sample = Sample()
    // Whatever a start leaves to do is not what an idle server costs.
    pause(milliseconds: 1000)
    let meter = Meter(server)
    pause(milliseconds: 2000)
    let idle = meter.read()
    sample[Self.idleCPU] = idle.serverCPU.map { $0 * 1000 / idle.seconds }

    let client = try UploadClient(to: server.address, payload: payload)
    try askUploads(client, into: &sample)
    try SheafAPI(client).waitUntilCommitted()
    for page in Self.pages {
      sample[Metric("GET \(page), ms", digits: 3)] = try medianTime(50) { _ in _ = try client.get(page) }
    }
    sample[Self.memory] = server.process?.residentMemory
    return sample
  }

  private func askUploads(_ client: UploadClient, into sample: inout Sample) throws {
    let count = 200
    let numbers = (0..<count).map { _ in UInt64.random(in: 0...UInt64.max) }
    let uploads = numbers.map { Upload(number: $0, length: 8 << 20) }
    var paths: [String] = []
    sample[Self.create] = try medianTime(count) { paths.append(try client.create(uploads[$0])) }
    sample[Self.append] = try medianTime(count) {
      try client.append(0..<(64 << 10), of: uploads[$0], at: paths[$0])
    }
    sample[Self.head] = try medianTime(count) {
      guard try client.offset(at: paths[$0]) == 64 << 10 else { throw BenchmarkError("a wrong offset") }
    }
    sample[Self.small] = try medianTime(count) {
      _ = try client.createWithUpload(Upload(number: numbers[$0], length: 2048))
    }
    for path in paths { try client.delete(path) }
  }

  /// In milliseconds, after a tenth of the requests that do not count.
  private func medianTime(_ count: Int, _ request: (Int) throws -> Void) throws -> Double? {
    var load = Load()
    for index in 0..<count { try load.time { try request(index) } }
    return median(load.latencies.dropFirst(count / 10).map { Double($0) / 1e6 })
  }

  private func historyTable(
    _ samples: [[Sample]], _ small: HistoryCatalog, _ large: HistoryCatalog
  ) -> String {
    let pages = Self.pages.map { Metric("GET \($0), ms", digits: 3) }
    let metrics = [Self.start, Self.create, Self.append, Self.head, Self.small] + pages
    var table = Table([
      "", "empty", "\(small.finished) uploads", "\(large.finished) uploads", "× empty",
      "× \(small.finished) uploads",
    ])
    for metric in metrics + [Self.idleCPU, Self.memory] {
      let values = samples.map { median($0.compactMap { $0[metric] }) }
      let figures = values.map { $0.map { decimal($0, digits: metric.digits) } ?? "–" }
      let ratios = [0, 1].map { index -> String in
        let rounds = zip(samples[2], samples[index]).compactMap { much, less -> Double? in
          guard let much = much[metric], let less = less[metric], less > 0 else { return nil }
          return much / less
        }
        return median(rounds).map { decimal($0, digits: 2) } ?? "–"
      }
      table.add([metric.title] + figures + ratios)
    }
    return """
      ## Years of history

      A catalog with \(large.finished) finished uploads, \(large.pushes) bundles and \(large.unfinished) unfinished \
      uploads with their files, beside one with \(small.finished), \(small.pushes) and \(small.unfinished), and an empty \
      one; durability process, one connection. The lists are asked for when the small uploads of the same run have filled \
      a page of them on every server.

      \(table.markdown)
      """
  }
}
