import Catalog
import Scheduling
import TestSupport
import Testing
import Vocabulary

/// Laws of whole histories: the policy's decisions carried out on queues in memory.
@Suite struct SchedulingFairnessTests {
  private func repo(_ name: String) throws -> RepoName { try RepoName(name) }

  @Test(
    "T6 a thousand queued pushes of one repo delay another repo's first by at most one slot, whatever the weight",
    arguments: 1...3, [1, 100])
  func noCrowdingOut(slots: Int, weight: Int) throws {
    var model = SchedulerModel(maximumRunning: slots)
    model.weights = [try repo("crowd"): weight]
    for number in 0..<1000 { model.enqueue(try repo("crowd"), number) }
    _ = model.tick()
    for _ in 0..<10 {
      model.finishOldest()
      _ = model.tick()
    }
    model.enqueue(try repo("another"), 5000)
    if slots == 1 {
      // The only slot is taken: one that frees goes to the repo that waits longest, the next one to the other.
      #expect(model.tick().isEmpty)
      model.finishOldest()
    }
    var starts = model.tick().map(\.repo.text)
    if !starts.contains("another") {
      model.finishOldest()
      starts = model.tick().map(\.repo.text)
    }
    #expect(starts.contains("another"))
  }

  @Test("D7 T6 while all wait, every round has as many starts of each repo as its weight")
  func weights() throws {
    var model = SchedulerModel(maximumRunning: 1)
    let weights = ["a": 3, "b": 1, "c": 2]
    for (name, weight) in weights {
      model.weights[try repo(name)] = weight
      for number in 0..<200 { model.enqueue(try repo(name), number) }
    }
    for _ in 0..<50 {
      var starts: [String: Int] = [:]
      for _ in 0..<6 {
        for start in model.tick() { starts[start.repo.text, default: 0] += 1 }
        model.finishOldest()
      }
      #expect(starts == weights)
    }
  }

  /// What is counted of one repo while it waits.
  private struct Waiting {
    var passes: [RepoName: Int] = [:]
    /// It has had no starts in the round since it began to wait.
    var isFresh = true
  }

  @Test(
    "T4 T6 in any history of arrivals, weights, delays and ends: slots are used, a waiting repo is passed over by another at most as often as that one's weight, at most once when it has starts left, and order is kept inside a repo",
    arguments: 0..<200 as Range<UInt64>)
  func fairness(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let repos = try (0..<random.int(1...8)).map { try repo("repo\($0)") }
    var model = SchedulerModel(maximumRunning: random.int(1...4))
    for repo in repos { model.weights[repo] = random.int(0...2) == 0 ? random.int(2...5) : 1 }
    var waiting: [RepoName: Waiting] = [:]
    var next = 0
    for _ in 0..<300 {
      switch random.int(0...3) {
      case 0, 1:
        // The first repo is greedy.
        let target = random.int(0...1) == 0 ? repos[0] : random.element(of: repos)
        next += 1
        model.enqueue(target, next)
      case 2: model.finish(using: &random)
      default: break
      }
      let eligible = model.eligibleRepos
      for repo in eligible where waiting[repo] == nil { waiting[repo] = Waiting() }
      for repo in eligible where model.startsLeft(repo) == 0 { waiting[repo]?.isFresh = false }
      let starts = model.tick()
      try #require(model.running.count <= model.maximumRunning)
      try #require(Set(model.running.map(\.repo)).count == model.running.count)
      for start in starts {
        waiting[start.repo] = nil
        for repo in eligible where !starts.contains(where: { $0.repo == repo }) {
          waiting[repo]?.passes[start.repo, default: 0] += 1
          let passes = waiting[repo]?.passes[start.repo] ?? 0
          let limit = waiting[repo]?.isFresh == true ? 1 : model.weights[start.repo] ?? 1
          try #require(passes <= limit, "\(repo) was passed over \(passes) times by \(start.repo)")
        }
      }
      // A slot stays free only when no repo could use it.
      if model.running.count < model.maximumRunning { try #require(model.eligibleRepos.isEmpty) }
    }
    while !model.isIdle {
      _ = model.tick()
      model.finishOldest()
    }
    for repo in repos {
      let order = model.history.filter { $0.repo == repo }.map(\.number)
      #expect(order == order.sorted(), "FIFO inside \(repo)")
    }
    #expect(model.history.count == next)
  }

  @Test("no repo starves: new repos that come without end do not keep one waiting for ever")
  func flood() throws {
    var model = SchedulerModel(maximumRunning: 1)
    for number in 0..<2 { model.enqueue(try repo("old"), number) }
    _ = model.tick()
    var starts = 0
    while model.history.filter({ $0.repo.text == "old" }).count < 2 {
      starts += 1
      try #require(starts < SchedulingPolicy.maximumRoundStarts + 10)
      for number in 0..<2 { model.enqueue(try repo("new\(starts)-\(number)"), starts) }
      model.finishOldest()
      _ = model.tick()
    }
  }
}

/// Queues in memory that the policy's decisions are carried out on; its clock goes on with every change.
private struct SchedulerModel {
  struct Push: Equatable {
    var repo: RepoName
    var number: Int
  }
  let maximumRunning: Int
  var weights: [RepoName: Int] = [:]
  private(set) var running: [Push] = []
  private(set) var history: [Push] = []
  private var queues: [RepoName: [(number: Int, sealedAt: Timestamp)]] = [:]
  private var turns: [RepoName: RepoTurn] = [:]
  private var round = SchedulerRound()
  private var now = Timestamp(milliseconds: 0)

