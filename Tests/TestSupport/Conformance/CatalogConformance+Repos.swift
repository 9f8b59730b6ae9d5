import Catalog
import Testing
import Vocabulary

extension CatalogConformance {
  private static let photos = Sample.repo("photos")

  static let repoLaws: [CatalogLaw] = [
    CatalogLaw("ensuring a repo twice keeps the first") { store in
      try await store.write { catalog throws in
        try catalog.ensureRepo(photos, description: "holidays", at: Sample.time(1))
        try catalog.ensureRepo(photos, description: "other", at: Sample.time(2))
        #expect(
          try catalog.repo(photos)
            == RepoRecord(
              name: photos, description: "holidays", createdAt: Sample.time(1), bundleCount: 0,
              lastSequence: 0))
        #expect(try catalog.repo(Sample.repo("other")) == nil)
      }
    },
    CatalogLaw("repos come in name order (bytes) and continue after a name") { store in
      try await store.write { catalog throws in
        for name in ["b", "a", "B", "a-1"] {
          try catalog.ensureRepo(Sample.repo(name), description: nil, at: Sample.time(1))
        }
        #expect(try catalog.repos(after: nil, limit: 9).map(\.name.text) == ["B", "a", "a-1", "b"])
        #expect(try catalog.repos(after: Sample.repo("a"), limit: 1).map(\.name.text) == ["a-1"])
      }
    },
    CatalogLaw("a bundle is read as it was written, by id and by sequence") { store in
      var plain = Sample.bundle(2, sequence: 2)
      plain.label = nil
      plain.author = nil
      let bundles = [Sample.bundle(1, sequence: 1), plain]
      try await store.write { catalog throws in
        try catalog.ensureRepo(photos, description: nil, at: Sample.time(1))
        for bundle in bundles { try catalog.insert(bundle) }
        for bundle in bundles {
          #expect(try catalog.bundle(bundle.id) == bundle)
          #expect(try catalog.bundle(repo: photos, sequence: bundle.sequence) == bundle)
        }
        #expect(try catalog.bundle(Sample.id(3)) == nil)
        #expect(try catalog.bundle(repo: photos, sequence: 3) == nil)
      }
    },
    CatalogLaw("the latest bundle has the greatest sequence, whatever the clock said") { store in
      try await store.write { catalog throws in
        try catalog.ensureRepo(photos, description: nil, at: Sample.time(1))
        try catalog.ensureRepo(Sample.repo("other"), description: nil, at: Sample.time(1))
        #expect(try catalog.latestBundle(of: photos) == nil)
        try catalog.insert(Sample.bundle(9, sequence: 1, createdAt: 99))
        try catalog.insert(Sample.bundle(3, sequence: 2, createdAt: 50))
        try catalog.insert(Sample.bundle(8, repo: "other", sequence: 7))
        #expect(try catalog.latestBundle(of: photos)?.id == Sample.id(3))
        let repo = try catalog.repo(photos)
        #expect(repo?.bundleCount == 2)
        #expect(repo?.lastSequence == 2)
      }
    },
    CatalogLaw("a repo's sequence number is taken once") { store in
      try await store.write { catalog throws in
        try catalog.ensureRepo(photos, description: nil, at: Sample.time(1))
        try catalog.insert(Sample.bundle(1, sequence: 1))
      }
      await #expect(throws: (any Error).self) {
        try await store.write { try $0.insert(Sample.bundle(2, sequence: 1)) }
      }
      #expect(try await store.read { try $0.repo(photos) }?.bundleCount == 1)
    },
    CatalogLaw("bundles come newest first and continue below a sequence") { store in
      try await store.write { catalog throws in
        try catalog.ensureRepo(photos, description: nil, at: Sample.time(1))
        for number in 1...4 { try catalog.insert(Sample.bundle(number, sequence: Int64(number))) }
        #expect(try catalog.bundles(of: photos, before: nil, limit: 2).map(\.sequence) == [4, 3])
        #expect(try catalog.bundles(of: photos, before: 3, limit: 9).map(\.sequence) == [2, 1])
      }
    },
    CatalogLaw("a prefix finds the bundles of its repo whose id starts with it") { store in
      let near: BundleID = Sample.id(1)
      let far: BundleID = Sample.id(1 << 40)
      try await store.write { catalog throws in
        try catalog.ensureRepo(photos, description: nil, at: Sample.time(1))
        try catalog.ensureRepo(Sample.repo("other"), description: nil, at: Sample.time(1))
        try catalog.insert(Sample.bundle(1, sequence: 1))
        var bundle = Sample.bundle(2, sequence: 2)
        bundle.id = far
        try catalog.insert(bundle)
        try catalog.insert(Sample.bundle(3, repo: "other", sequence: 1))
        func found(_ prefix: String, _ limit: Int = 9) throws -> [BundleID] {
          try catalog.bundles(of: photos, idPrefix: prefix, limit: limit).map(\.id)
        }
        #expect(try found(near.text) == [near])
        #expect(try found(String(far.text.prefix(6))) == [far])
        #expect(try found("") == [near, far])
        #expect(try found("", 1) == [near])
        #expect(try found("zz") == [])
        #expect(try found(near.text + "0") == [])
      }
    },
    CatalogLaw("a label names one bundle of its repo, and moves") { store in
      let stable = Sample.label("stable")
      try await store.write { catalog throws in
        try catalog.ensureRepo(photos, description: nil, at: Sample.time(1))
        try catalog.insert(Sample.bundle(1, sequence: 1))
        try catalog.insert(Sample.bundle(2, sequence: 2))
        #expect(try catalog.bundle(of: photos, label: stable) == nil)
        try catalog.moveLabel(stable, of: photos, to: Sample.id(1), by: "someone", at: Sample.time(1))
        try catalog.moveLabel(Sample.label("best"), of: photos, to: Sample.id(1), by: nil, at: Sample.time(2))
        #expect(try catalog.labels(of: Sample.id(1)).map(\.text) == ["best", "stable"])
        try catalog.moveLabel(stable, of: photos, to: Sample.id(2), by: nil, at: Sample.time(3))
        #expect(try catalog.bundle(of: photos, label: stable)?.id == Sample.id(2))
        #expect(try catalog.labels(of: Sample.id(1)).map(\.text) == ["best"])
        #expect(try catalog.labels(of: Sample.id(2)) == [stable])
      }
    },
    CatalogLaw("a label cannot name a bundle of another repo") { store in
      let other = Sample.repo("other")
      try await store.write { catalog throws in
        try catalog.ensureRepo(photos, description: nil, at: Sample.time(1))
        try catalog.ensureRepo(other, description: nil, at: Sample.time(1))
        try catalog.insert(Sample.bundle(1, sequence: 1))
      }
      await #expect(throws: (any Error).self) {
        try await store.write {
          try $0.moveLabel(Sample.label("stable"), of: other, to: Sample.id(1), by: nil, at: Sample.time(1))
        }
      }
    },
  ]
}
