import Testing
import Vocabulary

@Suite struct UploadStateTests {
  @Test("an upload is open, finished or ended", arguments: UploadState.allCases)
  func parts(state: UploadState) {
    let hasEnded = [.rejected, .cancelled, .expired].contains(state)
    #expect([state.isOpen, state.isFinished, hasEnded].count { $0 } == 1)
  }

  @Test("the states of an upload are those of the design")
  func words() {
    #expect(
      UploadState.allCases.map(\.rawValue) == [
        "created", "receiving", "received", "verified", "committed", "rejected", "cancelled", "expired",
      ])
    #expect(UploadState.allCases.filter(\.isOpen) == [.created, .receiving])
    #expect(UploadState.allCases.filter(\.isFinished) == [.received, .verified, .committed])
  }
}

@Suite struct PushStateTests {
  @Test("a list shows a push as ongoing until it is committed, failed, expired or cancelled")
  func status() {
    let shown = PushState.allCases.map { ($0.rawValue, $0.status.rawValue) }
    #expect(
      Dictionary(uniqueKeysWithValues: shown) == [
        "open": "ongoing", "queued": "ongoing", "admitted": "ongoing", "committing": "ongoing",
        "committed": "complete", "failed": "error", "expired": "error", "cancelled": "cancelled",
      ])
  }
}
