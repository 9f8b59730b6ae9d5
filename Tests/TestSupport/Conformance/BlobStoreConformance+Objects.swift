import Blobs
import Platform
import Testing
import Vocabulary

extension BlobStoreConformance {
  static let objectLaws: [BlobStoreLaw] = [
    BlobStoreLaw("MUST-2 a published partial file is the object of its digest, and stays until it is removed")
    { store in
      var random = SeededRandom(seed: 2)
      let bytes = random.bytes(5000)
      let digest = SHA256Stream.digest(of: bytes)
      try await fill(store, id(1), bytes)
      await expectMissing { () async throws(BlobError) in try await store.openObject(digest) }
      try await store.publishPartial(id(1), as: digest)
      #expect(try await all(store.openObject(digest)) == bytes)
      #expect(try await all(store.readPartial(id(1))) == bytes)
      try await store.removePartial(id(1))
      #expect(try await all(store.openObject(digest)) == bytes)
    },
    BlobStoreLaw("publishing twice, and publishing what is stored already, changes nothing and says so") {
      store in
      let bytes = [UInt8](repeating: 3, count: 100)
      let digest = SHA256Stream.digest(of: bytes)
      try await fill(store, id(1), bytes)
      try await fill(store, id(2), bytes)
      #expect(try await store.publishPartial(id(1), as: digest))
      #expect(try await !store.publishPartial(id(1), as: digest))
      try await store.removePartial(id(1))
      #expect(try await !store.publishPartial(id(2), as: digest))
      try await store.removePartial(id(2))
      #expect(try await all(store.openObject(digest)) == bytes)
      #expect(try await store.partialIDs() == [])
    },
    BlobStoreLaw("a published partial file can be opened again, and has its digest") { store in
      let bytes = [UInt8](repeating: 5, count: 100)
      let digest = SHA256Stream.digest(of: bytes)
      try await fill(store, id(1), bytes)
      try await store.publishPartial(id(1), as: digest)
      let partial = try await store.openPartial(id(1), hashState: nil, urgency: .atOnce)
      defer { partial.close() }
      try await partial.sync()
      #expect(partial.size == 100)
      #expect(try await partial.digest() == digest)
    },
    BlobStoreLaw("an object that is written in parts has the digest of all of them") { store in
      var random = SeededRandom(seed: 3)
      let parts = (0..<10).map { _ in random.bytes(random.int(0...1000)) }
      let writer = try await store.makeObject()
      for part in parts { try await writer.write(part) }
      let digest = SHA256Stream.digest(of: Array(parts.joined()))
      await expectMissing { () async throws(BlobError) in try await store.openObject(digest) }
      #expect(try await writer.finish() == digest)
      await writer.cancel()
      #expect(try await all(store.openObject(digest)) == Array(parts.joined()))
    },
    BlobStoreLaw("an empty object is an object") { store in
      let digest = try await store.makeObject().finish()
      #expect(digest == SHA256Stream().digest())
      #expect(try await all(store.openObject(digest)) == [])
      try await store.createPartial(id(1), urgency: .atOnce)
      try await store.publishPartial(id(1), as: digest)
    },
    BlobStoreLaw("a cancelled object never was") { store in
      let writer = try await store.makeObject()
      try await writer.write([1, 2, 3])
      await writer.cancel()
      await expectMissing { () async throws(BlobError) in
        try await store.openObject(SHA256Stream.digest(of: [1, 2, 3]))
      }
    },
    BlobStoreLaw("two writers of the same bytes both succeed") { store in
      let (first, second) = (try await store.makeObject(), try await store.makeObject())
      try await first.write([1])
      try await second.write([1])
      let digest = try await first.finish()
      #expect(try await second.finish() == digest)
      #expect(try await all(store.openObject(digest)) == [1])
    },
    BlobStoreLaw("a descriptor is put again without harm") { store in
      try await store.putDescriptor([1, 2], name: "00000001-x.json", folder: .inbox)
      try await store.putDescriptor([3], name: "00000001-x.json", folder: .inbox)
    },
    BlobStoreLaw("a removed descriptor is gone, and removing it again is no harm") { store in
      #expect(try await store.descriptorNames(folder: .inbox) == [])
      try await store.putDescriptor([1], name: "a.json", folder: .inbox)
      try await store.putDescriptor([2], name: "b.json", folder: .inbox)
      for _ in 1...2 {
        try await store.removeDescriptor(name: "a.json", folder: .inbox)
        #expect(try await store.descriptorNames(folder: .inbox) == ["b.json"])
      }
    },
  ]
}
