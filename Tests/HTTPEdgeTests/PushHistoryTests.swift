import Catalog
import HTTPEdge
import TestSupport
import Testing
import Vocabulary

/// D10: the log of a push tells everything from its opening on.
@Suite struct PushHistoryTests {
  private let opened = Timestamp(milliseconds: 1_700_000_000_000)
  private let sealed = Timestamp(milliseconds: 1_700_000_020_000)
  private let now = Timestamp(milliseconds: 1_700_000_090_000)

  private func lines(
    _ state: PushState, _ written: [String] = [], message: String = "m",
    _ change: (inout PushSnapshot) -> Void = { _ in }
  ) throws -> [String] {
    var random = SeededRandom(seed: 1)
    var push = PushRecord.sample(random.id(), state, repo: try RepoName("films"), message: message)
    push.createdAt = opened
    push.sealedAt = state == .open ? nil : sealed
    push.expectedCount = 3
    var snapshot = PushSnapshot(
      push: push, progress: PushProgress(total: 3, verified: 2, rejected: 1, finishedBytes: 20), bundle: nil)
    change(&snapshot)
    let text = PushHistory.text(snapshot, written: Array(written.map { $0 + "\n" }.joined().utf8), now: now)
    return String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  @Test("D10 it begins with who opened it, and an open push ends with what has arrived")
  func open() throws {
    #expect(
      try lines(.open) == [
        "\(opened.rfc3339) opened by a client, author \"somebody\": repo films, message \"m\"",
        "\(now.rfc3339) open: 2 of 3 files verified, 20 bytes, 1 rejected",
      ])
  }

  @Test("D10 the sealing stands where it was in time, and a queued push ends with why it waits")
  func queued() throws {
    let early = "2023-11-14T22:13:30.000Z rejected a"
    let late = "2023-11-14T22:13:41.000Z admitted: attempt 1"
    let found = try lines(.queued, [early, late]) { $0.waitingFor = "free disk space" }
    #expect(found[1] == early && found[3] == late && found.count == 5)
    #expect(found[2] == "\(sealed.rfc3339) sealed: 2 of 3 files verified, 20 bytes, 1 rejected")
    #expect(found[4] == "\(now.rfc3339) queued, waiting for free disk space")
  }

  @Test(
    "D10 a push that ended without a commit says so at its time", arguments: [PushState.cancelled, .expired])
  func ended(state: PushState) throws {
    let end = Timestamp(milliseconds: 1_700_000_050_000)
    #expect(try lines(state) { $0.push.finishedAt = end }.last == "\(end.rfc3339) \(state.rawValue)")
  }

  @Test("D10 what a client calls things makes no lines of its own")
  func forged() throws {
    let found = try lines(.open, message: "a\n2023-11-14T22:13:30.000Z committed")
    #expect(found.count == 2 && found[0].contains("a\\n2023"))
  }
}
