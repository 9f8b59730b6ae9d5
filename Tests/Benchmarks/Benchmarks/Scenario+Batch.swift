extension Session {
  private enum Way: String, CaseIterable {
    case single = "one request each"
    case batch = "one request for all of a connection"
  }

  /// Many small files into one open push, each by a request of its own or all of a connection's by one.
  func batch() throws -> String {
    var table = Table([
      "durability", "connections", "way", Metric.rate.title, Metric.cpuPerFile.title, "ratio",
    ])
    for durability in Durability.allCases {
      for connections in [1, 8] {
        var samples = [[Sample]](repeating: [], count: Way.allCases.count)
        for round in 1...options.rounds {
          for (index, way) in Way.allCases.enumerated() {
            let sample = try withServer(.sheaf(durability)) { try send(way, connections, to: $0) }
            samples[index].append(sample)
            note(
              "\(durability.rawValue), \(connections), \(way.rawValue), round \(round): \(sample[.rate] ?? 0) files/s"
            )
          }
        }
        let reference = samples[0].compactMap { $0[.rate] }
        for (way, samples) in zip(Way.allCases, samples) {
          let rates = samples.compactMap { $0[.rate] }
          table.add([
            durability.rawValue, "\(connections)", way.rawValue,
            median(rates).map { decimal($0, digits: 0) } ?? "–",
            median(samples.compactMap { $0[.cpuPerFile] }).map { decimal($0, digits: 0) } ?? "–",
            median(zip(rates, reference).map { $0 / $1 }).map { decimal($0, digits: 2) } ?? "–",
          ])
        }
      }
    }
    return """
      ## Many files in one request

      \(options.scaled(10_000)) files of 2 KiB into one open push; CPU is the server's. Frames; every file is acknowledged.

      \(table.markdown)
      """
  }

  private func send(_ way: Way, _ connections: Int, to server: Server) throws -> Sample {
    let count = options.scaled(10_000)
    let control = try UploadClient(to: server.address, payload: payload)
    let push = try SheafAPI(control).openPush(repo: "benchmark")
    let clients = try (0..<connections).map { _ in try UploadClient(to: server.address, payload: payload) }
    let base = UInt64.random(in: 0...UInt64.max / 2)
    let shares = (0..<connections).map { index in
      stride(from: index, to: count, by: connections).map { Upload(number: base + UInt64($0), length: 2048) }
    }
    let before = server.process?.cpuSeconds
    let start = monotonicNanoseconds()
    _ = try inParallel(connections) { index in
      switch way {
      case .batch: try clients[index].batch(shares[index], push: push)
      case .single:
        for upload in shares[index] {
          _ = try clients[index].createWithUpload(
            upload, metadata: UploadClient.metadata([("push", push), ("path", "\(upload.number)")]))
        }
      }
    }
    var sample = Sample()
    sample[.rate] = Double(count) / seconds(since: start)
    if let before, let after = server.process?.cpuSeconds {
      sample[.cpuPerFile] = (after - before) / Double(count) * 1e6
    }
    return sample
  }
}