  init(maximumRunning: Int) { self.maximumRunning = maximumRunning }

  var isIdle: Bool { running.isEmpty && queues.values.allSatisfy(\.isEmpty) }
  /// Repos that have something queued and nothing running.
  var eligibleRepos: [RepoName] {
    queues.filter { repo, queue in !queue.isEmpty && !running.contains { $0.repo == repo } }.map(\.key)
  }
  func startsLeft(_ repo: RepoName) -> Int { turn(repo).left(in: round.number) }

  mutating func enqueue(_ repo: RepoName, _ number: Int) {
    pass()
    queues[repo, default: []].append((number, now))
  }
  mutating func finishOldest() { if !running.isEmpty { running.removeFirst() } }
  mutating func finish(using random: inout SeededRandom) {
    if !running.isEmpty { running.remove(at: random.int(0...running.count - 1)) }
  }

  private mutating func pass() { now = Timestamp(milliseconds: now.milliseconds + 1) }

  private func turn(_ repo: RepoName) -> RepoTurn {
    var turn = turns[repo] ?? RepoTurn()
    turn.weight = weights[repo] ?? 1
    return turn
  }

  mutating func tick() -> [Push] {
    pass()
    let heads = queues.compactMap { repo, queue in
      queue.first.map { first in
        QueuedPush(
          id: PushID(milliseconds: Int64(first.number), random: Array(repeating: 0, count: 10)), repo: repo,
          sealedAt: first.sealedAt, turn: turn(repo))
      }
    }
    let commits = running.map { push in
      RunningCommit(
        push: PushID(milliseconds: Int64(push.number), random: Array(repeating: 0, count: 10)),
        repo: push.repo, startedAt: now)
    }
    let state = SchedulingState(
      queueHeads: heads, running: commits, maximumRunning: maximumRunning, round: round)
    var starts: [Push] = []
    for case .admit(_, let repo, let number) in SchedulingPolicy.decide(state, now: now) {
      guard let first = queues[repo]?.removeFirst() else { continue }
      starts.append(Push(repo: repo, number: first.number))
      count(repo, number)
    }
    running += starts
    history += starts
    return starts
  }

  private mutating func count(_ repo: RepoName, _ number: Int64) {
    var turn = turn(repo)
    turn.starts = turn.round == number ? turn.starts + 1 : 1
    turn.round = number
    turn.lastStartAt = now
    turns[repo] = turn
    round = SchedulerRound(
      number: number, starts: round.number == number ? round.starts + 1 : 1, cursor: repo)
  }
}
