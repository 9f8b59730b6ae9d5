import Catalog
import Testing
import Vocabulary

extension CatalogConformance {
  /// Random changes, against plain counting over all records.
  static let modelLaws: [CatalogLaw] = (1...5 as ClosedRange<UInt64>).map { seed in
    CatalogLaw("kept counts equal a recount after any changes (seed \(seed))") { store in
      var random = SeededRandom(seed: seed)
      let expected = ["a", "b", "c", "d"].map { Sample.expected($0) }
      try await store.write { catalog throws in
        for push in 1...2 { try catalog.insert(Sample.push(push), expecting: expected) }
      }
      var model: [Int: UploadRecord] = [:]
      for _ in 1...150 {
        let change = nextUpload(&random)
        let number = change.number
        let isKnown = model[number] != nil
        let isFree = !model.contains { other in
          other.key != number && other.value.push == change.record.push
            && other.value.path == change.record.path
            && occupies(other.value) && occupies(change.record)
        }
        guard isFree || change.record.push == nil else { continue }
        model[number] = change.record
        try await store.write { [model] catalog in
          if isKnown { try catalog.update(change.record) } else { try catalog.insert(change.record) }
          try compare(catalog, with: Array(model.values), expected)
        }
      }
    }
  }

  private static func nextUpload(_ random: inout SeededRandom) -> (number: Int, record: UploadRecord) {
    let number = random.int(1...12)
    let state = random.element(of: UploadState.allCases)
    let push = random.element(of: [nil, 1, 2])
    let path = random.element(of: ["a", "b", "c", "d", "e"])
    let length = random.element(of: [nil, 3, 50 as Int64])
    return (number, Sample.upload(number, state: state, push: push, path: path, length: length))
  }

  private static func occupies(_ upload: UploadRecord) -> Bool {
    ![.cancelled, .expired, .rejected].contains(upload.state)
  }

  private static func compare(
    _ catalog: any CatalogReader, with uploads: [UploadRecord], _ expected: [ExpectedFile]
  ) throws {
    let counts = Dictionary(grouping: uploads, by: \.state).mapValues(\.count)
    #expect(try catalog.uploadCounts().filter { $0.value != 0 } == counts)
    for number in 1...2 {
      let push: PushID = Sample.id(number)
      let own = uploads.filter { $0.push == push && $0.state != .cancelled && $0.state != .expired }
      #expect(
        try catalog.pushProgress(push)
          == PushProgress(
            total: Int64(own.count),
            verified: Int64(own.count { $0.state == .verified || $0.state == .committed }),
            rejected: Int64(own.count { $0.state == .rejected }),
            finishedBytes: own.filter(\.state.isFinished).reduce(0) { $0 + ($1.length ?? 0) }))
      #expect(try catalog.missing(ofPush: push, limit: 99) == missing(own, expected))
    }
  }

  private static func missing(_ uploads: [UploadRecord], _ expected: [ExpectedFile]) -> [MissingFile] {
    let paths = Set(uploads.map(\.path) + expected.map(\.path))
    return paths.sorted().compactMap { path in
      let here = uploads.filter { $0.path == path }
      guard let holder = here.first(where: occupies) else {
        return MissingFile(path: path.text, reason: here.isEmpty ? .absent : .rejected)
      }
      let isDone = holder.state == .verified || holder.state == .committed
      return isDone ? nil : MissingFile(path: path.text, reason: .unfinished)
    }
  }
}
