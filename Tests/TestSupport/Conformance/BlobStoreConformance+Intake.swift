import Blobs
import Platform
import Testing
import Vocabulary

extension BlobStoreConformance {
  static let intakeLaws: [BlobStoreLaw] = [
    BlobStoreLaw("an object made of a file in steps has the digest and the bytes of all of them") { store in
      let (folder, bytes) = (try TemporaryFolder(), SeededRandom.bytes(300_000, seed: 4))
      let file = try file(folder, bytes)
      let intake = try await store.makeIntake()
      for offset in stride(from: Int64(0), to: 300_000, by: 70_000) {
        let count = min(70_000, 300_000 - offset)
        #expect(try await intake.take(count, of: file, from: offset, on: TestThreads.executor) == count)
      }
      #expect(try await intake.take(10, of: file, from: 300_000, on: TestThreads.executor) == 0)
      let digest = try await intake.finish()
      await intake.cancel()
      #expect(digest == SHA256Stream.digest(of: bytes))
      #expect(try await all(store.openObject(digest)) == bytes)
    },
    BlobStoreLaw(
      "the name of an object made of a file is that of the stored bytes, whatever becomes of the file"
    ) {
      store in
      let (folder, bytes) = (try TemporaryFolder(), SeededRandom.bytes(50_000, seed: 5))
      let file = try file(folder, bytes)
      let intake = try await store.makeIntake()
      #expect(try await intake.take(50_000, of: file, from: 0, on: TestThreads.executor) == 50_000)
      try file.write([[UInt8](repeating: 0, count: 50_000)], at: 0)
      let digest = try await intake.finish()
      #expect(digest == SHA256Stream.digest(of: bytes))
      #expect(try await all(store.openObject(digest)) == bytes)
    },
    BlobStoreLaw("MUST-2 what is not finished is no object, and what is stored already stays as it is") {
      store in
      let (folder, bytes) = (try TemporaryFolder(), SeededRandom.bytes(5000, seed: 6))
      let file = try file(folder, bytes)
      let digest = SHA256Stream.digest(of: bytes)
      let cancelled = try await store.makeIntake()
      #expect(try await cancelled.take(5000, of: file, from: 0, on: TestThreads.executor) == 5000)
      #expect(try await cancelled.digest() == digest)
      await cancelled.cancel()
      await expectMissing { () async throws(BlobError) in try await store.openObject(digest) }
      for _ in 0..<2 {
        let intake = try await store.makeIntake()
        _ = try await intake.take(5000, of: file, from: 0, on: TestThreads.executor)
        #expect(try await intake.finish() == digest)
      }
      #expect(try await all(store.openObject(digest)) == bytes)
    },
  ]

  private static func file(_ folder: TemporaryFolder, _ bytes: [UInt8]) throws -> any OpenFile {
    try folder.write(bytes, to: "file")
    return try LinuxFileSystem().open(folder.child("file"), .readWrite)
  }
}

extension SeededRandom {
  fileprivate static func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
    var random = SeededRandom(seed: seed)
    return random.bytes(count)
  }
}
