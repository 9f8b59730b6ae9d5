import Foundation
import Platform

/// All threads of a simulated machine as one: it runs ready jobs of tasks and submitted work in an order that the seed
/// chooses.
///
/// Tasks belong here that are started with `Task(executorPreference:)`, and what they wait for must come from here:
/// work that arrives from another thread is counted in `foreignCount`, as its time is nobody's to repeat.
package final class SimulationExecutor: TaskExecutor, IOExecutor, @unchecked Sendable {
  // Sendable because only the thread of the simulation steps; arrivals are under `arrivals`' lock.
  private enum Work {
    case job(UnownedJob)
    case call(@Sendable () -> Void)
  }
  private struct Arrivals {
    var ready: [Work] = []
    var lanes: [SimulationLane] = []
    var foreignCount = 0
  }
  /// A job inside a slow call of a job inside a slow call …: as many are enough.
  private static let depthLimit = 4

  private let arrivals = Locked(Arrivals())
  private let owner = Thread.current
  private var random: SeededRandom
  private var depth = 0
  /// Jobs that were run.
  package private(set) var steps = 0
  /// Called before each job, for time to go on.
  package var onStep: () -> Void = {}

  package init(seed: UInt64) { random = SeededRandom(seed: seed) }

  /// How often work came from outside of the simulation: more than never means that a run cannot be repeated.
  package var foreignCount: Int { arrivals.withLock { $0.foreignCount } }

  package func enqueue(_ job: consuming ExecutorJob) { arrive(.job(UnownedJob(job))) }
  package func submit(_ work: @escaping @Sendable () -> Void) { arrive(.call(work)) }

  private func arrive(_ work: Work) {
    let isForeign = Thread.current !== owner
    arrivals.withLock { arrivals in
      arrivals.ready.append(work)
      if isForeign { arrivals.foreignCount += 1 }
    }
  }

  /// Threads of their own for some work, at most `threads` calls at once: begun in the order they came.
  package func lane(threads: Int) -> SimulationLane {
    let lane = SimulationLane(threads: threads)
    arrivals.withLock { $0.lanes.append(lane) }
    return lane
  }

  /// Starts a task of the simulation.
  package func spawn(_ body: @escaping @Sendable () async -> Void) {
    Task(executorPreference: self) { await body() }
  }

  /// Runs one ready job; false when there is none.
  package func step() -> Bool {
    let (ready, lanes) = arrivals.withLock { ($0.ready.count, $0.lanes) }
    let open = lanes.filter(\.isReady)
    guard ready + open.count > 0 else { return false }
    steps += 1
    onStep()
    let choice = random.int(0...(ready + open.count - 1))
    depth += 1
    defer { depth -= 1 }
    guard choice < ready else {
      open[choice - ready].runNext()
      return true
    }
    // The order of the rest does not matter, as each choice is random.
    let work = arrivals.withLock { arrivals in
      arrivals.ready.swapAt(choice, arrivals.ready.count - 1)
      return arrivals.ready.removeLast()
    }
    switch work {
    case .job(let job): job.runSynchronously(on: asUnownedTaskExecutor())
    case .call(let call): call()
    }
    return true
  }

  /// Runs jobs until `condition` holds; false when there is nothing left to run, or after `limit` jobs.
  package func run(limit: Int = 1_000_000, until condition: () -> Bool = { false }) -> Bool {
    for _ in 0..<limit {
      if condition() { return true }
      if !step() { break }
    }
    return condition()
  }

  /// What other threads do while a call of this one is slow: some jobs, run inside the present one.
  package func runOthers(atMost limit: Int = 12) {
    guard depth < Self.depthLimit else { return }
    for _ in 0..<random.int(0...limit) {
      if !step() { return }
    }
  }
}

/// An `IOExecutor` of a simulation with a number of threads.
package final class SimulationLane: IOExecutor {
  private struct State {
    var waiting: [@Sendable () -> Void] = []
    var running = 0
  }
  private let threads: Int
  private let state = Locked(State())

  init(threads: Int) { self.threads = threads }

  package func submit(_ work: @escaping @Sendable () -> Void) {
    state.withLock { $0.waiting.append(work) }
  }

  var isReady: Bool { state.withLock { !$0.waiting.isEmpty && $0.running < threads } }

  /// - Precondition: `isReady`.
  func runNext() {
    let work = state.withLock { state in
      state.running += 1
      return state.waiting.removeFirst()
    }
    work()
    state.withLock { $0.running -= 1 }
  }
}
