import Catalog
import Testing
import Vocabulary

extension CatalogConformance {
  /// What pushes from sources need.
  static let sourceLaws: [CatalogLaw] = [
    CatalogLaw("open pushes of sources come oldest first, and no other ones do") { store in
      try await store.write { catalog throws in
        for number in [3, 1, 2, 4] {
          var push = Sample.push(number, state: number == 2 ? .failed : .open)
          if number != 4 { push.origin = .source }
          push.source = SourceFolder(name: "disk", path: "a")
          try catalog.insert(push, expecting: [])
        }
        #expect(try catalog.openSourcePushes(limit: 9).map(\.id) == [Sample.id(1), Sample.id(3)])
        #expect(try catalog.openSourcePushes(limit: 1).map(\.id) == [Sample.id(1)])
        var closed = try #require(try catalog.push(Sample.id(1)))
        closed.state = .cancelled
        try catalog.update(closed)
        #expect(try catalog.openSourcePushes(limit: 9).map(\.id) == [Sample.id(3)])
      }
    },
    CatalogLaw("what a push selects is read by path, in pages, each path once") { store in
      try await store.write { catalog throws in
        try catalog.insert(Sample.push(1), expecting: [])
        try catalog.insert(Sample.push(2), expecting: [])
        try catalog.select(["b", "a/c", "a", "b"].map { Sample.path($0) }, ofPush: Sample.id(1))
        func page(_ push: Int, after path: String?, _ limit: Int) throws -> [String] {
          try catalog.selectedPaths(ofPush: Sample.id(push), after: path, limit: limit).map(\.text)
        }
        #expect(try page(1, after: nil, 9) == ["a", "a/c", "b"])
        #expect(try page(1, after: "a", 1) == ["a/c"])
        #expect(try page(1, after: "b", 9) == [])
        #expect(try page(2, after: nil, 9) == [])
      }
    },
    CatalogLaw("files are added to what a push expects, taken away again, and the absent ones are listed") {
      store in
      try await store.write { catalog throws in
        try catalog.insert(Sample.push(1), expecting: [Sample.expected("b")])
        try catalog.insert(Sample.push(2), expecting: [Sample.expected("b")])
        try catalog.expect(["c", "a", "b"].map { Sample.expected($0, size: 5) }, ofPush: Sample.id(1))
        let first = try catalog.expectedFile(ofPush: Sample.id(1), at: Sample.path("b"))
        #expect(first == Sample.expected("b"))
        try catalog.setExpectedSize(7, ofPush: Sample.id(1), at: Sample.path("b"))
        #expect(try catalog.expectedTotals(ofPush: Sample.id(1)) == (3, 17))
        try catalog.insert(Sample.upload(1, state: .verified, push: 1, path: "a"))
        #expect(
          try catalog.absentFiles(ofPush: Sample.id(1), limit: 9) == [
            Sample.expected("b", size: 7), Sample.expected("c", size: 5),
          ])
        #expect(try catalog.absentFiles(ofPush: Sample.id(1), limit: 1).count == 1)
        #expect(try catalog.forgetExpected(ofPush: Sample.id(1), limit: 2) == 2)
        #expect(try catalog.forgetExpected(ofPush: Sample.id(1), limit: 2) == 1)
        #expect(try catalog.forgetExpected(ofPush: Sample.id(1), limit: 2) == 0)
        #expect(try catalog.expectedTotals(ofPush: Sample.id(1)) == (0, 0))
        #expect(try catalog.expectedTotals(ofPush: Sample.id(2)).count == 1)
      }
    },
  ]
}
