import Catalog
import Scheduling
import TestSupport
import Testing
import Vocabulary

@Suite struct SchedulingPolicyTests {
  private let now = Timestamp(milliseconds: 1_000_000)

  private func repo(_ name: String) throws -> RepoName { try RepoName(name) }

  private func head(_ name: String, _ number: Int = 1, _ turn: RepoTurn = RepoTurn()) throws -> QueuedPush {
    QueuedPush(
      id: PushID(milliseconds: Int64(number), random: Array(repeating: 0, count: 10)), repo: try repo(name),
      sealedAt: Timestamp(milliseconds: Int64(number)), turn: turn)
  }

  private func running(_ name: String, since: Int64 = 0) throws -> RunningCommit {
    RunningCommit(
      push: try head(name, 99).id, repo: try repo(name), startedAt: Timestamp(milliseconds: since))
  }

  private func admitted(_ state: SchedulingState) -> [String] {
    SchedulingPolicy.decide(state, now: now).compactMap {
      if case .admit(_, let repo, _) = $0 { repo.text } else { nil }
    }
  }

  @Test(
    "T6 the repo that has waited longest is served first: since its last start, or since its push was sealed")
  func longestWaiting() throws {
    let served = RepoTurn(round: 0, lastStartAt: Timestamp(milliseconds: 25))
    let heads = try [head("a", 10, served), head("b", 20), head("c", 30), head("d", 20)]
    #expect(admitted(SchedulingState(queueHeads: heads, maximumRunning: 9)) == ["b", "d", "a", "c"])
  }

