import Platform

/// Which calls of a simulated machine go wrong. Calls are numbered from 1, over the disk and the catalog together.
///
/// Faults come from the seed by their rates, and from `strike` at a chosen call: for loops over all calls of a scenario.
package final class FaultPlan: @unchecked Sendable {
  // Sendable because a simulation runs on one thread.

  package enum Fault: Sendable, CaseIterable {
    /// The disk is full: a write stores a part at most.
    case full
    /// An input/output error; a sync that fails may have lost what it was to make durable.
    case failed
    /// The call takes long: other threads get ahead while it runs.
    case slow
    /// The machine stops before the call does anything.
    case crash
  }

  /// Faults per 10,000 calls.
  package struct Rates: Sendable {
    package var full = 0
    package var failed = 0
    package var slow = 0
    package var crash = 0
    package init(full: Int = 0, failed: Int = 0, slow: Int = 0, crash: Int = 0) {
      self.full = full
      self.failed = failed
      self.slow = slow
      self.crash = crash
    }
  }

  package var rates: Rates
  /// Calls that were made.
  package private(set) var calls = 0
  /// Faults that were put, slow calls aside.
  package private(set) var hits = 0
  private var strike: (call: Int, fault: Fault, isLasting: Bool)?
  private var random: SeededRandom

  package init(seed: UInt64, rates: Rates = Rates()) {
    random = SeededRandom(seed: seed)
    self.rates = rates
  }

  /// Puts `fault` into the call with this number, and with `isLasting` into all later ones.
  package func strike(call: Int, _ fault: Fault, isLasting: Bool = false) {
    strike = (call, fault, isLasting)
  }

  /// No faults from now on.
  package func heal() {
    rates = Rates()
    strike = nil
  }

  /// Counts a call and says what goes wrong with it.
  package func next() -> Fault? {
    calls += 1
    let fault = chosen() ?? drawn()
    if let fault, fault != .slow { hits += 1 }
    return fault
  }

  private func chosen() -> Fault? {
    guard let strike, calls == strike.call || strike.isLasting && calls > strike.call else { return nil }
    return strike.fault
  }

  private func drawn() -> Fault? {
    let faults = [rates.full, rates.failed, rates.slow, rates.crash]
    guard faults.contains(where: { $0 > 0 }) else { return nil }
    var number = random.int(0...9999)
    for (fault, rate) in zip(Fault.allCases, faults) {
      if number < rate { return fault }
      number -= rate
    }
    return nil
  }
}
