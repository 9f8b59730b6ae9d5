import Catalog
import Testing
import Vocabulary

extension CatalogConformance {
  private static let photos = Sample.repo("photos")

  private static func object(_ byte: UInt8, _ size: Int64 = 10) -> RepoObject {
    RepoObject(digest: Sample.digest(byte), size: size)
  }

  private static func fill(_ catalog: any CatalogTransaction, _ sequences: [Int64] = [1, 2]) throws {
    try catalog.ensureRepo(photos, description: nil, at: Sample.time(1))
    for sequence in sequences { try catalog.insert(Sample.bundle(Int(sequence), sequence: sequence)) }
  }

  private static func next(_ catalog: any CatalogReader) throws -> UnindexedBundle {
    try #require(try catalog.unindexedBundle(of: photos))
  }

  static let repoObjectLaws: [CatalogLaw] = [
    CatalogLaw("D26 a repo's bundles are indexed in their order, over gaps, and then none is left") { store in
      try await store.write { catalog throws in
        try fill(catalog, [2, 5])
        #expect(try next(catalog).bundle.sequence == 2)
        #expect(try catalog.unindexedBundles(after: nil, limit: 9).map(\.bundle.sequence) == [2])
        #expect(try catalog.unindexedBundles(after: photos, limit: 9) == [])
        #expect(try catalog.addObjects([object(1)], of: next(catalog), isLast: false))
        #expect(try next(catalog).bundle.sequence == 2)
        #expect(try catalog.addObjects([object(2)], of: next(catalog), isLast: true))
        #expect(try next(catalog).bundle.sequence == 5)
        #expect(try catalog.addObjects([], of: next(catalog), isLast: true))
        #expect(try catalog.unindexedBundle(of: photos) == nil)
        #expect(try catalog.unindexedBundles(after: nil, limit: 9) == [])
        #expect(try catalog.repo(photos)?.indexedSequence == 5)
      }
    },
    CatalogLaw("D26 an object counts once, however often and in whatever bundle it is added") { store in
      try await store.write { catalog throws in
        try fill(catalog)
        let first = try next(catalog)
        #expect(try catalog.addObjects([object(1), object(2, 5), object(1)], of: first, isLast: false))
        #expect(try catalog.addObjects([object(1), object(2, 5)], of: first, isLast: true))
        #expect(try catalog.addObjects([object(2, 5), object(3, 7)], of: next(catalog), isLast: true))
        let asked = [1, 2, 3, 4].map { Sample.digest($0) }
        #expect(
          try catalog.repoObjects(of: photos, among: asked) == [
            Sample.digest(1): 10, Sample.digest(2): 5, Sample.digest(3): 7,
          ])
        #expect(try catalog.repoObjects(of: Sample.repo("films"), among: asked) == [:])
        #expect(try catalog.repo(photos)?.objectBytes == 22)
      }
    },
    CatalogLaw("D26 a repo that lost a bundle is indexed anew, and what was being added before is refused") {
      store in
      try await store.write { catalog throws in
        try fill(catalog)
        let stale = try next(catalog)
        #expect(try catalog.addObjects([object(1)], of: stale, isLast: false))
        try catalog.deleteBundle(Sample.id(2), by: nil, at: Sample.time(2))
        #expect(try catalog.addObjects([object(9)], of: stale, isLast: true) == false)
        #expect(try catalog.repo(photos)?.objectBytes == 0)
        #expect(
          try catalog.repoObjects(of: photos, among: [Sample.digest(1), Sample.digest(9)]) == [:])
        #expect(try catalog.addObjects([object(1)], of: next(catalog), isLast: true))
        #expect(try catalog.unindexedBundle(of: photos) == nil)
        #expect(try catalog.unindexedBundles(after: nil, limit: 9) == [])
      }
    },
    CatalogLaw("D26 a repo that is renamed while it is indexed is indexed under its new name") { store in
      try await store.write { catalog throws in
        try fill(catalog, [1])
        let begun = try next(catalog)
        #expect(try catalog.addObjects([object(1)], of: begun, isLast: false))
        try catalog.renameRepo(photos, to: Sample.repo("films"))
        #expect(try catalog.addObjects([object(2)], of: begun, isLast: true))
        let sizes = try catalog.repoObjects(
          of: Sample.repo("films"), among: [Sample.digest(1), Sample.digest(2)])
        #expect(sizes.count == 2)
        #expect(try catalog.repo(Sample.repo("films"))?.objectBytes == 20)
      }
    },
    CatalogLaw("D26 nothing is added of a repo that was deleted") { store in
      try await store.write { catalog throws in
        try fill(catalog, [1])
        let begun = try next(catalog)
        try catalog.deleteRepo(photos, by: nil, at: Sample.time(2))
        #expect(try catalog.addObjects([object(1)], of: begun, isLast: true) == false)
        #expect(try catalog.unindexedBundles(after: nil, limit: 9) == [])
      }
    },
  ]

  static let contentionLaws: [CatalogLaw] = [
    CatalogLaw("D38 uploads that contend for a path stand beside the one that has it, and are counted") {
      store in
      try await store.write { catalog throws in
        try catalog.insert(Sample.push(1), expecting: [Sample.expected("a")])
        try catalog.insert(Sample.upload(1, push: 1))
        var second = Sample.upload(2, state: .receiving, push: 1)
        second.isContending = true
        try catalog.insert(second)
        #expect(try catalog.upload(Sample.id(2)) == second)
        #expect(try catalog.upload(ofPush: Sample.id(1), at: Sample.path("a"))?.id == Sample.id(1))
        #expect(
          try catalog.contendingUploads(ofPush: Sample.id(1), at: Sample.path("a"), limit: 9) == [
            Sample.id(2)
          ])
        #expect(try catalog.uploads(ofPush: Sample.id(1), after: nil, limit: 9).count == 2)
        #expect(try catalog.pushProgress(Sample.id(1)).total == 2)
        #expect(try catalog.countedProgress(of: Sample.id(1)) == catalog.pushProgress(Sample.id(1)))
        #expect(try catalog.miscountedFiles(ofPush: Sample.id(1), limit: 9) == [])
      }
    },
    CatalogLaw("D38 one upload of a path does not contend; the two can change places") { store in
      try await store.write { catalog throws in
        try catalog.insert(Sample.push(1), expecting: [])
        try catalog.insert(Sample.upload(1, push: 1))
        var second = Sample.upload(2, push: 1)
        second.isContending = true
        try catalog.insert(second)
      }
      await #expect(throws: (any Error).self) {
        try await store.write { try $0.setContending(false, Sample.id(2)) }
      }
      try await store.write { catalog throws in
        try catalog.setContending(true, Sample.id(1))
        try catalog.setContending(false, Sample.id(2))
        // A session that wrote its record down before does not undo it.
        try catalog.update(Sample.upload(1, state: .receiving, push: 1))
        #expect(try catalog.upload(Sample.id(1))?.isContending == true)
        #expect(try catalog.upload(ofPush: Sample.id(1), at: Sample.path("a"))?.id == Sample.id(2))
      }
    },
    CatalogLaw("D38 files that were left out are listed in their order, by number") { store in
      try await store.write { catalog throws in
        try catalog.insert(Sample.push(1), expecting: [])
        #expect(try catalog.supersededCount(ofPush: Sample.id(1)) == 0)
        for number in 1...3 {
          try catalog.insert(
            SupersededFile(
              path: Sample.path("a"), digest: Sample.digest(UInt8(number)), size: 10,
              upload: Sample.id(number),
              by: Sample.id(number + 1), at: Sample.time(5)), of: Sample.id(1))
        }
        #expect(try catalog.supersededCount(ofPush: Sample.id(1)) == 3)
        let files = try catalog.supersededFiles(ofPush: Sample.id(1), after: 1, limit: 9)
        #expect(files.map(\.number) == [2, 3] && files.map(\.upload) == [Sample.id(2), Sample.id(3)])
        #expect(files[0].by == Sample.id(3) && files[0].at == Sample.time(5))
        #expect(try catalog.supersededFiles(ofPush: Sample.id(1), after: 0, limit: 0) == [])
      }
    },
  ]
}