  @Test("T6 whoever has had its starts of the round goes after those who have not, in the next round")
  func rounds() throws {
    let round = SchedulerRound(number: 7, starts: 3)
    let spent = RepoTurn(weight: 2, round: 7, starts: 2)
    let open = RepoTurn(weight: 2, round: 7, starts: 1)
    let earlier = RepoTurn(weight: 1, round: 6, starts: 1)
    let heads = try [head("a", 1, spent), head("b", 2, open), head("c", 3, earlier)]
    let state = SchedulingState(queueHeads: heads, maximumRunning: 9, round: round)
    #expect(
      SchedulingPolicy.decide(state, now: now) == [
        .admit(heads[1].id, heads[1].repo, round: 7), .admit(heads[2].id, heads[2].repo, round: 7),
        .admit(heads[0].id, heads[0].repo, round: 8),
      ])
  }

  @Test("T6 a round that has lasted long enough ends, however many repos have starts left")
  func longRound() throws {
    let heads = try [head("old", 1, RepoTurn(round: 7, starts: 1)), head("new", 2)]
    var round = SchedulerRound(number: 7, starts: SchedulingPolicy.maximumRoundStarts - 1)
    let state = SchedulingState(queueHeads: heads, maximumRunning: 1, round: round)
    #expect(admitted(state) == ["new"])
    round.starts += 1
    #expect(admitted(SchedulingState(queueHeads: heads, maximumRunning: 1, round: round)) == ["old"])
  }

  @Test("T4 no repo has two commits at a time, and such a head does not hold up others")
  func oneEach() throws {
    let state = SchedulingState(
      queueHeads: try [head("a"), head("b")], running: [try running("a")], maximumRunning: 9)
    #expect(admitted(state) == ["b"])
    #expect(!SchedulingPolicy.canStart(try head("a"), beside: [try repo("a")], hasRoom: true))
    #expect(SchedulingPolicy.canStart(try head("a"), beside: [try repo("b")], hasRoom: true))
  }

  @Test("C13 T4 T5 as many start at once as there are slots, and no more", arguments: -1...5)
  func slots(maximum: Int) throws {
    let heads = try ["a", "b", "c", "d"].map { try head($0) }
    let state = SchedulingState(
      queueHeads: heads, running: [try running("x")], maximumRunning: maximum)
    #expect(admitted(state).count == max(0, min(4, maximum - 1)))
  }

  @Test(
    "C30 T4 nothing starts while the storage has no room, and commits may use all of the reserve but its last quarter"
  )
  func room() throws {
    let state = SchedulingState(queueHeads: [try head("a")], maximumRunning: 9, hasRoom: false)
    #expect(admitted(state).isEmpty)
    #expect(CommitHeadroom.hasRoom(free: 25, total: 10_000, reserveBytes: 100))
    #expect(!CommitHeadroom.hasRoom(free: 24, total: 10_000, reserveBytes: 100))
    // A small storage has a small reserve; none asked for is none.
    #expect(CommitHeadroom.hasRoom(free: 2, total: 200, reserveBytes: .max))
    #expect(!CommitHeadroom.hasRoom(free: 1, total: 200, reserveBytes: .max))
    #expect(CommitHeadroom.hasRoom(free: 0, total: 10_000, reserveBytes: 0))
  }

  @Test(
    "T4 why a queued push waits: its retry, another commit of its repo, the disk, or its turn; others do not wait"
  )
  func reasons() throws {
    var push = PushRecord.sample(try head("a").id, .queued, repo: try repo("a"))
    func reason(_ running: [String] = [], hasRoom: Bool = true) throws -> WaitingReason? {
      WaitingReason.of(push, runningRepos: try running.map { try repo($0) }, hasRoom: hasRoom, now: now)
    }
    #expect(try reason() == .turn)
    #expect(try reason(["b"]) == .turn)
    #expect(try reason(["a"], hasRoom: false) == .anotherCommit)
    #expect(try reason(["b"], hasRoom: false) == .diskSpace)
    push.notBefore = now
    #expect(try reason() == .turn)
    push.notBefore = now.adding(seconds: 1)
    #expect(try reason(["a"])?.description == "retry at \(now.adding(seconds: 1).rfc3339)")
    push.state = .failed
    #expect(try reason() == nil)
  }

  @Test("T12 a commit is asked to stop when its time is over, once, and never without a limit")
  func timeouts() throws {
    let long = try running("a", since: now.milliseconds - 10_000)
    let short = try running("b", since: now.milliseconds - 9_999)
    var state = SchedulingState(running: [long, short], maximumRunning: 9, commitTimeoutSeconds: 10)
    #expect(SchedulingPolicy.decide(state, now: now) == [.stop(long.push)])
    state.running[0].isStopping = true
    #expect(SchedulingPolicy.decide(state, now: now) == [])
    state.running[0].isStopping = false
    state.commitTimeoutSeconds = nil
    #expect(SchedulingPolicy.decide(state, now: now) == [])
  }

  @Test("D8 what is over comes first, then retries that are due, then starts; only starts need a slot")
  func order() throws {
    var random = SeededRandom(seed: 1)
    let upload: UploadID = random.id()
    let (push, due): (PushID, PushID) = (random.id(), random.id())
    var state = SchedulingState(
      queueHeads: [try head("a")], running: [try running("b")], maximumRunning: 2, commitTimeoutSeconds: 1,
      duePushes: [due], expiredUploads: [upload], expiredPushes: [push])
    let others: [SchedulingDecision] = [
      .expireUpload(upload), .expirePush(push), .stop(try running("b").push), .release(due),
    ]
    // A push that is put back in line may be the first of it.
    #expect(SchedulingPolicy.decide(state, now: now) == others)
    state.duePushes = []
    let start = SchedulingDecision.admit(try head("a").id, try repo("a"), round: 1)
    #expect(SchedulingPolicy.decide(state, now: now) == others.dropLast() + [start])
    state.maximumRunning = 0
    #expect(SchedulingPolicy.decide(state, now: now) == Array(others.dropLast()))
  }

  @Test("D8 the decisions do not depend on the order of the heads", arguments: 0..<20 as Range<UInt64>)
  func pure(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let heads = try "abcdefgh".shuffled(using: &random).prefix(5).map { letter in
      let turn = RepoTurn(
        weight: random.int(1...3), round: Int64(random.int(0...1)), starts: random.int(0...3))
      return try head(String(letter), random.int(1...3), turn)
    }
    let state = SchedulingState(
      queueHeads: heads, running: [try running("c")], maximumRunning: random.int(0...6))
    var shuffled = state
    shuffled.queueHeads.shuffle(using: &random)
    #expect(SchedulingPolicy.decide(state, now: now) == SchedulingPolicy.decide(shuffled, now: now))
  }

  @Test("the delay doubles with every attempt up to its limit", arguments: 1...20)
  func delays(attempt: Int) {
    let seconds = RetryDelay.seconds(afterAttempt: attempt)
    #expect(seconds == min(300, attempt < 9 ? 1 << Int64(attempt) : 300))
  }
}
