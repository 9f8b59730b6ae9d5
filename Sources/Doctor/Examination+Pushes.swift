import Catalog
import Vocabulary

extension Examination {
  private static var flawLimit: Int { 1000 }

  mutating func checkIntegrity() throws {
    for flaw in try catalog.integrityFlaws(limit: Self.flawLimit) {
      findings.add(.catalogIntegrity, "catalog.sqlite", flaw)
    }
    for id in try catalog.strayIDs(limit: Self.flawLimit) {
      isCatalogWhole = false
      findings.add(.catalogUnreadable, id, "its state in the catalog is none that this version knows")
    }
  }

  mutating func checkPushes() throws {
    var stateCounts: [PushState: Int] = [:]
    var after: PushID?
    while true {
      let page = try catalog.pushes(in: Set(PushState.allCases), after: after, limit: Self.pageSize)
      for push in page {
        stateCounts[push.state, default: 0] += 1
        try check(push)
      }
      counts.pushes += page.count
      guard let last = page.last, page.count == Self.pageSize else { break }
      after = last.id
    }
    let kept = try catalog.pushCounts()
    for state in PushState.allCases {
      compareCount("pushes \(state.rawValue)", kept: kept[state] ?? 0, counted: stateCounts[state] ?? 0)
    }
  }

  private mutating func check(_ push: PushRecord) throws {
    let (kept, counted) = (try catalog.pushProgress(push.id), try catalog.countedProgress(of: push.id))
    if kept != counted {
      findings.add(
        .progressWrong, push.id.text,
        "the catalog keeps \(kept.total) files, \(kept.verified) verified, \(kept.rejected) rejected and "
          + "\(kept.finishedBytes) bytes, but there are \(counted.total), \(counted.verified), "
          + "\(counted.rejected) and \(counted.finishedBytes)")
    }
    for path in try catalog.miscountedFiles(ofPush: push.id, limit: Self.flawLimit) {
      findings.add(
        .progressWrong, push.id.text, "the number of uploads it keeps for the file \(quoted(path)) is wrong")
    }
    guard push.state == .committed else { return }
    guard let id = push.bundle,
      try catalog.bundle(id) != nil || catalog.deletedBundle(id) != nil
    else {
      findings.add(
        .bundleMissing, push.id.text, "the push was committed, but the catalog has no bundle of it")
      return
    }
  }

  mutating func checkEvents() throws {
    for sequence in try catalog.eventGaps(limit: Self.flawLimit) {
      findings.add(.eventGap, String(sequence), "the event before number \(sequence) is missing")
    }
  }
}
