import Catalog
import Testing
import Vocabulary

extension CatalogConformance {
  /// The laws of the questions that go through a whole catalog. What a damaged one answers is tested where damage can
  /// be done.
  package static let auditLaws: [CatalogLaw] = [
    CatalogLaw("packed objects come in the order of their digests, in pages, each as it was first recorded") {
      store in
      let pack: PackID = Sample.id(1)
      try await store.write { catalog throws in
        for byte in [3, 1, 2] as [UInt8] {
          let extent = Extent(pack: pack, offset: Int64(byte) * 100, length: Int64(byte))
          try catalog.insert(extent, of: Sample.digest(byte))
        }
        try catalog.insert(Extent(pack: Sample.id(2), offset: 0, length: 9), of: Sample.digest(2))
        let first = try catalog.packedObjects(after: nil, limit: 2)
        #expect(first.map(\.digest) == [Sample.digest(1), Sample.digest(2)])
        #expect(first.last?.extent == Extent(pack: pack, offset: 200, length: 2))
        let rest = try catalog.packedObjects(after: Sample.digest(2), limit: 2)
        #expect(rest.map(\.digest) == [Sample.digest(3)])
        #expect(try catalog.packedObjects(after: nil, limit: 0) == [])
      }
    },
    CatalogLaw("labels of all repos come by repo and label, in pages, with where they are now") { store in
      try await store.write { catalog throws in
        for (number, repo) in [(1, "a"), (2, "b")] {
          try catalog.ensureRepo(Sample.repo(repo), description: nil, at: Sample.time(1))
          try catalog.insert(Sample.bundle(number, repo: repo, sequence: 1))
        }
        for (label, repo, bundle) in [("y", "a", 1), ("x", "b", 2), ("x", "a", 1)] {
          try catalog.moveLabel(
            Sample.label(label), of: Sample.repo(repo), to: Sample.id(bundle), by: nil, at: Sample.time(1))
        }
        let first = try catalog.labels(after: nil, limit: 2)
        #expect(first.map { "\($0.repo) \($0.label)" } == ["a x", "a y"])
        let rest = try catalog.labels(after: first.last, limit: 2)
        #expect(rest == [LabelRecord(repo: Sample.repo("b"), label: Sample.label("x"), bundle: Sample.id(2))])
        #expect(try catalog.labels(after: rest.last, limit: 2) == [])
      }
    },
    CatalogLaw("progress counted anew is the progress that is kept") { store in
      try await store.write { catalog throws in
        try catalog.insert(Sample.push(1), expecting: [Sample.expected("a"), Sample.expected("x")])
        for (index, state) in UploadState.allCases.enumerated() {
          try catalog.insert(Sample.upload(index + 1, state: state, push: 1, path: "\(index)", length: 10))
        }
        try catalog.insert(Sample.upload(20, state: .rejected, push: 1, path: "a", length: 10))
        try catalog.insert(Sample.upload(21, state: .receiving, push: 1, path: "a", length: nil))
        let counted = try catalog.countedProgress(of: Sample.id(1))
        #expect(counted == (try catalog.pushProgress(Sample.id(1))))
        #expect(counted == PushProgress(total: 8, verified: 2, rejected: 2, finishedBytes: 30))
        #expect(try catalog.miscountedFiles(ofPush: Sample.id(1), limit: 9) == [])
        let none = PushProgress(total: 0, verified: 0, rejected: 0, finishedBytes: 0)
        #expect(try catalog.countedProgress(of: Sample.id(2)) == none)
      }
    },
    CatalogLaw("a catalog that nobody damaged has no gaps and no flaws") { store in
      try await store.write { catalog throws in
        #expect(try catalog.eventGaps(limit: 9) == [])
        for _ in 1...3 { try catalog.record(Sample.event()) }
        for (index, state) in PushState.allCases.enumerated() {
          try catalog.insert(Sample.push(index + 1, state: state), expecting: [Sample.expected("a")])
        }
        for (index, state) in UploadState.allCases.enumerated() {
          try catalog.insert(Sample.upload(index + 1, state: state, push: 1, path: "\(index)"))
        }
      }
      try await store.read { catalog throws in
        #expect(try catalog.eventGaps(limit: 9) == [])
        #expect(try catalog.integrityFlaws(limit: 9) == [])
        #expect(try catalog.strayIDs(limit: 9) == [])
      }
    },
  ]
}
