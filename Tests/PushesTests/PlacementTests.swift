import Catalog
import Platform
import Pushes
import TestSupport
import Testing
import Vocabulary

@Suite struct PlacementTests {
  private static let one = SHA256Stream.digest(of: [1])
  private static let other = SHA256Stream.digest(of: [2])

  @Test("D38 a file at a free path enters, under every policy", arguments: ConflictPolicy.allCases)
  func free(policy: ConflictPolicy) {
    #expect(PushRules.placement(of: Self.one, beside: nil, policy) == .enters)
  }

  @Test("D38 equal content at one path is one file, under every policy", arguments: ConflictPolicy.allCases)
  func equal(policy: ConflictPolicy) {
    #expect(PushRules.placement(of: Self.one, beside: .init(digest: Self.one), policy) == .duplicates)
  }

  @Test(
    "D38 other content is refused, stays out or takes the place, as the policy says",
    arguments: [
      (ConflictPolicy.refuse, PushRules.Placement.refused), (.keepFirst, .yields), (.latestWins, .replaces),
    ])
  func different(policy: ConflictPolicy, placement: PushRules.Placement) {
    #expect(PushRules.placement(of: Self.one, beside: .init(digest: Self.other), policy) == placement)
  }

  @Test("D38 an upload that is not verified is in nobody's way unless conflicts are refused")
  func unverified() {
    let holder = PushRules.Holder(digest: nil)
    #expect(PushRules.placement(of: Self.one, beside: holder, .refuse) == .refused)
    #expect(PushRules.placement(of: Self.one, beside: holder, .keepFirst) == .overtakes)
    #expect(PushRules.placement(of: Self.one, beside: holder, .latestWins) == .overtakes)
  }

  /// Uploads of a few clients at a few paths, begun and verified in any order.
  @Test(
    "D38 whatever the order, each path has the file that the policy says, and what stays out is told",
    arguments: [ConflictPolicy.keepFirst, .latestWins], 1...25)
  func anyOrder(policy: ConflictPolicy, seed: Int) async throws {
    let fixture = try PushFixture()
    let push = try await fixture.push(.open) { $0.conflictPolicy = policy }
    var random = SeededRandom(seed: UInt64(seed))
    var begun: [UploadRecord] = []
    var expected: [BundlePath: Digest] = [:]
    var leftOut = 0
    let catalog = fixture.catalog
    for _ in 0..<60 {
      let path = try BundlePath(["a", "b/c", "d"][Int(random.next() % 3)])
      if begun.isEmpty || random.next() % 2 == 0 {
        let id: UploadID = fixture.id()
        begun.append(
          try await catalog.write { transaction in
            var upload = UploadRecord.sample(id, .created, push: push, path: path, length: 10)
            upload.isContending = try PushRules.mustContend(
              at: path, of: push, replacing: nil, in: transaction)
            try transaction.insert(upload)
            return upload
          })
        continue
      }
      var upload = begun.remove(at: Int(random.next() % UInt64(begun.count)))
      let digest = SHA256Stream.digest(of: [UInt8(random.next() % 3)])
      upload.state = .verified
      upload.digest = digest
      let verified = upload
      try await catalog.write { transaction in
        try transaction.update(PushRules.place(verified, isNew: false, in: transaction).record)
      }
      guard let known = expected[upload.path] else {
        expected[upload.path] = digest
        continue
      }
      if known != digest { leftOut += 1 }
      if policy == .latestWins { expected[upload.path] = digest }
    }
    let (finished, count, progress) = try await catalog.read { reader in
      (
        try reader.uploads(ofPush: push, after: nil, limit: 1000).filter { $0.state == .verified },
        try reader.supersededCount(ofPush: push), try reader.pushProgress(push)
      )
    }
    #expect(Dictionary(uniqueKeysWithValues: finished.map { ($0.path, $0.digest) }) == expected)
    #expect(count == Int64(leftOut))
    #expect(progress.verified == Int64(expected.count))
    #expect(progress.total == Int64(expected.count + begun.count))
    let counted = try await catalog.read { try $0.countedProgress(of: push) }
    #expect(counted == progress)
  }

  @Test("D38 only so many unfinished uploads may wait for one path")
  func bound() async throws {
    let fixture = try PushFixture()
    let push = try await fixture.push(.open) { $0.conflictPolicy = .latestWins }
    let path = try BundlePath("a")
    var count = 0
    let refusal = await problem {
      while count < 1000 {
        let id: UploadID = fixture.id()
        try await fixture.catalog.write { transaction in
          var upload = UploadRecord.sample(id, .created, push: push, path: path, length: 10)
          upload.isContending = try PushRules.mustContend(
            at: path, of: push, replacing: nil, in: transaction)
          try transaction.insert(upload)
        }
        count += 1
      }
    }
    #expect(refusal?.problem == .pathConflict && count == 65)
  }
}
