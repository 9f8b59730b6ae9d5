import Catalog
import Scheduling
import TestSupport
import Testing
import Vocabulary

/// The round as it goes with the real runner and a real catalog; nothing here depends on a clock that runs.
@Suite(.timeLimit(.minutes(15))) struct SchedulerRoundTests {
  private func weigh(_ fixture: RunnerFixture, _ weights: [String: Int]) async throws {
    let now = fixture.clock.now()
    try await fixture.catalog.write { transaction in
      for (name, weight) in weights {
        try transaction.ensureRepo(RepoName(name), description: nil, at: now)
        guard var repo = try transaction.repo(RepoName(name)) else { continue }
        repo.weight = weight
        try transaction.update(repo)
      }
    }
  }

  @Test(
    "T6 a thousand queued pushes of one repo, light or heavy, let another repo's first go before their second next",
    arguments: [1, 100])
  func crowd(weight: Int) async throws {
    let fixture = try RunnerFixture(maximumRunning: 1)
    try await weigh(fixture, ["crowd": weight])
    for _ in 0..<1000 { _ = try await fixture.push("crowd", .queued) }
    for _ in 0..<5 { await fixture.step() }
    let first = try await fixture.push("another", .queued)
    var starts: [PushID] = []
    while !starts.contains(first), starts.count < 10 { starts += await fixture.step().map(\.push) }
    #expect(starts.count <= 2)
  }

  @Test(
    "T6 T12 the shares follow the weights, and a restart after every start goes on in the middle of the round"
  )
  func weights() async throws {
    let weights = ["a": 3, "b": 1, "c": 2]
    var histories: [[String]] = []
    for restarts in [false, true] {
      let fixture = try RunnerFixture(maximumRunning: 1)
      try await weigh(fixture, weights)
      for _ in 0..<12 { for name in ["a", "b", "c"] { _ = try await fixture.push(name, .queued) } }
      var history: [String] = []
      for _ in 0..<18 {
        history += await fixture.step(restarts ? fixture.restarted() : nil).map(\.repo.text)
      }
      histories.append(history)
    }
    #expect(histories[0] == histories[1])
    for round in 0..<3 {
      let starts = histories[0][(6 * round)..<(6 * round + 6)]
      #expect(Dictionary(grouping: starts) { $0 }.mapValues(\.count) == weights)
    }
  }

  @Test(
    "T6 more waiting repos than are compared at a time are all served, each once before any is served again")
  func manyRepos() async throws {
    let fixture = try RunnerFixture(maximumRunning: 50)
    for number in 0..<600 { for _ in 0..<2 { _ = try await fixture.push("repo\(number)", .queued) } }
    var starts: [RepoName] = []
    while starts.count < 1200 {
      let step = await fixture.step()
      try #require(!step.isEmpty)
      starts += step.map(\.repo)
    }
    #expect(Set(starts.prefix(600)).count >= 550)
    #expect(Set(starts).count == 600)
  }

  @Test("T2 T6 inside a repo pushes are committed in the order in which they were sealed, whatever their ids")
  func order() async throws {
    let fixture = try RunnerFixture(maximumRunning: 3)
    var ids: [PushID] = []
    for number in 0..<5 {
      let sealedAt = Timestamp(milliseconds: 1_600_000_000_000 - Int64(number))
      ids.insert(try await fixture.push("a", .queued) { $0.sealedAt = sealedAt }, at: 0)
    }
    var starts: [PushID] = []
    while starts.count < 5 { starts += await fixture.step().map(\.push) }
    #expect(starts == ids)
  }
}
