import Platform
import Vocabulary

/// Runs one `OwnershipMachine` per upload that somebody touches.
final class UploadOwnership: Sendable {
  private struct Entry {
    var machine = OwnershipMachine()
    var yields: [Int: @Sendable () -> Void] = [:]
    var continuations: [Int: CheckedContinuation<Bool, Never>] = [:]
  }
  private struct State {
    var entries: [UploadID: Entry] = [:]
    var nextRequest = 0
  }
  private let state = Locked(State())

  /// A request's hold on an upload; `release` must be called once.
  struct Lease: Sendable {
    fileprivate let id: UploadID
    fileprivate let request: Int
  }

  /// Waits until the upload is free, asking its holder to yield; nil when too many wait already.
  ///
  /// `onYield` is called, at most once, when a newer request wants the upload.
  func acquire(_ id: UploadID, onYield: @escaping @Sendable () -> Void) async -> Lease? {
    let request = state.withLock { state in
      state.nextRequest += 1
      return state.nextRequest
    }
    let granted = await withCheckedContinuation { continuation in
      let effects = state.withLock { state in
        state.entries[id, default: Entry()].yields[request] = onYield
        state.entries[id, default: Entry()].continuations[request] = continuation
        return Self.apply(id, &state) { $0.arrive(request) }
      }
      for effect in effects { effect() }
    }
    return granted ? Lease(id: id, request: request) : nil
  }

  /// A lease if nobody holds the upload, else nil at once.
  func acquireIfIdle(_ id: UploadID) -> Lease? {
    state.withLock { state in
      guard state.entries[id] == nil else { return nil }
      state.nextRequest += 1
      var entry = Entry()
      _ = entry.machine.arrive(state.nextRequest)
      state.entries[id] = entry
      return Lease(id: id, request: state.nextRequest)
    }
  }

  func release(_ lease: Lease) {
    let effects = state.withLock { state in
      state.entries[lease.id]?.yields[lease.request] = nil
      let effects = Self.apply(lease.id, &state) { $0.release(lease.request) }
      if state.entries[lease.id]?.machine.isIdle == true { state.entries[lease.id] = nil }
      return effects
    }
    for effect in effects { effect() }
  }

  private static func apply(
    _ id: UploadID, _ state: inout State, _ event: (inout OwnershipMachine) -> [OwnershipMachine.Action]
  ) -> [@Sendable () -> Void] {
    guard var entry = state.entries[id] else { preconditionFailure("no one holds upload \(id)") }
    var effects: [@Sendable () -> Void] = []
    for action in event(&entry.machine) {
      switch action {
      case .grant(let request):
        if let continuation = entry.continuations.removeValue(forKey: request) {
          effects.append { continuation.resume(returning: true) }
        }
      case .refuse(let request):
        entry.yields[request] = nil
        if let continuation = entry.continuations.removeValue(forKey: request) {
          effects.append { continuation.resume(returning: false) }
        }
      case .askToYield(let request):
        if let yield = entry.yields.removeValue(forKey: request) { effects.append(yield) }
      }
    }
    state.entries[id] = entry
    return effects
  }
}
