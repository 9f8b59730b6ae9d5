import Catalog
import Testing
import Vocabulary

extension CatalogConformance {
  private static func final(_ number: Int, of parts: [Int], createdAt: Int64 = 1) -> UploadRecord {
    var upload = Sample.upload(number)
    upload.concatenation = .final(parts: parts.map { Sample.id($0) }, raw: "final;x")
    upload.createdAt = Sample.time(createdAt)
    return upload
  }

  private static func request(_ number: Int) -> IdempotentRequest {
    IdempotentRequest(
      key: "k\(number)", fingerprint: Sample.digest(UInt8(number)), subject: "s\(number)",
      createdAt: Sample.time(Int64(number)))
  }

  static let concatenationLaws: [CatalogLaw] = [
    CatalogLaw("final uploads are found by their parts while they are put together") { store in
      try await store.write { catalog throws in
        var part = Sample.upload(1)
        part.concatenation = .partial
        try catalog.insert(part)
        try catalog.insert(final(5, of: [1, 2, 1]))
        try catalog.insert(final(4, of: [1]))
        var made = final(6, of: [1])
        made.state = .verified
        try catalog.insert(made)
        #expect(try catalog.upload(Sample.id(1))?.concatenation == .partial)
      }
      try await store.read { catalog throws in
        #expect(try catalog.assemblingUploads(withPart: Sample.id(1)) == [Sample.id(4), Sample.id(5)])
        #expect(try catalog.assemblingUploads(withPart: Sample.id(2)) == [Sample.id(5)])
        #expect(try catalog.assemblingUploads(withPart: Sample.id(3)) == [])
        #expect(
          try catalog.assemblingUploads(after: nil, limit: 9).map(\.id) == [Sample.id(4), Sample.id(5)])
        #expect(try catalog.assemblingUploads(after: Sample.id(4), limit: 9).map(\.id) == [Sample.id(5)])
        #expect(try catalog.assemblingUploads(after: nil, limit: 1).map(\.id) == [Sample.id(4)])
      }
    },
    CatalogLaw(
      "the newest final upload of the same parts and metadata is found, unless it ended or is too old"
    ) {
      store in
      try await store.write { catalog throws in
        try catalog.insert(final(5, of: [1, 2], createdAt: 10))
        try catalog.insert(final(6, of: [1, 2], createdAt: 20))
        var ended = final(7, of: [1, 2], createdAt: 30)
        ended.state = .cancelled
        try catalog.insert(ended)
        var other = final(8, of: [1, 2], createdAt: 40)
        other.metadata = UploadMetadata(raw: "a", pairs: [.init(key: "a", value: [])])
        try catalog.insert(other)
      }
      try await store.read { catalog throws in
        let parts: [UploadID] = [Sample.id(1), Sample.id(2)]
        func find(_ parts: [UploadID], since: Int64) throws -> UploadID? {
          try catalog.finalUpload(ofParts: parts, metadata: .none, since: Sample.time(since))
        }
        #expect(try find(parts, since: 0) == Sample.id(6))
        #expect(try find(parts, since: 20) == Sample.id(6))
        #expect(try find(parts, since: 21) == nil)
        #expect(try find(parts.reversed(), since: 0) == nil)
      }
    },
  ]

  static let idempotencyLaws: [CatalogLaw] = [
    CatalogLaw("a key is remembered until it is forgotten, oldest first") { store in
      try await store.write { catalog throws in
        for number in [3, 1, 2] { try catalog.insert(request(number)) }
      }
      await #expect(throws: (any Error).self) { try await store.write { try $0.insert(request(1)) } }
      try await store.write { try $0.removeIdempotentRequests(before: Sample.time(3), limit: 1) }
      try await store.read { catalog throws in
        #expect(try catalog.idempotentRequest("k1") == nil)
        #expect(try catalog.idempotentRequest("k2") == request(2))
        #expect(try catalog.idempotentRequest("k3") == request(3))
      }
      try await store.write { try $0.removeIdempotentRequests(before: Sample.time(3), limit: 9) }
      try await store.read { catalog throws in
        #expect(try catalog.idempotentRequest("k2") == nil)
        #expect(try catalog.idempotentRequest("k3") == request(3))
      }
    }
  ]
}
