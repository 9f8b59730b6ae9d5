import Catalog
import Testing
import Vocabulary

extension CatalogConformance {
  static let pushLaws: [CatalogLaw] = [
    CatalogLaw("a push is read as it was written") { store in
      let pushes = [Sample.push(1), Sample.fullPush(2, state: .failed)]
      try await store.write { catalog in for push in pushes { try catalog.insert(push, expecting: []) } }
      try await store.read { catalog throws in
        for push in pushes { #expect(try catalog.push(push.id) == push) }
        #expect(try catalog.push(Sample.id(3)) == nil)
      }
    },
    CatalogLaw("an update replaces every member of a push") { store in
      try await store.write { catalog throws in
        try catalog.insert(Sample.push(1), expecting: [])
        for push in [Sample.fullPush(1, state: .committed), Sample.push(1)] {
          try catalog.update(push)
          #expect(try catalog.push(push.id) == push)
        }
      }
    },
    CatalogLaw("a push that was never inserted cannot be updated") { store in
      await #expect(throws: (any Error).self) { try await store.write { try $0.update(Sample.push(1)) } }
    },
    CatalogLaw("pushes are listed newest first, by status and repo") { store in
      let states: [PushState] = [.open, .committed, .failed, .cancelled, .queued, .expired]
      try await store.write { catalog throws in
        for (index, state) in states.enumerated() {
          let repo = index.isMultiple(of: 2) ? "even" : "odd"
          try catalog.insert(Sample.push(index, state: .open, repo: repo), expecting: [])
          try catalog.update(Sample.push(index, state: state, repo: repo))
        }
      }
      try await store.read { catalog throws in
        func list(
          _ status: PushState.Status?, _ repo: String?, before id: Int?, _ limit: Int = 9
        ) throws -> [PushID] {
          try catalog.pushes(
            status: status, repo: repo.map(Sample.repo), before: id.map { Sample.id($0) }, limit: limit
          ).map(\.id)
        }
        #expect(try list(nil, nil, before: nil) == [5, 4, 3, 2, 1, 0].map { Sample.id($0) })
        #expect(try list(nil, nil, before: 4, 2) == [3, 2].map { Sample.id($0) })
        #expect(try list(.ongoing, nil, before: nil) == [4, 0].map { Sample.id($0) })
        #expect(try list(.error, nil, before: 5) == [2].map { Sample.id($0) })
        #expect(try list(.complete, nil, before: nil) == [1].map { Sample.id($0) })
        #expect(try list(nil, "odd", before: 5) == [3, 1].map { Sample.id($0) })
        #expect(try list(.error, "odd", before: nil) == [5].map { Sample.id($0) })
        #expect(try list(.cancelled, "even", before: nil) == [])
      }
    },
    CatalogLaw("pushes in some states come in id order and continue after an id") { store in
      try await store.write { catalog throws in
        for (index, state) in PushState.allCases.enumerated() {
          try catalog.insert(Sample.push(index, state: state), expecting: [])
        }
      }
      try await store.read { catalog throws in
        let all = try catalog.pushes(in: Set(PushState.allCases), after: nil, limit: 99).map(\.state)
        #expect(all == PushState.allCases)
        let running: Set<PushState> = [.committing, .queued, .admitted]
        #expect(try catalog.pushes(in: running, after: nil, limit: 2).map(\.state) == [.queued, .admitted])
        #expect(try catalog.pushes(in: running, after: Sample.id(2), limit: 2).map(\.state) == [.committing])
      }
    },
    CatalogLaw("push counts follow every change of state") { store in
      try await store.write { catalog throws in
        try catalog.insert(Sample.push(1), expecting: [])
        try catalog.insert(Sample.push(2), expecting: [])
        try catalog.update(Sample.push(2, state: .queued))
        try catalog.update(Sample.push(2, state: .queued))
        #expect(try catalog.pushCounts().filter { $0.value != 0 } == [.open: 1, .queued: 1])
      }
    },
    CatalogLaw("the head of a repo's queue is the push that was sealed first") { store in
      try await store.write { catalog throws in
        try catalog.insert(Sample.push(1, state: .queued, repo: "b", sealedAt: 30), expecting: [])
        try catalog.insert(Sample.push(2, state: .queued, repo: "b", sealedAt: 20), expecting: [])
        try catalog.insert(Sample.push(3, state: .queued, repo: "a", sealedAt: 40), expecting: [])
        try catalog.insert(Sample.push(4, state: .admitted, repo: "a", sealedAt: 10), expecting: [])
        try catalog.insert(Sample.push(5, state: .open, repo: "c"), expecting: [])
        let heads = try catalog.queueHeads(after: nil, limit: 9)
        #expect(
          heads.sorted { $0.repo < $1.repo } == [
            QueuedPush(id: Sample.id(3), repo: Sample.repo("a"), sealedAt: Sample.time(40)),
            QueuedPush(id: Sample.id(2), repo: Sample.repo("b"), sealedAt: Sample.time(20)),
          ])
        #expect(try catalog.queueHeads(after: nil, limit: 1).count == 1)
      }
    },
    CatalogLaw("the heads of queues begin behind a repo and go round, each repo once") { store in
      try await store.write { catalog throws in
        for (number, repo) in ["a", "c", "d"].enumerated() {
          try catalog.insert(Sample.push(number + 1, state: .queued, repo: repo, sealedAt: 30), expecting: [])
        }
        func heads(_ after: String?, _ limit: Int) throws -> [String] {
          try catalog.queueHeads(after: after.map { Sample.repo($0) }, limit: limit).map(\.repo.text)
        }
        #expect(try heads(nil, 9) == ["a", "c", "d"])
        #expect(try heads("b", 9) == ["c", "d", "a"])
        #expect(try heads("c", 9) == ["d", "a", "c"])
        #expect(try heads("d", 2) == ["a", "c"])
        #expect(try heads("z", 9) == ["a", "c", "d"])
      }
    },
    CatalogLaw("a queued push that waits for its retry is in nobody's way, and is found when it is due") {
      store in
      try await store.write { catalog throws in
        var push = Sample.push(1, state: .queued, repo: "a", sealedAt: 10)
        push.notBefore = Sample.time(100)
        try catalog.insert(push, expecting: [])
        try catalog.insert(Sample.push(2, state: .queued, repo: "a", sealedAt: 20), expecting: [])
        #expect(try catalog.queueHeads(after: nil, limit: 9).map(\.id) == [Sample.id(2)])
        #expect(try catalog.duePushes(at: Sample.time(99), limit: 9) == [])
        #expect(try catalog.duePushes(at: Sample.time(100), limit: 9) == [Sample.id(1)])
        #expect(try catalog.duePushes(at: Sample.time(100), limit: 0) == [])
        #expect(try catalog.delayedPushCount(limit: 9) == 1)
        #expect(try catalog.delayedPushCount(limit: 0) == 0)
        push.notBefore = nil
        try catalog.update(push)
        #expect(try catalog.queueHeads(after: nil, limit: 9).map(\.id) == [Sample.id(1)])
        #expect(try catalog.delayedPushCount(limit: 9) == 0)
      }
    },
    CatalogLaw("a repo's starts are counted in its round, and the round's own too") { store in
      try await store.write { catalog throws in
        #expect(try catalog.schedulerRound() == SchedulerRound())
        for name in ["a", "b"] {
          try catalog.ensureRepo(Sample.repo(name), description: nil, at: Sample.time(1))
          try catalog.insert(
            Sample.push(name == "a" ? 1 : 2, state: .queued, repo: name, sealedAt: 10), expecting: [])
        }
        var repo = try #require(try catalog.repo(Sample.repo("a")))
        repo.weight = 3
        try catalog.update(repo)
        try catalog.countStart(of: Sample.repo("a"), round: 1, at: Sample.time(5))
        try catalog.countStart(of: Sample.repo("a"), round: 1, at: Sample.time(6))
        try catalog.countStart(of: Sample.repo("b"), round: 2, at: Sample.time(7))
        #expect(
          try catalog.queueHeads(after: nil, limit: 9).map(\.turn) == [
            RepoTurn(weight: 3, round: 1, starts: 2, lastStartAt: Sample.time(6)),
            RepoTurn(weight: 1, round: 2, starts: 1, lastStartAt: Sample.time(7)),
          ])
        #expect(
          try catalog.schedulerRound() == SchedulerRound(number: 2, starts: 1, cursor: Sample.repo("b")))
      }
    },
    CatalogLaw("D9 pushes are listed by any of their properties, newest first, and by several together") {
      store in
      try await store.write { catalog throws in
        var random = SeededRandom(seed: 5)
        var all: [PushRecord] = []
        for number in 1...120 {
          var push = Sample.push(
            number, state: random.element(of: PushState.allCases), repo: random.element(of: ["a", "b"]),
            sealedAt: 10)
          push.origin = random.element(of: PushRecord.Origin.allCases)
          push.label = random.int(0...1) == 0 ? nil : try LabelName(random.element(of: ["x", "y"]))
          push.message = random.element(of: ["Nightly run", "photos of May"])
          push.author = random.element(of: [nil, "Mayer"])
          push.source =
            push.origin == .source
            ? SourceFolder(name: random.element(of: ["camera", "scans"]), path: "") : nil
          try catalog.insert(push, expecting: [])
          all.insert(push, at: 0)
        }
        for _ in 0..<200 {
          func maybe<Value>(_ value: Value) -> Value? { random.int(0...2) == 0 ? value : nil }
          let filter = PushFilter(
            status: maybe(random.element(of: PushState.Status.allCases)),
            state: maybe(random.element(of: PushState.allCases)),
            repo: maybe(Sample.repo(random.element(of: ["a", "b"]))),
            label: maybe(try LabelName(random.element(of: ["x", "y"]))),
            origin: maybe(random.element(of: PushRecord.Origin.allCases)),
            source: maybe(random.element(of: ["camera", "scans"])),
            text: maybe(random.element(of: ["may", "NIGHT", "none"])))
          let limit = random.int(1...20)
          var (found, next): ([PushRecord], PushID?) = ([], nil)
          repeat {
            let page = try catalog.pushes(
              matching: filter, before: next, limit: limit, examining: random.int(1...40))
            try #require(page.rows.count <= limit)
            found += page.rows
            next = page.next
          } while next != nil
          try #require(found == all.filter(filter.matches), "\(filter)")
        }
      }
    },
    CatalogLaw("an open push expires at its moment, the oldest first; a sealed one never does") { store in
      try await store.write { catalog throws in
        try catalog.insert(Sample.push(1, expiresAt: 300), expecting: [])
        try catalog.insert(Sample.push(2, expiresAt: 100), expecting: [])
        try catalog.insert(Sample.push(3, state: .queued, expiresAt: 100), expecting: [])
        try catalog.insert(Sample.push(4), expecting: [])
        #expect(try catalog.expiredPushes(at: Sample.time(99), limit: 9) == [])
        #expect(try catalog.expiredPushes(at: Sample.time(300), limit: 9) == [Sample.id(2), Sample.id(1)])
        #expect(try catalog.expiredPushes(at: Sample.time(300), limit: 1) == [Sample.id(2)])
      }
    },
    CatalogLaw("a commit marks the verified uploads of its push and no others") { store in
      try await store.write { catalog throws in
        try catalog.insert(Sample.push(1), expecting: [])
        try catalog.insert(Sample.push(2), expecting: [])
        try catalog.insert(Sample.upload(1, state: .verified, push: 1, path: "a"))
        try catalog.insert(Sample.upload(2, state: .verified, push: 1, path: "b"))
        try catalog.insert(Sample.upload(3, state: .rejected, push: 1, path: "c"))
        try catalog.insert(Sample.upload(4, state: .verified, push: 2, path: "a"))
        try catalog.insert(Sample.upload(5, state: .verified))
        let before = try catalog.pushProgress(Sample.id(1))
        try catalog.markCommitted(uploadsOf: Sample.id(1))
        let states = try (1...5).map { try catalog.upload(Sample.id($0))?.state }
        #expect(states == [.committed, .committed, .rejected, .verified, .verified])
        #expect(try catalog.pushProgress(Sample.id(1)) == before)
        #expect(
          try catalog.uploadCounts().filter { $0.value != 0 } == [.committed: 2, .rejected: 1, .verified: 2])
      }
    },
  ]
}
