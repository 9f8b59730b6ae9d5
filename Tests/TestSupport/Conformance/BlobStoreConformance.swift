import Blobs
import Platform
import Testing
import Vocabulary

/// What every blob store must do, wherever its bytes rest. An adapter's own test file only makes stores:
///
///     @Test("the store keeps the law", arguments: BlobStoreConformance.laws)
///     func law(_ law: BlobStoreLaw) async throws { try await law.check(emptyStore()) }
package enum BlobStoreConformance {
  /// All laws; each is checked on an empty store of its own.
  package static let laws: [BlobStoreLaw] = partialLaws + hashLaws + objectLaws + intakeLaws + modelLaws
}

/// One thing that holds for every blob store.
package struct BlobStoreLaw: Sendable, CustomTestStringConvertible {
  /// The law, as a sentence.
  package let name: String
  /// Checks it on an empty store.
  package let check: @Sendable (any BlobStore) async throws -> Void

  init(_ name: String, _ check: @escaping @Sendable (any BlobStore) async throws -> Void) {
    self.name = name
    self.check = check
  }
  package var testDescription: String { name }
}

extension BlobStoreConformance {
  static func id(_ number: Int) -> UploadID {
    var random = SeededRandom(seed: UInt64(number))
    return UploadID(milliseconds: Int64(number), random: random.bytes(10))
  }

  static func all(_ reader: any BlobReader) async throws -> [UInt8] {
    defer { reader.close() }
    return try await reader.read(Int(reader.size), at: 0)
  }

  /// Checks that the call throws `missing`: a storage without a file says so, and never shows an empty one (MUST-5).
  static func expectMissing(_ call: () async throws(BlobError) -> some Any) async {
    do {
      _ = try await call()
      Issue.record("nothing was thrown")
    } catch {
      guard case .missing = error else {
        Issue.record("\(error) is not 'missing'")
        return
      }
    }
  }

  /// A partial file that holds the bytes.
  static func fill(_ store: any BlobStore, _ id: UploadID, _ bytes: [UInt8]) async throws {
    try await store.createPartial(id, urgency: .atOnce)
    let partial = try await store.openPartial(id, hashState: nil, urgency: .atOnce)
    defer { partial.close() }
    try partial.append(bytes, isStaged: false)
    try await partial.sync()
  }

  static let partialLaws: [BlobStoreLaw] = [
    BlobStoreLaw("a new partial file is there and empty") { store in
      #expect(try await store.partialSize(id(1)) == nil)
      try await store.createPartial(id(1), urgency: .atOnce)
      #expect(try await store.partialSize(id(1)) == 0)
      #expect(try await store.partialIDs() == [id(1)])
      let partial = try await store.openPartial(id(1), hashState: nil, urgency: .atOnce)
      defer { partial.close() }
      #expect(partial.size == 0)
      #expect(try await partial.digest() == SHA256Stream().digest())
    },
    BlobStoreLaw("a partial file is not made twice, and the first keeps its bytes") { store in
      try await fill(store, id(1), [1, 2, 3])
      await #expect(throws: BlobError.self) { try await store.createPartial(id(1), urgency: .atOnce) }
      #expect(try await store.partialSize(id(1)) == 3)
    },
    BlobStoreLaw("MUST-4 the size is that of the bytes appended, now and after opening it again") { store in
      try await store.createPartial(id(1), urgency: .atOnce)
      var expected: [UInt8] = []
      var random = SeededRandom(seed: 4)
      for round in 0..<5 {
        let partial = try await store.openPartial(id(1), hashState: nil, urgency: .atOnce)
        #expect(partial.size == Int64(expected.count))
        let chunks = (0...round).map { _ in random.bytes(random.int(0...300)) }
        for chunk in chunks { try partial.append(chunk, isStaged: false) }
        expected += chunks.joined()
        #expect(partial.size == Int64(expected.count))
        #expect(try await store.partialSize(id(1)) == Int64(expected.count))
        partial.close()
        let read = try await all(store.readPartial(id(1)))
        #expect(read == expected)
      }
    },
    BlobStoreLaw("a partial file takes in all of others, and its digest is that of the whole") { store in
      var random = SeededRandom(seed: 9)
      let (first, second) = (random.bytes(70_000), random.bytes(5))
      try await fill(store, id(1), first)
      try await fill(store, id(2), second)
      let whole = try await store.createPartial(id(3), urgency: .atOnce)
      defer { whole.close() }
      for part in [id(1), id(2), id(1)] {
        let reader = try await store.readPartial(part)
        defer { reader.close() }
        try await whole.append(contentsOf: reader, isStopped: { false })
      }
      let stopped = try await store.readPartial(id(1))
      defer { stopped.close() }
      try await whole.append(contentsOf: stopped, isStopped: { true })
      let expected = first + second + first
      #expect(whole.size == Int64(expected.count))
      #expect(try await whole.digest() == SHA256Stream.digest(of: expected))
      try await whole.sync()
      #expect(whole.durableSize == whole.size)
      #expect(try await all(store.readPartial(id(3))) == expected)
    },
    BlobStoreLaw("MUST-5 what is not stored is missing, not empty") { store in
      await expectMissing { () async throws(BlobError) in
        try await store.openPartial(id(1), hashState: nil, urgency: .atOnce)
      }
      await expectMissing { () async throws(BlobError) in try await store.readPartial(id(1)) }
      await expectMissing { () async throws(BlobError) in
        try await store.openObject(SHA256Stream().digest())
      }
      await expectMissing { () async throws(BlobError) in
        try await store.publishPartial(id(1), as: SHA256Stream().digest())
      }
      let ids = try await store.partialIDs()
      #expect(ids == [])
    },
    BlobStoreLaw("removing a partial file again, or one that never was, is done") { store in
      try await store.removePartial(id(1))
      try await fill(store, id(1), [1])
      try await fill(store, id(2), [2])
      try await store.removePartial(id(1))
      try await store.removePartial(id(1))
      #expect(try await store.partialSize(id(1)) == nil)
      #expect(try await store.partialIDs() == [id(2)])
    },
    BlobStoreLaw("every partial file is listed") { store in
      for number in 1...50 { try await store.createPartial(id(number), urgency: .atOnce) }
      #expect(Set(try await store.partialIDs()) == Set((1...50).map(id)))
    },
    BlobStoreLaw("a reader gives what there is: fewer bytes only at the end, none behind it") { store in
      var random = SeededRandom(seed: 9)
      let bytes = random.bytes(1000)
      try await fill(store, id(1), bytes)
      let reader = try await store.readPartial(id(1))
      defer { reader.close() }
      #expect(reader.size == 1000)
      #expect(try await reader.read(10, at: 0) == Array(bytes[..<10]))
      #expect(try await reader.read(100, at: 950) == Array(bytes[950...]))
      #expect(try await reader.read(100, at: 1000) == [])
      #expect(try await reader.read(100, at: 5000) == [])
      #expect(try await reader.read(0, at: 0) == [])
    },
    BlobStoreLaw("free space is not more than all space") { store in
      let space = try await store.space()
      #expect(space.free >= 0 && space.free <= space.total)
    },
  ]
}
