import Catalog
import CatalogSQLite
import Pushes
import TestSupport
import Uploads
import Vocabulary

/// What clients ask of a run.
extension SimulationRun {
  /// A reply told `offset`.
  func requireDurable(_ offset: Int64, of id: UploadID, _ file: ClientFile) {
    do {
      if let flaw = try oracle.flaw(acknowledged: offset, of: id, file) { self.break(flaw) }
    } catch { self.break("the catalog failed: \(error)") }
  }

  /// True, and the file is finished, when its path in its push is taken by a verified upload of it.
  func findStored(_ file: ClientFile) -> Bool {
    guard let push = file.push?.id,
      let record = try? machine.database.readNow({ try $0.upload(ofPush: push, at: file.path) }),
      record.state.isFinished || record.isAssembling
    else { return false }
    if file.uploads[record.id] == nil { file.uploads[record.id] = .init(declaration: file.declaration) }
    file.current = record.id
    if record.state != .received && !record.isAssembling { file.goal = .finished }
    return true
  }

  /// True when a part of the file's final upload may have ended.
  func hasLostPart(_ file: ClientFile) -> Bool {
    hasLeapt && file.isFinal
      || file.parts.contains { part in
        part.uploads.values.contains { $0.mayBeGone || $0.isDeleted }
      }
  }

  /// Lets every unfinished upload expire, once, while clients are at work.
  func leap(_ life: SimulatedLife) async {
    for _ in 0..<leapDelay { await Task.yield() }
    guard life.isRunning, !hasLeapt else { return }
    note("leap")
    hasLeapt = true
    machine.clock.advance(milliseconds: (machine.limits.expirySeconds + 1) * 1000)
    for file in files { file.keyed = [:] }
    life.tick()
  }

  /// Opens the push; false when that failed or somebody else is at it.
  func open(_ push: ClientPush, _ life: SimulatedLife) async -> Bool {
    if push.isOpening {
      await Task.yield()
      return false
    }
    push.isOpening = true
    defer { push.isOpening = false }
    let expected = files.filter { $0.push === push && !$0.isPart }.map {
      ExpectedFile(
        path: $0.path, size: Int64($0.content.count),
        digest: $0.declaration == .right && $0.place != .sha512 ? $0.digest : nil)
    }
    life.requests += 1
    let opened = try? await life.pushes.open(
      PushRequest(
        repo: push.repo, message: "a push", sealWhenComplete: push.sealsItself,
        files: push.isListed ? expected : nil))
    life.requests -= 1
    guard life.isRunning else { return false }
    push.id = opened?.id
    note("push opened: \(opened.map { "\($0.id)" } ?? "no")")
    if opened == nil && !mayFail { self.break("a push could not be opened") }
    return opened != nil
  }

  /// Seals pushes while others are still at work; whatever it is told.
  func sealEarly(_ life: SimulatedLife) async {
    for _ in 0..<10 {
      for _ in 0..<40 { await Task.yield() }
      for push in pushes where !push.isSealed && isComplete(push) {
        guard life.isRunning, let id = push.id else { return }
        push.isSealed = (try? await life.pushes.seal(id)) != nil && life.isRunning
      }
    }
  }

  /// Seals the pushes whose files are all there and lets failed ones be tried again.
  func tend(_ life: SimulatedLife) async {
    for _ in 0..<2000 {
      guard life.isRunning else { return }
      let rest = pushes.filter { !$0.isSealed }
      for push in rest where isComplete(push) {
        guard let id = push.id else { continue }
        do {
          if try await life.catalog.read({ try $0.push(id)?.state }) == .failed {
            _ = try await life.pushes.retry(id)
          } else {
            _ = try await life.pushes.seal(id)
          }
        } catch { self.break("push \(id) cannot be sealed: \(error)") }
        push.isSealed = true
      }
      if rest.isEmpty { return }
      for _ in 0..<20 { await Task.yield() }
    }
    self.break("pushes were never complete")
  }

  private func isComplete(_ push: ClientPush) -> Bool {
    push.id != nil && files.allSatisfy { $0.push !== push || $0.goal == .finished }
  }

  /// Lets pushes that failed be tried again, each once.
  func retryFailed(_ life: SimulatedLife) async {
    do {
      let failed = try await life.catalog.read { try $0.pushes(in: [.failed], after: nil, limit: 1000) }
      for push in failed { _ = try await life.pushes.retry(push.id) }
    } catch { self.break("failed pushes cannot be tried again: \(error)") }
  }

  /// True when no push waits for the scheduler.
  func isScheduled() -> Bool {
    let counts = try? machine.database.readNow { try $0.pushCounts() }
    return [PushState.queued, .admitted, .committing].allSatisfy { counts?[$0] ?? 0 == 0 }
  }
}
