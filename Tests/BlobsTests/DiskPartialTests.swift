import Blobs
import Platform
import TestSupport
import Testing
import Vocabulary

@Suite struct DiskPartialTests {
  @Test(
    "B-12 a failed append leaves the size at what is known, and its rest is cut off",
    arguments: [FileError.Kind.full, .other])
  func failedAppend(kind: FileError.Kind) async throws {
    let fixture = try DiskFixture()
    try await fixture.fill(id(1), [1, 2, 3])
    let partial = try await fixture.store.openPartial(id(1), hashState: nil, urgency: .atOnce)
    defer { partial.close() }
    _ = try await partial.digest()
    fixture.files.fail(call: 1, kind: kind)
    let error = #expect(throws: BlobError.self) {
      try partial.append([9, 9, 9, 9] as [UInt8], isStaged: false)
    }
    if kind == .full {
      guard case .full = error else {
        Issue.record("\(String(describing: error)) is not 'full'")
        return
      }
    }
    #expect(partial.size == 3)
    // The fault stored half of the chunk, which was cut off again.
    #expect(try fixture.temporary.bytes(of: partialName(id(1))) == [1, 2, 3])
    fixture.files.heal()
    try partial.append([4] as [UInt8], isStaged: false)
    try partial.append([5] as [UInt8], isStaged: false)
    #expect(partial.size == 5)
    #expect(try await partial.digest() == SHA256Stream.digest(of: [1, 2, 3, 4, 5]))
  }

  @Test("MUST-4 after a failed append and a restart the size is the file's, and the digest that of its bytes")
  func restartAfterFailure() async throws {
    let fixture = try DiskFixture()
    try await fixture.fill(id(1), [1, 2, 3])
    let partial = try await fixture.store.openPartial(id(1), hashState: nil, urgency: .atOnce)
    _ = try await partial.digest()
    let saved = partial.hash.state
    fixture.files.fail(call: 1, isLasting: true)
    #expect(throws: BlobError.self) { try partial.append([4, 5, 6, 7] as [UInt8], isStaged: false) }
    partial.close()
    fixture.files.heal()
    let next = try await fixture.reopened().openPartial(id(1), hashState: saved, urgency: .atOnce)
    defer { next.close() }
    #expect(next.size == 5)
    #expect(try await next.digest() == SHA256Stream.digest(of: [1, 2, 3, 4, 5]))
  }

  /// A partial file of five bytes, of which three are durable.
  private func halfSynced(_ fixture: DiskFixture) async throws -> any PartialBlob {
    try await fixture.store.createPartial(id(1), urgency: .atOnce)
    let partial = try await fixture.store.openPartial(id(1), hashState: nil, urgency: .atOnce)
    try partial.append([1, 2, 3] as [UInt8], isStaged: false)
    try await partial.sync()
    try partial.append([4, 5] as [UInt8], isStaged: false)
    return partial
  }

  @Test(
    "MUST-1 what a failed sync did not make durable does not count any more; a failed cut changes nothing")
  func failedSync() async throws {
    let fixture = try DiskFixture()
    let partial = try await halfSynced(fixture)
    defer { partial.close() }
    fixture.files.fail(call: 1)
    await #expect(throws: BlobError.self) { try await partial.sync() }
    fixture.files.heal()
    #expect(partial.size == 3)
    #expect(try await partial.digest() == SHA256Stream.digest(of: [1, 2, 3]))
    fixture.files.fail(call: 1)
    await #expect(throws: BlobError.self) { try await partial.truncate(to: 1) }
    fixture.files.heal()
    #expect(partial.size == 3)
    #expect(try await partial.digest() == SHA256Stream.digest(of: [1, 2, 3]))
  }

  @Test("MUST-1 a sync of a long request that failed is not made good by the next one, which succeeds")
  func failedCheckpoint() async throws {
    let fixture = try DiskFixture()
    let partial = try await halfSynced(fixture)
    defer { partial.close() }
    fixture.files.fail(call: 1)
    partial.checkpoint()
    while !fixture.files.wasHit { await Task.yield() }
    fixture.files.heal()
    // Waits for its turn, and cuts nothing.
    try await partial.truncate(to: 5)
    partial.checkpoint()
    await #expect(throws: BlobError.self) { try await partial.sync() }
    #expect(partial.size == 3 && partial.durableSize == 3)
    #expect(try fixture.temporary.bytes(of: partialName(id(1))) == [1, 2, 3])
  }

  @Test("MUST-1 with durability 'synced' what was appended is synced, and so is a cut")
  func syncing() async throws {
    for isSynced in [true, false] {
      let fixture = try DiskFixture(isSynced: isSynced)
      try await fixture.store.createPartial(id(1), urgency: .atOnce)
      let partial = try await fixture.store.openPartial(id(1), hashState: nil, urgency: .atOnce)
      defer { partial.close() }
      fixture.files.heal()
      try partial.append([1, 2, 3] as [UInt8], isStaged: false)
      try await partial.sync()
      try await partial.truncate(to: 1)
      let name = partialName(id(1))
      let sync = isSynced ? ["fsync \(name)"] : []
      let syncName = isSynced ? ["fsync-folder \(name.dropLast(27))"] : []
      #expect(
        fixture.files.trace == ["write \(name)"] + sync + syncName + [
          "fstat \(name)", "fstat \(name)", "truncate \(name)",
        ] + sync)
    }
  }

  @Test("MUST-4 bytes that the saved hash covers are not read again")
  func noReading() async throws {
    let fixture = try DiskFixture()
    try await fixture.store.createPartial(id(1), urgency: .atOnce)
    let partial = try await fixture.store.openPartial(id(1), hashState: nil, urgency: .atOnce)
    for _ in 0..<10 { try partial.append([UInt8](repeating: 1, count: 1000), isStaged: false) }
    _ = try await partial.digest()
    try await partial.sync()
    let state = partial.hash.state
    partial.close()
    fixture.files.heal()
    let next = try await fixture.reopened().openPartial(id(1), hashState: state, urgency: .atOnce)
    defer { next.close() }
    #expect(try await next.digest() == SHA256Stream.digest(of: [UInt8](repeating: 1, count: 10_000)))
    #expect(fixture.files.trace.filter { $0.hasPrefix("read") } == [])
  }

  @Test("MUST-5 a file that lost bytes behind an open upload is a fault, not a shorter upload")
  func shortened() async throws {
    let fixture = try DiskFixture()
    try await fixture.fill(id(1), [UInt8](repeating: 1, count: 100))
    let partial = try await fixture.store.openPartial(id(1), hashState: nil, urgency: .atOnce)
    defer { partial.close() }
    let other = try await fixture.reopened().openPartial(id(1), hashState: nil, urgency: .atOnce)
    try await other.truncate(to: 50)
    other.close()
    await #expect(throws: BlobError.self) { try await partial.digest() }
  }
}
