import Catalog
import Testing
import Vocabulary

extension CatalogConformance {
  static let uploadLaws: [CatalogLaw] = [
    CatalogLaw("an upload is read as it was written") { store in
      let uploads = [
        Sample.upload(1), Sample.upload(2, length: nil),
        Sample.fullUpload(3, state: .verified, push: 1, path: "b/é/c"),
      ]
      try await store.write { catalog throws in
        try catalog.insert(Sample.push(1), expecting: [])
        for upload in uploads { try catalog.insert(upload) }
      }
      try await store.read { catalog throws in
        for upload in uploads { #expect(try catalog.upload(upload.id) == upload) }
        #expect(try catalog.upload(Sample.id(4)) == nil)
      }
    },
    CatalogLaw("raw metadata that is empty is not metadata that is absent") { store in
      var upload = Sample.upload(1)
      upload.metadata = UploadMetadata(raw: "", pairs: [])
      try await store.write { [upload] in try $0.insert(upload) }
      #expect(try await store.read { try $0.upload(Sample.id(1)) } == upload)
    },
    CatalogLaw("an update replaces every member of an upload") { store in
      let full = Sample.fullUpload(1, state: .received, push: 1, path: "b")
      let plain = Sample.upload(1, length: nil)
      try await store.write { catalog throws in
        try catalog.insert(Sample.push(1), expecting: [])
        try catalog.insert(plain)
        try catalog.update(full)
        #expect(try catalog.upload(Sample.id(1)) == full)
        try catalog.update(plain)
        #expect(try catalog.upload(Sample.id(1)) == plain)
      }
    },
    CatalogLaw("an upload that was never inserted cannot be updated") { store in
      await #expect(throws: (any Error).self) { try await store.write { try $0.update(Sample.upload(1)) } }
    },
    CatalogLaw("an upload's id is taken once") { store in
      try await store.write { try $0.insert(Sample.upload(1)) }
      await #expect(throws: (any Error).self) { try await store.write { try $0.insert(Sample.upload(1)) } }
    },
    CatalogLaw("text with a NUL character is refused, never shortened") { store in
      var upload = Sample.upload(1)
      upload.filename = "a\0b"
      await #expect(throws: ProblemError.self) {
        try await store.write { [upload] in try $0.insert(upload) }
      }
    },
    CatalogLaw("uploads in some states come in id order and continue after an id") { store in
      let states: [UploadState] = [
        .received, .created, .committed, .receiving, .verified, .rejected, .cancelled, .expired, .created,
      ]
      try await store.write { catalog throws in
        for (index, state) in states.enumerated() {
          try catalog.insert(Sample.upload(index + 1, state: state))
        }
      }
      try await store.read { catalog throws in
        func numbers(_ wanted: Set<UploadState>, after: Int?, _ limit: Int) throws -> [UploadID] {
          try catalog.uploads(in: wanted, after: after.map { Sample.id($0) }, limit: limit).map(\.id)
        }
        #expect(try numbers([.created, .receiving], after: nil, 9) == [2, 4, 9].map { Sample.id($0) })
        #expect(try numbers([.created, .receiving], after: nil, 2) == [2, 4].map { Sample.id($0) })
        #expect(try numbers([.created, .receiving], after: 4, 2) == [9].map { Sample.id($0) })
        #expect(try numbers(Set(UploadState.allCases), after: nil, 99) == (1...9).map { Sample.id($0) })
        #expect(try numbers([.committed], after: nil, 9) == [Sample.id(3)])
        #expect(try numbers([], after: nil, 9) == [])
      }
    },
    CatalogLaw("an open upload expires at its moment, the oldest first; a finished one never does") { store in
      try await store.write { catalog throws in
        try catalog.insert(Sample.upload(1, expiresAt: 300))
        try catalog.insert(Sample.upload(2, state: .receiving, expiresAt: 100))
        try catalog.insert(Sample.upload(3, state: .received, expiresAt: 100))
        try catalog.insert(Sample.upload(4, state: .expired, expiresAt: 100))
        try catalog.insert(Sample.upload(5, expiresAt: nil))
      }
      try await store.read { catalog throws in
        #expect(try catalog.expiredUploads(at: Sample.time(99), limit: 9) == [])
        #expect(try catalog.expiredUploads(at: Sample.time(100), limit: 9) == [Sample.id(2)])
        #expect(try catalog.expiredUploads(at: Sample.time(999), limit: 9) == [Sample.id(2), Sample.id(1)])
        #expect(try catalog.expiredUploads(at: Sample.time(999), limit: 1) == [Sample.id(2)])
      }
    },
    CatalogLaw("a push's uploads come in path order, without cancelled and expired ones") { store in
      try await store.write { catalog throws in
        try catalog.insert(Sample.push(1), expecting: [])
        try catalog.insert(Sample.push(2), expecting: [])
        try catalog.insert(Sample.upload(1, push: 1, path: "b"))
        try catalog.insert(Sample.upload(2, state: .verified, push: 1, path: "a-"))
        try catalog.insert(Sample.upload(3, state: .rejected, push: 1, path: "a/b"))
        try catalog.insert(Sample.upload(4, state: .cancelled, push: 1, path: "c"))
        try catalog.insert(Sample.upload(5, state: .expired, push: 1, path: "d"))
        try catalog.insert(Sample.upload(6, push: 2, path: "a"))
        try catalog.insert(Sample.upload(7, push: nil, path: "a"))
        try catalog.insert(Sample.upload(8, push: 1, path: "Z"))
      }
      try await store.read { catalog throws in
        func paths(after path: String?, _ limit: Int) throws -> [String] {
          try catalog.uploads(ofPush: Sample.id(1), after: path, limit: limit).map(\.path.text)
        }
        #expect(try paths(after: nil, 9) == ["Z", "a-", "a/b", "b"])
        #expect(try paths(after: nil, 3) == ["Z", "a-", "a/b"])
        #expect(try paths(after: "a/b", 3) == ["b"])
        #expect(try paths(after: "b", 3) == [])
      }
    },
    CatalogLaw("where a rejected upload was replaced, its replacement comes first") { store in
      try await store.write { catalog throws in
        try catalog.insert(Sample.push(1), expecting: [])
        try catalog.insert(Sample.upload(1, state: .rejected, push: 1))
        try catalog.insert(Sample.upload(2, state: .verified, push: 1))
        let ids = try catalog.uploads(ofPush: Sample.id(1), after: nil, limit: 9).map(\.id)
        #expect(ids == [Sample.id(2), Sample.id(1)])
      }
    },
  ]
}
