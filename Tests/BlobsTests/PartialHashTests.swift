import Blobs
import Platform
import TestSupport
import Testing
import Vocabulary

@Suite struct PartialHashTests {
  /// One thread that only works when it is told to, in the order of arrival.
  private final class QueuedExecutor: IOExecutor {
    private let waiting = Locked<[@Sendable () -> Void]>([])

    func submit(_ work: @escaping @Sendable () -> Void) { waiting.withLock { $0.append(work) } }

    func runAll() {
      while let work = waiting.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) { work() }
    }
  }

  private func store(_ fixture: DiskFixture, hasher: QueuedExecutor) -> DiskBlobStore {
    DiskBlobStore(
      layout: DiskLayout(root: fixture.temporary.path), files: fixture.files, executor: TestThreads.executor,
      hashers: DiskHashers(urgent: hasher, patient: hasher), index: NoExtents(), clock: ManualClock(),
      entropy: SeededEntropy(seed: 1), isSynced: true)
  }

  @Test("hashes take turns: a file of many bytes lets others go on in between")
  func turns() async throws {
    let fixture = try DiskFixture()
    let hasher = QueuedExecutor()
    let store = store(fixture, hasher: hasher)
    let mebibyte = 1 << 20
    let large = try await store.createPartial(id(1), urgency: .whenIdle)
    let short = try await store.createPartial(id(2), urgency: .whenIdle)
    defer {
      large.close()
      short.close()
    }
    try large.append([UInt8](repeating: 1, count: 3 * mebibyte), isStaged: false)
    try short.append([UInt8](repeating: 2, count: mebibyte), isStaged: false)
    fixture.files.heal()
    hasher.runAll()
    let turn = { (number: Int) in [String](repeating: "read \(partialName(id(number)))", count: 4) }
    #expect(fixture.files.trace == turn(1) + turn(2) + turn(1) + turn(1))
    // All of it is hashed by now: who asks need not wait for the thread.
    #expect(
      try await large.digest() == SHA256Stream.digest(of: [UInt8](repeating: 1, count: 3 * mebibyte)))
  }

  @Test("MUST-4 a hash that was saved goes back with the bytes that are cut off")
  func cut() async throws {
    let fixture = try DiskFixture()
    let hasher = QueuedExecutor()
    let mebibyte = 1 << 20
    let partial = try await store(fixture, hasher: hasher).createPartial(id(1), urgency: .atOnce)
    defer { partial.close() }
    try partial.append([UInt8](repeating: 1, count: 2 * mebibyte), isStaged: false)
    hasher.runAll()
    try await partial.sync()
    #expect(partial.hash.byteCount == Int64(2 * mebibyte))
    try await partial.truncate(to: Int64(mebibyte))
    #expect(partial.hash.byteCount <= Int64(mebibyte))
    try partial.append([UInt8](repeating: 3, count: mebibyte), isStaged: false)
    try await partial.sync()
    hasher.runAll()
    let content = [UInt8](repeating: 1, count: mebibyte) + [UInt8](repeating: 3, count: mebibyte)
    #expect(try await partial.digest() == SHA256Stream.digest(of: content))
  }

  @Test("MUST-5 the first sync makes the name durable, also of a partial file without a byte")
  func durableName() async throws {
    let fixture = try DiskFixture()
    for number in 1...2 {
      let partial = try await fixture.store.createPartial(id(number), urgency: .atOnce)
      defer { partial.close() }
      if number == 2 {
        try partial.append([1, 2, 3], isStaged: true)
        try await partial.truncate(to: 0)
      }
      try await partial.sync()
      #expect(fixture.files.trace.last == "fsync-folder \(partialName(id(number)).dropLast(27))")
    }
  }
}
