import Catalog
import Testing
import Vocabulary

extension CatalogConformance {
  static let missingLaws: [CatalogLaw] = [
    CatalogLaw("expected files are read as they were written") { store in
      let file = Sample.expected("b/c", size: .max, digest: Sample.digest(3))
      try await store.write { catalog throws in
        try catalog.insert(Sample.push(1), expecting: [Sample.expected("a"), file])
        #expect(try catalog.expectedFile(ofPush: Sample.id(1), at: file.path) == file)
        #expect(try catalog.expectedFile(ofPush: Sample.id(1), at: Sample.path("b")) == nil)
        #expect(try catalog.expectedFile(ofPush: Sample.id(2), at: file.path) == nil)
      }
    },
    CatalogLaw("what a push is missing is listed by path, each path once") { store in
      let push = Sample.push(1)
      let expected = ["a", "b", "c", "d", "e", "f"].map { Sample.expected($0) }
      try await store.write { catalog throws in
        try catalog.insert(push, expecting: expected)
        try catalog.insert(Sample.upload(1, state: .verified, push: 1, path: "a"))
        try catalog.insert(Sample.upload(2, state: .receiving, push: 1, path: "b"))
        try catalog.insert(Sample.upload(3, state: .rejected, push: 1, path: "c"))
        try catalog.insert(Sample.upload(4, state: .cancelled, push: 1, path: "d"))
        try catalog.insert(Sample.upload(5, state: .rejected, push: 1, path: "e"))
        try catalog.insert(Sample.upload(6, state: .verified, push: 1, path: "e"))
        try catalog.insert(Sample.upload(7, state: .received, push: 1, path: "x"))
        try catalog.insert(Sample.upload(8, state: .rejected, push: 1, path: "c"))
        #expect(
          try catalog.missing(ofPush: push.id, limit: 99) == [
            MissingFile(path: "b", reason: .unfinished), MissingFile(path: "c", reason: .rejected),
            MissingFile(path: "d", reason: .absent), MissingFile(path: "f", reason: .absent),
            MissingFile(path: "x", reason: .unfinished),
          ])
        #expect(try catalog.missing(ofPush: push.id, limit: 2).map(\.path) == ["b", "c"])
        #expect(try catalog.missing(ofPush: Sample.id(2), limit: 2) == [])
      }
    },
    CatalogLaw("a rejected file that is sent again is unfinished, then no longer missing") { store in
      try await store.write { catalog throws in
        try catalog.insert(Sample.push(1), expecting: [Sample.expected("a")])
        try catalog.insert(Sample.upload(1, state: .rejected, push: 1))
        try catalog.insert(Sample.upload(2, state: .created, push: 1))
        let unfinished = [MissingFile(path: "a", reason: .unfinished)]
        #expect(try catalog.missing(ofPush: Sample.id(1), limit: 9) == unfinished)
        try catalog.update(Sample.upload(2, state: .verified, push: 1))
        #expect(try catalog.missing(ofPush: Sample.id(1), limit: 9) == [])
      }
    },
    CatalogLaw("progress counts what is there, without cancelled and expired uploads") { store in
      try await store.write { catalog throws in
        try catalog.insert(Sample.push(1), expecting: [])
        try catalog.insert(Sample.upload(1, state: .verified, push: 1, path: "a", length: 1))
        try catalog.insert(Sample.upload(2, state: .received, push: 1, path: "b", length: 20))
        try catalog.insert(Sample.upload(3, state: .rejected, push: 1, path: "c", length: 300))
        try catalog.insert(Sample.upload(4, state: .receiving, push: 1, path: "d", length: nil))
        try catalog.insert(Sample.upload(5, state: .cancelled, push: 1, path: "e", length: 5000))
        try catalog.insert(Sample.upload(6, state: .committed, push: 1, path: "f", length: 60_000))
        #expect(
          try catalog.pushProgress(Sample.id(1))
            == PushProgress(total: 5, verified: 2, rejected: 1, finishedBytes: 60_021))
      }
    },
    CatalogLaw("progress follows an upload that joins a push or learns its length late") { store in
      try await store.write { catalog throws in
        try catalog.insert(Sample.push(1), expecting: [])
        try catalog.insert(Sample.upload(1, state: .receiving, length: nil))
        #expect(try catalog.pushProgress(Sample.id(1)).total == 0)
        try catalog.update(Sample.upload(1, state: .received, length: 7))
        try catalog.update(Sample.upload(1, state: .verified, push: 1, length: 7))
        #expect(
          try catalog.pushProgress(Sample.id(1))
            == PushProgress(total: 1, verified: 1, rejected: 0, finishedBytes: 7))
      }
    },
  ]
}
