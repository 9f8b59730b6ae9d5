import Catalog
import CatalogSQLite
import Platform
import Pushes
import TestSupport
import Vocabulary

/// One run: lives of the gateway in a storm of faults and crashes, then calm, in which everything must come to its end.
final class SimulationRun: @unchecked Sendable {
  // Sendable because a simulation runs on one thread.
  private static let stepLimit = 400_000
  /// docs/storage-format.md asks it of the file system.
  private static let isAppendOrdered = true
  /// A process that is started again after a failed sync, without the machine, finds a page cache that still shows
  /// what is lost, and nothing can tell it so: docs/storage-format.md asks the operator to restart the machine then.
  private static let restartsAfterFailedSync = false

  let settings: SimulationSettings
  let machine: SimulatedMachine
  let oracle: SimulationOracle
  private(set) var files: [ClientFile] = []
  private(set) var pushes: [ClientPush] = []
  private(set) var breaches: [String] = []
  /// Calls of the disk and the catalog in each life, until the calm.
  private(set) var callsOfLives: [Int] = []
  private var random: SeededRandom
  private var life: SimulatedLife?
  private var crashes = 0
  /// Every upload that was unfinished at one moment has expired.
  var hasLeapt = false
  let leapDelay: Int
  /// Client programs under way.
  private var programs = 0
  /// False once nothing fails any more, and nothing that failed is left over.
  private(set) var mayFail = true

  init(_ settings: SimulationSettings) throws {
    self.settings = settings
    random = SeededRandom(seed: settings.seed &* 7)
    leapDelay = Int(settings.seed % 97)
    machine = try SimulatedMachine(
      seed: settings.seed, rates: settings.rates, capacity: settings.capacity)
    oracle = SimulationOracle(machine: machine, isSynced: settings.isSynced)
    var byNumber: [Int: ClientPush] = [:]
    for (number, push) in settings.pushes.enumerated()
    where settings.files.contains(where: { $0.push == number }) {
      byNumber[number] = ClientPush(
        repo: try RepoName("repo-\(number % 2)"), isListed: push.isListed, sealsItself: push.sealsItself)
    }
    pushes = byNumber.keys.sorted().compactMap { byNumber[$0] }
    for file in settings.files {
      var role = ClientFile.Role.whole
      if !file.parts.isEmpty {
        let parts = try file.parts.enumerated().map { index, byteCount in
          try ClientFile(
            number: files.count + index,
            .init(
              byteCount: byteCount, isDeferred: index == 1, isDraft: file.isDraft, isKeyed: file.isKeyed,
              seed: file.seed &* 31 &+ UInt64(index)),
            push: nil, role: .part)
        }
        files += parts
        role = .final(parts + parts.prefix(1))
      }
      files.append(
        try ClientFile(
          number: files.count, file, push: file.push.flatMap { byNumber[$0] }, role: role))
    }
  }

  func note(_ line: String) { machine.trace.note(line) }

  /// A rule is broken.
  func `break`(_ what: String) {
    note("BREACH: \(what)")
    if breaches.count < 20 { breaches.append(what) }
  }

  /// What a run came to.
  struct Report: Sendable {
    let trace: SimulationTrace
    /// The rules that were broken; must be empty.
    let breaches: [String]
    let callsOfLives: [Int]
  }

  static func report(_ settings: SimulationSettings) throws -> Report {
    let run = try SimulationRun(settings)
    while try run.storm() {}
    try run.calm()
    return Report(trace: run.machine.trace, breaches: run.breaches, callsOfLives: run.callsOfLives)
  }

  // MARK: lives

  /// One life in the storm; false when there is to be no other.
  private func storm() throws -> Bool {
    let begun = machine.plan.calls
    let number = callsOfLives.count
    if let strike = settings.strikes.first(where: { $0.life == number }) {
      machine.plan.strike(call: begun + strike.call, strike.fault, isLasting: strike.isLasting)
    }
    let life = begin()
    if start(life) {
      for file in files {
        let client = SimulatedClient(file, in: self, life, seed: random.next())
        spawn(life) { [settings] in await client.storm(requests: settings.requests) }
      }
      spawn(life) { await self.sealEarly(life) }
      if settings.leaps { spawn(life) { await self.leap(life) } }
      live(life) { self.programs == 0 }
    }
    callsOfLives.append(machine.plan.calls - begun)
    let isCrashed = !life.isRunning
    if isCrashed {
      try crash(life)
    } else if settings.strikes.isEmpty && random.int(0...2) == 0 {
      // The program is ended from outside.
      machine.disk.stop()
      try crash(life)
    } else {
      self.life = life
    }
    return isCrashed && crashes < settings.crashLimit
  }

