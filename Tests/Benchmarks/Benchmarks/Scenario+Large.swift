private let mebibyte = 1 << 20

extension Session {
  private var columns: [Metric] {
    [
      .throughput, .verifiedThroughput, .cpuPerGiB, .verifiedCPUPerGiB, .p50, .p99, .peakMemory,
      .clientCPUPerGiB,
    ]
  }

  /// Files of 64 MiB, one PATCH each.
  func large() -> Scenario {
    var cases: [Case] = []
    for durability in Durability.allCases {
      // Below 2 GiB, so that what is measured is the server and not the kernel writing back.
      for (connections, count) in [(1, 8), (8, 24)] {
        let pattern = UploadPattern(connections: connections, length: 64 * mebibyte, chunk: 64 * mebibyte)
        cases.append(
          uploads("\(durability.rawValue), \(counted(connections))", pattern, count, contenders(durability)))
      }
    }
    return Scenario(
      title: "Large files",
      note: "64 MiB, one PATCH each; p50 and p99 are of whole PATCH requests.", columns: columns,
      compared: .throughput, cases: cases)
  }

  /// The same bytes in smaller requests.
  func chunks() -> Scenario {
    var cases: [Case] = []
    for durability in Durability.allCases {
      for (name, bytes) in [("64 KiB", 64 << 10), ("1 MiB", mebibyte), ("8 MiB", 8 * mebibyte)] {
        let pattern = UploadPattern(connections: 8, length: 64 * mebibyte, chunk: bytes)
        cases.append(uploads("\(durability.rawValue), \(name)", pattern, 16, contenders(durability)))
      }
    }
    return Scenario(
      title: "PATCH sizes", note: "64 MiB files in chunks, 8 connections; p50 and p99 are of PATCH requests.",
      columns: columns, compared: .throughput, cases: cases)
  }

  /// Memory under many uploads at once.
  func many() -> Scenario {
    let connections = options.scaled(256)
    let pattern = UploadPattern(connections: connections, length: 16 * mebibyte, chunk: 16 * mebibyte)
    let cases = Durability.allCases.map {
      uploads("\($0.rawValue), \(connections) × 16 MiB", pattern, 256, contenders($0))
    }
    return Scenario(
      title: "Many uploads at once",
      note: "One PATCH of 16 MiB on each connection. The baseline has a buffer of 1 MiB per connection.",
      columns: columns, compared: .throughput, cases: cases)
  }

  /// The last answer says that the declared SHA-256 is right.
  func digest() -> Scenario {
    let cases = [(1, 8), (8, 24)].map { connections, count in
      let pattern = UploadPattern(
        connections: connections, length: 64 * mebibyte, chunk: 64 * mebibyte, declaresDigest: true)
      let contenders = [baseline(["--sha256"]), Contender.sheaf(.process)]
      return uploads("process, \(counted(connections))", pattern, count, contenders)
    }
    return Scenario(
      title: "Verified before the reply",
      note: "64 MiB, one PATCH each, with `sha256` declared; the baseline hashes inline with OpenSSL.",
      columns: columns, compared: .throughput, cases: cases)
  }

  private func uploads(
    _ title: String, _ pattern: UploadPattern, _ count: Int, _ contenders: [Contender]
  ) -> Case {
    let count = max(options.scaled(count), pattern.connections)
    return Case(title: title, contenders: contenders) { server, contender in
      try measure(pattern, .init(count: count), server: server, contender: contender)
    }
  }

  private func counted(_ connections: Int) -> String {
    connections == 1 ? "1 connection" : "\(connections) connections"
  }
}
