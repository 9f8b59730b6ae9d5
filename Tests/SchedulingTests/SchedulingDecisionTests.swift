import Catalog
import Scheduling
import TestSupport
import Testing
import Vocabulary

@Suite struct SchedulingPolicyTests {
  private func repo(_ name: String) throws -> RepoName { try RepoName(name) }

  private func head(_ name: String, _ number: Int = 1) throws -> QueuedPush {
    QueuedPush(
      id: PushID(milliseconds: Int64(number), random: Array(repeating: 0, count: 10)), repo: try repo(name),
      sealedAt: Timestamp(milliseconds: Int64(number)))
  }

  private func admitted(_ state: SchedulingState) -> [String] {
    SchedulingPolicy.decide(state).compactMap { if case .admit(_, let repo) = $0 { repo.text } else { nil } }
  }

  @Test("repos are served in a round that goes on after the cursor")
  func roundRobin() throws {
    let heads = try ["a", "b", "c", "d"].map { try head($0) }
    func order(_ cursor: String?) throws -> [String] {
      admitted(SchedulingState(queueHeads: heads, maximumRunning: 9, cursor: try cursor.map { try repo($0) }))
    }
    #expect(try order(nil) == ["a", "b", "c", "d"])
    #expect(try order("a") == ["b", "c", "d", "a"])
    #expect(try order("b") == ["c", "d", "a", "b"])
    #expect(try order("d") == ["a", "b", "c", "d"])
    #expect(try order("bb") == ["c", "d", "a", "b"])
    #expect(try order("z") == ["a", "b", "c", "d"])
  }

  @Test("no repo has two commits at a time")
  func oneEach() throws {
    let state = SchedulingState(
      queueHeads: try [head("a"), head("b")], runningRepos: [try repo("a")], maximumRunning: 9)
    #expect(admitted(state) == ["b"])
  }

  @Test("no more commits run than there are slots", arguments: -1...5)
  func slots(maximum: Int) throws {
    let heads = try ["a", "b", "c", "d"].map { try head($0) }
    let state = SchedulingState(queueHeads: heads, runningRepos: [try repo("x")], maximumRunning: maximum)
    #expect(admitted(state).count == max(0, min(4, maximum - 1)))
  }

  @Test("what has expired comes first, in its order, and needs no slot")
  func expiry() throws {
    var random = SeededRandom(seed: 1)
    let uploads: [UploadID] = [random.id(), random.id()]
    let pushes: [PushID] = [random.id(), random.id()]
    let state = SchedulingState(
      queueHeads: [try head("a")], maximumRunning: 1, expiredUploads: uploads, expiredPushes: pushes)
    #expect(
      SchedulingPolicy.decide(state) == [
        .expireUpload(uploads[0]), .expireUpload(uploads[1]), .expirePush(pushes[0]), .expirePush(pushes[1]),
        .admit(try head("a").id, try repo("a")),
      ])
    let full = SchedulingState(
      queueHeads: [try head("a")], maximumRunning: 0, expiredUploads: uploads, expiredPushes: pushes)
    #expect(SchedulingPolicy.decide(full).count == 4)
  }

  @Test("the decisions do not depend on the order of the heads", arguments: 0..<20 as Range<UInt64>)
  func pure(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let heads = try "abcdefgh".shuffled(using: &random).prefix(5).map { try head(String($0)) }
    let running = [try repo("c")]
    let state = SchedulingState(
      queueHeads: heads, runningRepos: running, maximumRunning: random.int(0...6), cursor: try repo("d"))
    var shuffled = state
    shuffled.queueHeads.shuffle(using: &random)
    #expect(SchedulingPolicy.decide(state) == SchedulingPolicy.decide(shuffled))
    #expect(SchedulingPolicy.decide(state) == SchedulingPolicy.decide(state))
  }

  @Test(
    "a thousand queued pushes of one repo delay another repo's first by at most one slot", arguments: 1...3)
  func noCrowdingOut(slots: Int) throws {
    var model = SchedulerModel(maximumRunning: slots)
    for number in 0..<1000 { model.enqueue(try repo("crowd"), number) }
    _ = model.tick()
    for _ in 0..<10 {
      model.finishOldest()
      _ = model.tick()
    }
    model.enqueue(try repo("another"), 5000)
    if slots == 1 {
      // The only slot is taken: the next one that is free is the other repo's.
      #expect(model.tick().isEmpty)
      model.finishOldest()
    }
    #expect(model.tick().map(\.repo.text) == ["another"])
  }

  @Test(
    "fairness: in any history, each other repo goes before a waiting one at most once",
    arguments: 0..<100 as Range<UInt64>)
  func fairness(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let repos = try (0..<random.int(1...8)).map { try repo("repo\($0)") }
    var model = SchedulerModel(maximumRunning: random.int(1...4))
    /// Per waiting repo, how often each other was admitted since it could have been.
    var passed: [RepoName: [RepoName: Int]] = [:]
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
      let starts = model.tick()
      try #require(model.running.count <= model.maximumRunning)
      try #require(Set(model.running.map(\.repo)).count == model.running.count)
      for start in starts {
        passed[start.repo] = nil
        for waiting in eligible where waiting != start.repo && !starts.contains(where: { $0.repo == waiting })
        {
          passed[waiting, default: [:]][start.repo, default: 0] += 1
          try #require(passed[waiting]?[start.repo] == 1, "\(waiting) was passed over twice by \(start.repo)")
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
}

/// Queues in memory that the policy's decisions are carried out on.
private struct SchedulerModel {
  struct Push: Equatable {
    var repo: RepoName
    var number: Int
  }
  let maximumRunning: Int
  private(set) var running: [Push] = []
  private(set) var history: [Push] = []
  private var queues: [RepoName: [Int]] = [:]
  private var cursor: RepoName?

  init(maximumRunning: Int) { self.maximumRunning = maximumRunning }

  var isIdle: Bool { running.isEmpty && queues.values.allSatisfy(\.isEmpty) }
  /// Repos that have something queued and nothing running.
  var eligibleRepos: [RepoName] {
    queues.filter { repo, queue in !queue.isEmpty && !running.contains { $0.repo == repo } }.map(\.key)
  }

  mutating func enqueue(_ repo: RepoName, _ number: Int) { queues[repo, default: []].append(number) }
  mutating func finishOldest() { if !running.isEmpty { running.removeFirst() } }
  mutating func finish(using random: inout SeededRandom) {
    if !running.isEmpty { running.remove(at: random.int(0...running.count - 1)) }
  }

  mutating func tick() -> [Push] {
    let heads = queues.compactMap { repo, queue in
      queue.first.map { number in
        QueuedPush(
          id: PushID(milliseconds: Int64(number), random: Array(repeating: 0, count: 10)), repo: repo,
          sealedAt: Timestamp(milliseconds: Int64(number)))
      }
    }
    let state = SchedulingState(
      queueHeads: heads, runningRepos: running.map(\.repo), maximumRunning: maximumRunning, cursor: cursor)
    var starts: [Push] = []
    for case .admit(_, let repo) in SchedulingPolicy.decide(state) {
      guard let number = queues[repo]?.removeFirst() else { continue }
      starts.append(Push(repo: repo, number: number))
      cursor = repo
    }
    running += starts
    history += starts
    return starts
  }
}