  /// Nothing fails any more: every client is served, every push is committed, and all of it survives one more crash.
  private func calm() throws {
    note("calm")
    let hadFailures =
      settings.rates.failed > 0 || settings.strikes.contains { $0.fault == .failed }
      || machine.disk.failedSyncs > 0
    machine.plan.heal()
    machine.disk.capacity = 1 << 40
    // What a failed sync leaves in doubt may need a restart; a full disk may not.
    if let life, hadFailures {
      machine.disk.stop()
      try crash(life)
      self.life = nil
    }
    mayFail = false
    let life = self.life ?? begin()
    if self.life == nil, !start(life) { return self.break("the gateway does not start") }
    for file in files
    where file.goal == .finished
      && (hasLeapt || file.current.map({ file.uploads[$0]?.mayBeGone == true }) == true)
    {
      file.goal = .open
    }
    for file in files {
      let client = SimulatedClient(file, in: self, life, seed: random.next())
      spawn(life) { await client.finish() }
    }
    spawn(life) { await self.tend(life) }
    live(life) { self.programs == 0 }
    settle(life)
    spawn(life) { await self.retryFailed(life) }
    live(life) { self.programs == 0 }
    settle(life)
    try check()
    for flaw in try oracle.unfinished(files) { self.break(flaw) }
    machine.disk.stop()
    try crash(life)
    let last = begin()
    if !start(last) { return self.break("the gateway does not start again") }
    try check()
    for flaw in try oracle.unfinished(files) { self.break(flaw) }
    machine.disk.stop()
    try crash(last)
  }

  private func begin() -> SimulatedLife {
    note("life \(callsOfLives.count)")
    let life = SimulatedLife(machine, isSynced: settings.isSynced, seed: random.next())
    machine.disk.onCrash = { [weak life] in life?.stop() }
    machine.disk.whileSlow = { [weak executor = life.executor] in executor?.runOthers() }
    life.executor.onStep = { [clock = machine.clock] in clock.advance(milliseconds: 1) }
    programs = 0
    return life
  }

  /// True when the gateway is ready for requests.
  private func start(_ life: SimulatedLife) -> Bool {
    let end = Locked<Bool?>(nil)
    life.executor.spawn {
      do {
        try await life.start()
        end.withLock { $0 = true }
      } catch {
        self.note("start failed: \(error)")
        end.withLock { $0 = false }
      }
    }
    _ = life.executor.run(limit: Self.stepLimit) { end.withLock { $0 } != nil || !life.isRunning }
    guard life.isRunning else { return false }
    guard let isStarted = end.withLock({ $0 }) else {
      self.break("the start never ends")
      return false
    }
    // Who cannot start ends, and is started again.
    if !isStarted { machine.disk.stop() }
    return isStarted
  }

  /// Runs the life until `isOver` holds, or the machine stops.
  private func live(_ life: SimulatedLife, until isOver: () -> Bool) {
    var steps = 0
    while life.isRunning && !isOver() {
      steps += 1
      if steps > Self.stepLimit { return self.break("no end after \(steps) steps") }
      if random.int(0...99) == 0 || life.isWoken && random.int(0...9) == 0 { life.tick() }
      if !life.stalled.isEmpty, random.int(0...199) == 0 { life.stalled[0].interrupt() }
      if life.executor.step() { continue }
      if let body = life.stalled.first {
        body.interrupt()
      } else if life.requests > 0 || programs > 0 {
        return self.break("\(life.requests) requests wait forever")
      } else {
        // Nothing is left to do but what waits for its time.
        machine.clock.advance(milliseconds: 20_000)
        life.tick()
      }
    }
    if life.executor.foreignCount > 0 { self.break("work came from outside of the simulation") }
  }

  /// Runs the life until no push waits for the scheduler any more.
  private func settle(_ life: SimulatedLife) {
    for _ in 0..<50 {
      life.tick()
      while life.executor.step() {}
      if isScheduled() { return }
      machine.clock.advance(milliseconds: 20_000)
    }
    self.break("pushes wait forever")
  }

  private func crash(_ life: SimulatedLife) throws {
    crashes += 1
    if !life.drain() { self.break("requests of a stopped machine wait forever") }
    let mayLose = settings.isPowerLoss && (!settings.strikes.isEmpty || random.int(0...2) > 0)
    let isPowerLoss =
      mayLose || settings.isSynced && machine.disk.failedSyncs > 0 && !Self.restartsAfterFailedSync
    machine.disk.crash(CrashRules(isPowerLoss: isPowerLoss, isAppendOrdered: Self.isAppendOrdered))
    try check()
  }

  private func check() throws {
    for flaw in try oracle.flaws(files) { self.break(flaw) }
    for file in files {
      for (id, upload) in file.uploads.sorted(by: { $0.key < $1.key }) where !upload.isDeleted {
        if let flaw = try oracle.flaw(acknowledged: upload.acknowledged, of: id, file) { self.break(flaw) }
      }
    }
  }

  /// Starts a program of a client.
  func spawn(_ life: SimulatedLife, _ body: @escaping @Sendable () async -> Void) {
    programs += 1
    life.executor.spawn {
      await body()
      self.programs -= 1
    }
  }
}
