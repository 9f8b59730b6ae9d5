import Catalog
import Testing
import Vocabulary

extension CatalogConformance {
  private static let photos = Sample.repo("photos")
  private static let stable = Sample.label("stable")

  /// Two bundles of one repo, the first with a label.
  private static func fill(_ catalog: any CatalogTransaction) throws {
    try catalog.ensureRepo(photos, description: "holidays", at: Sample.time(1))
    try catalog.insert(Sample.bundle(1, sequence: 1))
    try catalog.insert(Sample.bundle(2, sequence: 2))
    try catalog.moveLabel(stable, of: photos, to: Sample.id(1), by: "someone", at: Sample.time(1))
  }

  static let lifecycleLaws: [CatalogLaw] = [
    CatalogLaw("D21 a renamed repo keeps its bundles, labels, pushes and folder; its old name is free") {
      store in
      let films = Sample.repo("films")
      try await store.write { catalog throws in
        try fill(catalog)
        try catalog.insert(Sample.push(1), expecting: [])
        try catalog.setSchedulerCursor(photos)
        try catalog.renameRepo(photos, to: films)
      }
      try await store.write { catalog throws in
        #expect(try catalog.repo(photos) == nil)
        #expect(try catalog.repo(films)?.bundleCount == 2)
        #expect(try catalog.repo(folder: photos)?.name == films)
        #expect(try catalog.latestBundle(of: films)?.id == Sample.id(2))
        #expect(try catalog.bundle(of: films, label: stable)?.id == Sample.id(1))
        #expect(try catalog.labelMoves(of: films, label: stable, before: nil, limit: 9).count == 1)
        #expect(try catalog.push(Sample.id(1))?.repo == films)
        #expect(try catalog.schedulerCursor() == films)
        try catalog.ensureRepo(photos, description: nil, at: Sample.time(2))
        #expect(try catalog.repo(photos)?.folder == Sample.repo("photos-2"))
      }
    },
    CatalogLaw("a repo cannot take the name of another") { store in
      try await store.write { catalog throws in
        try fill(catalog)
        try catalog.ensureRepo(Sample.repo("films"), description: nil, at: Sample.time(1))
      }
      await #expect(throws: (any Error).self) {
        try await store.write { try $0.renameRepo(photos, to: Sample.repo("films")) }
      }
      #expect(try await store.read { try $0.repo(photos) }?.bundleCount == 2)
    },
    CatalogLaw("D21 a deleted repo leaves no bundle, label or history") { store in
      try await store.write { catalog throws in
        try fill(catalog)
        try catalog.deleteRepo(photos, by: "ann", at: Sample.time(5))
        #expect(try catalog.repo(photos) == nil)
        #expect(try catalog.bundle(Sample.id(1)) == nil)
        #expect(
          try catalog.deletedBundle(Sample.id(1))
            == DeletedBundle(
              id: Sample.id(1), repo: photos, sequence: 1, actor: "ann", at: Sample.time(5)))
        #expect(try catalog.labels(after: nil, limit: 9) == [])
        #expect(try catalog.labelMoves(of: photos, label: nil, before: nil, limit: 9) == [])
      }
    },
    CatalogLaw("a repo that an earlier catalog had is read as it was, and its numbers go on") { store in
      let repo = RepoRecord(
        name: Sample.repo("films"), description: "moving", createdAt: Sample.time(3), bundleCount: 0,
        lastSequence: 7, folder: photos, weight: 2, retention: RetentionPolicy(latest: 4))
      try await store.write { catalog throws in
        try catalog.insert(repo)
        #expect(try catalog.repo(repo.name) == repo)
        try catalog.insert(Sample.bundle(1, repo: "films", sequence: 3))
        #expect(try catalog.repo(repo.name)?.lastSequence == 7)
      }
    },
    CatalogLaw("a folder that is to be cleared is given to no new repo") { store in
      try await store.write { catalog throws in
        try fill(catalog)
        try catalog.deleteRepo(photos, by: nil, at: Sample.time(5))
        try catalog.plan(.removeFolder, "photos")
        try catalog.ensureRepo(photos, description: nil, at: Sample.time(6))
        #expect(try catalog.repo(photos)?.folder == Sample.repo("photos-2"))
      }
    },
    CatalogLaw("D21 a changed repo is read as it was written") { store in
      try await store.write { catalog throws in
        try fill(catalog)
        var repo = try #require(try catalog.repo(photos))
        repo.description = "all of them"
        repo.weight = 7
        repo.retention = RetentionPolicy(latest: 3, ageSeconds: 60)
        try catalog.update(repo)
        #expect(try catalog.repo(photos) == repo)
      }
    },
    CatalogLaw("D40 a deleted bundle's number is not given again, and a label keeps its bundle") { store in
      try await store.write { catalog throws in
        try fill(catalog)
        try catalog.deleteBundle(Sample.id(2), by: "ann", at: Sample.time(5))
        #expect(
          try catalog.deletedBundles(of: photos, before: nil, limit: 9)
            == [
              DeletedBundle(
                id: Sample.id(2), repo: photos, sequence: 2, actor: "ann", at: Sample.time(5))
            ])
        #expect(try catalog.deletedBundles(of: photos, before: 2, limit: 9) == [])
        #expect(try catalog.repo(photos)?.bundleCount == 1)
        #expect(try catalog.repo(photos)?.lastSequence == 2)
        #expect(try catalog.latestBundle(of: photos)?.id == Sample.id(1))
      }
      await #expect(throws: (any Error).self) {
        try await store.write { try $0.deleteBundle(Sample.id(1), by: nil, at: Sample.time(5)) }
      }
      #expect(try await store.read { try $0.bundle(Sample.id(1)) } != nil)
    },
    CatalogLaw("D35 the history of a label tells every move and its removal, newest first, in pages") {
      store in
      try await store.write { catalog throws in
        try fill(catalog)
        try catalog.moveLabel(stable, of: photos, to: Sample.id(2), by: nil, at: Sample.time(2))
        try catalog.moveLabel(Sample.label("x"), of: photos, to: Sample.id(2), by: nil, at: Sample.time(3))
        try catalog.removeLabel(stable, of: photos, by: "other", at: Sample.time(4))
        #expect(try catalog.bundle(of: photos, label: stable) == nil)
        let moves = try catalog.labelMoves(of: photos, label: stable, before: nil, limit: 2)
        #expect(moves.map(\.bundle) == [nil, Sample.id(2)])
        #expect(moves.map(\.author) == ["other", nil])
        let first = try catalog.labelMoves(of: photos, label: stable, before: moves[1].sequence, limit: 9)
        #expect(first.map(\.bundle) == [Sample.id(1)])
        #expect(try catalog.labelMoves(of: photos, label: nil, before: nil, limit: 9).count == 4)
      }
    },
    CatalogLaw("D35 labels of a repo come by name, in pages, by prefix") { store in
      try await store.write { catalog throws in
        try fill(catalog)
        for name in ["v1", "v2", "V1"] {
          try catalog.moveLabel(
            Sample.label(name), of: photos, to: Sample.id(2), by: nil, at: Sample.time(2))
        }
        func names(_ prefix: String, _ after: String?, _ limit: Int) throws -> [String] {
          try catalog.labels(ofRepo: photos, prefix: prefix, after: after.map(Sample.label), limit: limit)
            .map(\.label.text)
        }
        #expect(try names("", nil, 9) == ["V1", "stable", "v1", "v2"])
        #expect(try names("v", nil, 1) == ["v1"])
        #expect(try names("v", "v1", 9) == ["v2"])
      }
    },
    CatalogLaw("D22 parents and contributors of a bundle are read as they were written") { store in
      var bundle = Sample.bundle(1, sequence: 1)
      bundle.parents = [Sample.id(7), Sample.id(8)]
      bundle.contributors = ["Ann \"A\" <ann@example.org>", "Bé"]
      try await store.write { [bundle] catalog throws in
        try catalog.ensureRepo(photos, description: nil, at: Sample.time(1))
        try catalog.insert(bundle)
        #expect(try catalog.bundle(bundle.id) == bundle)
      }
    },
    CatalogLaw("the audit log has what somebody asked for, newest first, of one repo or all, in pages") {
      store in
      try await store.write { catalog throws in
        for (subject, repo, actor) in [
          ("1", "photos", "ann"), ("2", "films", "bob"), ("3", "photos", nil), ("4", "photos", "bob"),
        ] as [(String, String, String?)] {
          try catalog.record(
            NewEvent(
              at: Sample.time(1), kind: .labelMoved, subject: subject, repo: Sample.repo(repo), actor: actor))
        }
        #expect(
          try catalog.auditedEvents(repo: nil, before: nil, limit: 9).map(\.event.subject) == ["4", "2", "1"])
        let page = try catalog.auditedEvents(repo: photos, before: nil, limit: 1)
        #expect(page.map(\.event.actor) == ["bob"])
        #expect(
          try catalog.auditedEvents(repo: photos, before: page[0].sequence, limit: 9).map(\.event.subject)
            == ["1"])
      }
    },
    CatalogLaw("scrubbing goes on where it was, and a finding stays until it is removed") { store in
      let record = ScrubRecord(
        startedAt: Sample.time(1), finishedAt: Sample.time(0), cursor: Sample.digest(7), checkedObjects: 8,
        checkedBytes: 9)
      try await store.write { catalog throws in
        #expect(try catalog.scrub() == ScrubRecord())
        try catalog.save(record)
        for byte in [2, 1] as [UInt8] {
          try catalog.save(ScrubFinding(digest: Sample.digest(byte), reason: "old", at: Sample.time(1)))
        }
        try catalog.save(ScrubFinding(digest: Sample.digest(1), reason: "new", at: Sample.time(2)))
      }
      try await store.write { catalog throws in
        #expect(try catalog.scrub() == record)
        #expect(try catalog.scrubFindings(after: nil, limit: 9).map(\.reason) == ["new", "old"])
        #expect(try catalog.scrubFindings(after: Sample.digest(1), limit: 9).map(\.reason) == ["old"])
        try catalog.removeScrubFinding(of: Sample.digest(1))
        #expect(try catalog.scrubFinding(of: Sample.digest(1)) == nil)
        #expect(try catalog.scrubFinding(of: Sample.digest(2))?.reason == "old")
      }
    },
    CatalogLaw("an extent moves only from where it is, and a closed pack takes none") { store in
      let digest = Sample.digest(1)
      @Sendable func extent(_ pack: Int, _ offset: Int64) -> Extent {
        Extent(pack: Sample.id(pack), offset: offset, length: 9)
      }
      try await store.write { catalog throws in
        try catalog.insert(extent(1, 10), of: digest)
        try catalog.moveExtent(of: digest, from: extent(1, 11), to: extent(2, 5))
        try catalog.moveExtent(of: digest, from: extent(2, 10), to: extent(2, 5))
        #expect(try catalog.extents(of: [digest]) == [digest: extent(1, 10)])
        try catalog.moveExtent(of: digest, from: extent(1, 10), to: extent(2, 5))
        #expect(try catalog.extents(of: [digest]) == [digest: extent(2, 5)])
        try catalog.removeExtents(of: [digest, Sample.digest(2)])
        #expect(try catalog.extents(of: [digest]) == [:])
        #expect(try !catalog.isClosed(Sample.id(1)))
        try catalog.close(Sample.id(1))
        try catalog.close(Sample.id(1))
        #expect(try catalog.isClosed(Sample.id(1)))
      }
      let error = await #expect(throws: ProblemError.self) {
        try await store.write { try $0.insert(extent(1, 10), of: digest) }
      }
      #expect(error?.problem == .busy)
    },
    CatalogLaw("a step planned again while it is carried out is not finished with the first") { store in
      try await store.write { catalog throws in
        try catalog.plan(.describeRepo, "photos")
        try catalog.plan(.describeRepo, "photos")
        let steps = try catalog.plannedSteps(after: 0, limit: 9)
        #expect(steps.map(\.subject) == ["photos"])
        try catalog.plan(.describeRepo, "photos")
        try catalog.finish(steps[0])
        #expect(try catalog.plannedSteps(after: 0, limit: 9).map(\.subject) == ["photos"])
        try catalog.finish(try catalog.plannedSteps(after: 0, limit: 9)[0])
        #expect(try catalog.plannedSteps(after: 0, limit: 9) == [])
      }
    },
  ]
}
