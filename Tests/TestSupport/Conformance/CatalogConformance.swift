import Catalog
import Testing
import Vocabulary

/// What every catalog must do, whatever it is made of. An adapter's own test file only makes stores:
///
///     @Test("the catalog keeps the law", arguments: CatalogConformance.laws)
///     func law(_ law: CatalogLaw) async throws { try await law.check(emptyStore()) }
package enum CatalogConformance {
  /// All laws; each is checked on an empty store of its own.
  package static let laws: [CatalogLaw] =
    transactionLaws + uploadLaws + pathLaws + pushLaws + missingLaws + modelLaws + repoLaws + eventLaws
    + concatenationLaws + idempotencyLaws + lifecycleLaws + sourceLaws + repoObjectLaws + contentionLaws
}

/// One thing that holds for every catalog.
package struct CatalogLaw: Sendable, CustomTestStringConvertible {
  /// The law, as a sentence.
  package let name: String
  /// Checks it on an empty store, which is open when this is called and may be closed when it returns.
  package let check: @Sendable (any CatalogStore) async throws -> Void

  init(_ name: String, _ check: @escaping @Sendable (any CatalogStore) async throws -> Void) {
    self.name = name
    self.check = check
  }
  package var testDescription: String { name }
}

extension CatalogConformance {
  private struct Refusal: Error {}

  static let transactionLaws: [CatalogLaw] = [
    CatalogLaw("a transaction that throws changes nothing") { store in
      await #expect(throws: Refusal.self) {
        try await store.write { catalog throws in
          try catalog.insert(Sample.push(1), expecting: [])
          try catalog.insert(Sample.upload(1, push: 1))
          throw Refusal()
        }
      }
      try await store.read { catalog throws in
        #expect(try catalog.push(Sample.id(1)) == nil)
        #expect(try catalog.upload(Sample.id(1)) == nil)
        #expect(try catalog.uploadCounts()[.created] ?? 0 == 0)
        #expect(try catalog.pushCounts()[.open] ?? 0 == 0)
      }
    },
    CatalogLaw("a transaction reads what it wrote") { store in
      try await store.write { catalog throws in
        try catalog.insert(Sample.upload(1))
        #expect(try catalog.upload(Sample.id(1)) == Sample.upload(1))
        #expect(try catalog.uploadCounts()[.created] == 1)
      }
    },
    CatalogLaw("a transaction that a cancelled task began is committed") { store in
      let task = Task {
        withUnsafeCurrentTask { $0?.cancel() }
        try await store.write { try $0.insert(Sample.upload(1)) }
        return try await store.read { try $0.upload(Sample.id(1)) }
      }
      let kept = try await task.value
      #expect(kept == Sample.upload(1))
    },
    CatalogLaw("transactions begun at once all take effect, one after the other") { store in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 1...20 {
          group.addTask { try await store.write { try $0.record(Sample.event()) } }
        }
        try await group.waitForAll()
      }
      let sequences = try await store.read { try $0.events(after: 0, limit: 100).map(\.sequence) }
      #expect(sequences == Array(1...20))
    },
    CatalogLaw("a closed catalog throws") { store in
      try store.close()
      await #expect(throws: (any Error).self) { try await store.read { try $0.lastEventSequence() } }
      await #expect(throws: (any Error).self) { try await store.write { try $0.record(Sample.event()) } }
    },
    CatalogLaw("a limit of zero or less gives nothing") { store in
      try await store.write { catalog throws in
        try catalog.insert(Sample.push(1, state: .queued), expecting: [])
        try catalog.insert(Sample.upload(1, push: 1))
        try catalog.record(Sample.event())
        for limit in [0, -1] {
          #expect(try catalog.uploads(ofPush: Sample.id(1), after: nil, limit: limit).isEmpty)
          #expect(try catalog.uploads(in: [.created], after: nil, limit: limit).isEmpty)
          #expect(try catalog.pushes(status: nil, repo: nil, before: nil, limit: limit).isEmpty)
          #expect(try catalog.missing(ofPush: Sample.id(1), limit: limit).isEmpty)
          #expect(try catalog.queueHeads(after: nil, limit: limit).isEmpty)
          #expect(try catalog.events(after: 0, limit: limit).isEmpty)
          #expect(try catalog.recentEvents(kinds: [.uploadCreated], limit: limit).isEmpty)
        }
      }
    },
  ]
}
