/// One situation that several servers are compared in.
struct Case: Sendable {
  let title: String
  let contenders: [Contender]
  /// Runs once against a server that has just been started, or against one that runs already.
  let measure: @Sendable (Server, Contender) throws -> Sample
}

/// Cases with the same columns: one table.
struct Scenario: Sendable {
  let title: String
  /// What a reader must know to read the table.
  let note: String
  let columns: [Metric]
  /// What the ratios compare.
  let compared: Metric
  /// Small files stay until the program ends: deleting them would slow down the creations that follow.
  var keepsData = false
  let cases: [Case]
}

extension Session {
  /// Runs all cases, round after round, and returns their table.
  func run(_ scenario: Scenario) throws -> String {
    let references = [options.baselineName] + options.peers.map(\.name)
    var table = Table(
      ["case", "server"] + scenario.columns.map(\.title) + references.map { "× \($0)" })
    for item in scenario.cases {
      let samples = try collect(item, keepsData: scenario.keepsData) { sample in
        sample[scenario.compared].map { "\(decimal($0, digits: 2)) \(scenario.compared.title)" } ?? ""
      }
      for (index, contender) in item.contenders.enumerated() {
        let figures = scenario.columns.map { text($0, samples[index]) }
        let ratios = references.map { reference in
          ratio(
            scenario.compared, samples[index], position(of: reference, in: item).map { samples[$0] } ?? [])
        }
        table.add([item.title, contender.name] + figures + ratios)
      }
    }
    return "## \(scenario.title)\n\n\(scenario.note)\n\n\(table.markdown)"
  }

  /// Every contender's samples, round after round: A, B, C, A, B, C, because the machine's speed drifts.
  func collect(
    _ item: Case, keepsData: Bool = false, progress: (Sample) -> String
  ) throws -> [[Sample]] {
    var samples = [[Sample]](repeating: [], count: item.contenders.count)
    for round in 1...options.rounds {
      for (index, contender) in item.contenders.enumerated() {
        let label = "\(item.title), round \(round) of \(options.rounds), \(contender.name)"
        do {
          let sample = try withServer(contender, keepsData: keepsData) { try item.measure($0, contender) }
          samples[index].append(sample)
          note("\(label): \(progress(sample))")
        } catch {
          throw BenchmarkError("\(label): \(error)")
        }
      }
    }
    return samples
  }

  /// Where the baseline or peer is, whatever its flags; nil when it does not take part.
  private func position(of reference: String, in item: Case) -> Int? {
    item.contenders.firstIndex { $0.name.split(separator: ",").first ?? "" == reference }
  }

  private func text(_ metric: Metric, _ samples: [Sample]) -> String {
    median(samples.compactMap { $0[metric] }).map { decimal($0, digits: metric.digits) } ?? "–"
  }

  /// The median of the rounds' ratios: what drifts from round to round cancels out.
  private func ratio(_ metric: Metric, _ samples: [Sample], _ reference: [Sample]) -> String {
    let ratios = zip(samples, reference).compactMap { sample, reference -> Double? in
      guard let value = sample[metric], let base = reference[metric], base > 0 else { return nil }
      return value / base
    }
    return median(ratios).map { decimal($0, digits: 2) } ?? "–"
  }
}
