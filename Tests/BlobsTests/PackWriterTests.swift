import Blobs
import Platform
import TestSupport
import Testing
import Vocabulary

@Suite struct PackWriterTests {
  private let content = Array("small content".utf8)
  private var digest: Digest { SHA256Stream.digest(of: content) }

  private func packs(_ fixture: DiskFixture) throws -> [String] {
    try fixture.temporary.files().filter { $0.hasPrefix("packs/") }
  }

  @Test("a pack that could not be begun leaves no file, whatever call of it fails", arguments: 1...4)
  func begin(call: Int) async throws {
    for kind in [FileError.Kind.full, .other] {
      let fixture = try DiskFixture()
      for _ in 0..<5 {
        fixture.files.fail(call: call, kind: kind)
        #expect(await fails { _ = try await fixture.store.putSmall(content, digest: digest) })
        #expect(fixture.files.wasHit)
        fixture.files.heal()
        #expect(try packs(fixture).isEmpty)
      }
      _ = try await fixture.store.putSmall(content, digest: digest)
      #expect(try packs(fixture).count == 1)
    }
  }

  @Test("packs do not pile up while the writes or syncs of their first content fail", arguments: [5, 6])
  func firstContent(call: Int) async throws {
    let fixture = try DiskFixture()
    for _ in 0..<5 {
      fixture.files.fail(call: call)
      #expect(await fails { _ = try await fixture.store.putSmall(content, digest: digest) })
      #expect(fixture.files.wasHit)
      fixture.files.heal()
      #expect(try packs(fixture).isEmpty)
    }
  }

  @Test("while the disk is full the pack stays as it was, and takes content again when there is room")
  func full() async throws {
    let fixture = try DiskFixture()
    let first = try await fixture.store.putSmall(content, digest: digest)
    let before = try fixture.temporary.listing()
    for _ in 0..<5 {
      fixture.files.fail(call: 1, kind: .full)
      #expect(await fails { _ = try await fixture.store.putSmall(content, digest: digest) })
      #expect(fixture.files.wasHit)
      #expect(try fixture.temporary.listing() == before)
    }
    fixture.files.heal()
    let second = try await fixture.store.putSmall(content, digest: digest)
    #expect(second.pack == first.pack)
    #expect(second.offset == first.offset + first.length + Int64(PackFormat.headBytes))
  }

  @Test("MUST-1 after a failed sync a pack takes no more, and keeps what it had")
  func failedSync() async throws {
    let fixture = try DiskFixture()
    let first = try await fixture.store.putSmall(content, digest: digest)
    fixture.files.fail(call: 2)
    #expect(await fails { _ = try await fixture.store.putSmall(content, digest: digest) })
    #expect(fixture.files.wasHit)
    fixture.files.heal()
    let next = try await fixture.store.putSmall(content, digest: digest)
    #expect(next.pack != first.pack)
    let bytes = try fixture.temporary.bytes(of: "packs/\(first.pack)")
    #expect(Array(bytes.dropFirst(Int(first.offset)).prefix(content.count)) == content)
    #expect(try fixture.temporary.listing()["packs/\(first.pack)"]?.hasPrefix("file 444") == true)
  }
}
