import Catalog
import Testing
import Vocabulary

extension CatalogConformance {
  private static let ends: [UploadState] = [.cancelled, .expired, .rejected]

  static let pathLaws: [CatalogLaw] = [
    CatalogLaw("a path of a push is occupied by one upload at a time") { store in
      try await store.write { catalog throws in
        try catalog.insert(Sample.push(1), expecting: [])
        try catalog.insert(Sample.push(2), expecting: [])
        try catalog.insert(Sample.upload(1, push: 1))
      }
      await #expect(throws: (any Error).self) {
        try await store.write { try $0.insert(Sample.upload(2, push: 1)) }
      }
      try await store.write { catalog throws in
        try catalog.insert(Sample.upload(3, push: 2))
        #expect(try catalog.upload(ofPush: Sample.id(1), at: Sample.path("a"))?.id == Sample.id(1))
        #expect(try catalog.upload(ofPush: Sample.id(2), at: Sample.path("a"))?.id == Sample.id(3))
        #expect(try catalog.upload(ofPush: Sample.id(1), at: Sample.path("b")) == nil)
      }
    },
    CatalogLaw("a cancelled, expired or rejected upload frees its path") { store in
      for (index, end) in ends.enumerated() {
        try await store.write { catalog throws in
          let push = index + 1
          try catalog.insert(Sample.push(push), expecting: [])
          try catalog.insert(Sample.upload(10 * push, push: push, path: "a/b"))
          try catalog.update(Sample.upload(10 * push, state: end, push: push, path: "a/b"))
          #expect(try catalog.upload(ofPush: Sample.id(push), at: Sample.path("a/b")) == nil)
          #expect(try catalog.pathConflict(ofPush: Sample.id(push), with: Sample.path("a")) == nil)
          try catalog.insert(Sample.upload(10 * push + 1, push: push, path: "a/b"))
          let holder = try catalog.upload(ofPush: Sample.id(push), at: Sample.path("a/b"))
          #expect(holder?.id == Sample.id(10 * push + 1))
        }
      }
    },
    CatalogLaw("uploads without a push share a path") { store in
      try await store.write { catalog throws in
        try catalog.insert(Sample.upload(1))
        try catalog.insert(Sample.upload(2))
        #expect(try catalog.uploadCounts()[.created] == 2)
      }
    },
    CatalogLaw("paths that look alike but differ in bytes are two paths") { store in
      try await store.write { catalog throws in
        try catalog.insert(
          Sample.push(1),
          expecting: [Sample.expected("e\u{301}", size: 1), Sample.expected("\u{e9}", size: 2)])
        try catalog.insert(Sample.upload(1, push: 1, path: "e\u{301}"))
        try catalog.insert(Sample.upload(2, push: 1, path: "\u{e9}"))
        #expect(try catalog.upload(ofPush: Sample.id(1), at: Sample.path("e\u{301}"))?.id == Sample.id(1))
        #expect(try catalog.upload(ofPush: Sample.id(1), at: Sample.path("\u{e9}"))?.id == Sample.id(2))
        #expect(try catalog.expectedFile(ofPush: Sample.id(1), at: Sample.path("\u{e9}"))?.size == 2)
        #expect(try catalog.pathConflict(ofPush: Sample.id(1), with: Sample.path("\u{e9}/x")) == "\u{e9}")
      }
    },
    CatalogLaw("a path conflicts with its folders and with what is below it, and with nothing else") {
      store in
      try await store.write { catalog throws in
        try catalog.insert(Sample.push(1), expecting: [])
        try catalog.insert(Sample.push(2), expecting: [])
        try catalog.insert(Sample.upload(1, push: 1, path: "a/b"))
        try catalog.insert(Sample.upload(2, push: 1, path: "k/é/m/n"))
        try catalog.insert(Sample.upload(3, push: 2, path: "z"))
        for (number, path) in zip(4..., ["q-a", "q.", "q0", "qq/a"]) {
          try catalog.insert(Sample.upload(number, push: 1, path: path))
        }
      }
      let conflicts: [(String, String?)] = [
        ("a", "a/b"), ("a/b/c", "a/b"), ("a/b/c/d", "a/b"), ("k", "k/é/m/n"), ("k/é", "k/é/m/n"),
        ("k/é/m/n/o", "k/é/m/n"), ("a/b", nil), ("a/c", nil), ("a-", nil), ("a.b", nil), ("a0", nil),
        ("a/b0", nil), ("a/bc", nil), ("A", nil), ("b", nil), ("z", nil), ("z/z", nil), ("q", nil),
      ]
      try await store.read { catalog throws in
        for (path, other) in conflicts {
          let found = try catalog.pathConflict(ofPush: Sample.id(1), with: Sample.path(path))
          #expect(found == other, "for \(path)")
        }
      }
    },
  ]
}
