extension Session {
  /// A server that makes a file of each upload stops here.
  private static let maximumFiles = 20_000

  /// 2 KiB in one request each, as many as there is time for.
  func small() -> Scenario {
    var cases: [Case] = []
    for durability in Durability.allCases {
      for connections in [1, 8, 64, 256] {
        let pattern = UploadPattern(connections: connections, length: 2048, chunk: nil)
        let title = "\(durability.rawValue), \(connections)"
        cases.append(
          Case(title: title, contenders: smallContenders(durability)) { server, contender in
            // A file system that discards what is deleted needs minutes for a hundred thousand files.
            let count = contender.isSheaf ? Int(Int32.max) : Self.maximumFiles
            return try measure(
              pattern, .init(count: count, seconds: options.seconds), server: server, contender: contender)
          })
      }
    }
    return Scenario(
      title: "Small files",
      note: """
        Creation-with-upload of 2 KiB for \(decimal(options.seconds, digits: 1)) s; the case is durability and number of \
        connections. \
        "push": all files into one open push; "single": every file becomes a bundle of its own. The baseline makes a \
        file of each. A peer stores as it always does, whatever the case says.
        """,
      columns: [
        .rate, .verifiedRate, .cpuPerFile, .verifiedCPUPerFile, .p50, .p99, .peakMemory, .clientCPUPerFile,
      ], compared: .rate, keepsData: true, cases: cases)
  }

  private func smallContenders(_ durability: Durability) -> [Contender] {
    let kind = Contender.Kind.sheaf(durability)
    return [
      baseline(durability.baselineFlags),
      Contender(name: "sheaf, \(durability.rawValue), push", kind: kind, usesPush: true),
      Contender(name: "sheaf, \(durability.rawValue), single", kind: kind),
    ] + options.peers.map(Contender.peer)
  }
}
