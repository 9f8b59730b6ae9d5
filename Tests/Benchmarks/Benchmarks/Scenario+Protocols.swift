extension Session {
  /// The ways in which one large upload can travel.
  private enum Way: String, CaseIterable {
    case plain1 = "HTTP/1.1"
    case tls1 = "HTTP/1.1, TLS"
    case plain2 = "HTTP/2"
    case tls2 = "HTTP/2, TLS"

    var isSecure: Bool { self == .tls1 || self == .tls2 }
    var flag: String {
      switch self {
      case .plain1, .tls1: "--http1.1"
      case .plain2: "--http2-prior-knowledge"
      case .tls2: "--http2"
      }
    }
  }

  /// One large PATCH by curl over each version of HTTP, with and without TLS.
  func protocols() throws -> String {
    let bytes = options.scaled(1 << 30)
    let folder = try workspace.makeFolder("protocols")
    let file = "\(folder)/content"
    _ = try Program.output(of: "/usr/bin/truncate", ["-s", String(bytes), file])
    try makeCertificate(folder)
    var samples = [[Sample]](repeating: [], count: Way.allCases.count)
    for round in 1...options.rounds {
      for (index, way) in Way.allCases.enumerated() {
        let sample = try upload(file, bytes, way, certificate: folder)
        samples[index].append(sample)
        note("\(way.rawValue), round \(round): \(sample[.throughput] ?? 0) MiB/s")
      }
    }
    try workspace.remove(folder)
    return table(samples, bytes)
  }

  private func makeCertificate(_ folder: String) throws {
    _ = try Program.output(
      of: "/usr/bin/openssl",
      [
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
        "-subj", "/CN=localhost", "-keyout", "\(folder)/key.pem", "-out", "\(folder)/certificate.pem",
      ])
  }

  private func upload(_ file: String, _ bytes: Int, _ way: Way, certificate: String) throws -> Sample {
    let folder = try workspace.makeFolder("data")
    var arguments = ["serve", "--data", folder, "--port", "0", "--durability", "process"]
    if way.isSecure {
      arguments += [
        "--tls-certificate", "\(certificate)/certificate.pem", "--tls-key", "\(certificate)/key.pem",
      ]
    }
    let log = "\(workspace.root)/log"
    let server = try Program(options.sheaf, arguments, log: log)
    defer { server.kill() }
    guard let url = server.line()?.split(separator: " ").last else {
      throw BenchmarkError("the server did not start: \(lastLines(of: log))")
    }
    let common = ["-s", "-S", "-k", way.flag, "-H", "Tus-Resumable: 1.0.0"]
    let head = try Program.output(
      of: "/usr/bin/curl",
      common + ["-i", "-X", "POST", "-H", "Upload-Length: \(bytes)", String(url)])
    guard
      let place = head.split(whereSeparator: \.isNewline).first(where: {
        $0.lowercased().hasPrefix("location:")
      }),
      let location = place.split(separator: " ").last
    else { throw BenchmarkError("no upload was created: \(head)") }
    let before = server.process.cpuSeconds
    let answer = try Program.output(
      of: "/usr/bin/curl",
      common + [
        "-X", "PATCH", "-T", file, "-H", "Expect:", "-H", "Upload-Offset: 0", "-H",
        "Content-Type: application/offset+octet-stream", "-w", "%{http_code} %{time_total}\n",
        String(location),
      ])
    let after = server.process.cpuSeconds
    let words = answer.split(whereSeparator: \.isWhitespace)
    guard words.first == "204", let seconds = words.last.flatMap({ Double($0) }) else {
      throw BenchmarkError("curl said \(answer)")
    }
    var sample = Sample()
    sample[.throughput] = Double(bytes) / Double(1 << 20) / seconds
    sample[.peakMemory] = server.process.peakMemory
    if let before, let after { sample[.cpuPerGiB] = (after - before) / (Double(bytes) / Double(1 << 30)) }
    // It may be working out the digest still.
    server.kill()
    try workspace.remove(folder)
    return sample
  }

  private func table(_ samples: [[Sample]], _ bytes: Int) -> String {
    let columns = [Metric.throughput, .cpuPerGiB, .peakMemory]
    var table = Table(["way"] + columns.map(\.title) + ["× HTTP/1.1, TLS"])
    let reference = samples[1].compactMap { $0[.throughput] }
    for (way, samples) in zip(Way.allCases, samples) {
      let ratios = zip(samples.compactMap { $0[.throughput] }, reference).map { $0 / $1 }
      table.add(
        [way.rawValue]
          + columns.map { metric in
            median(samples.compactMap { $0[metric] }).map { decimal($0, digits: metric.digits) } ?? "–"
          } + [median(ratios).map { decimal($0, digits: 2) } ?? "–"])
    }
    return """
      ## Versions of HTTP

      One PATCH of \(bytes >> 20) MiB by curl, process; CPU is the server's, until the answer.

      \(table.markdown)
      """
  }
}
