import TestSupport
import Testing
import Uploads
import Vocabulary

@Suite struct UploadMachineTests {
  private let id = UploadID(milliseconds: 1, random: Array(repeating: 7, count: 10))

  private func machine(
    _ state: UploadState = .receiving, length: Int64? = 100, offset: Int64 = 40, maximum: Int64 = 1000
  ) -> UploadMachine {
    UploadMachine(id: id, state: state, length: length, offset: offset, maximumBytes: maximum)
  }

  private func refusal(_ beginning: UploadMachine.Beginning) -> Problem? {
    if case .refuse(let error) = beginning { error.problem } else { nil }
  }

  @Test(
    "T-10 an append at another offset is refused and changes nothing", arguments: [0, 39, 41, 100, Int64.max])
  func wrongOffset(offset: Int64) {
    var machine = machine()
    guard case .refuse(let error) = machine.begin(AppendIntent(offset: offset)) else {
      Issue.record("not refused")
      return
    }
    #expect(error.problem == .offsetMismatch)
    #expect(error.members["expected-offset"] == .integer(40))
    #expect(error.members["provided-offset"] == .integer(offset))
    #expect(machine.offset == 40)
  }

  @Test(
    "T-12 an ended upload takes no bytes",
    arguments: [(UploadState.cancelled, Problem.gone), (.expired, .gone), (.rejected, .uploadRejected)])
  func ended(state: UploadState, problem: Problem) {
    var machine = machine(state)
    #expect(refusal(machine.begin(AppendIntent(offset: 40))) == problem)
  }

  @Test("a finished upload acknowledges an empty append at its end and refuses more bytes")
  func finished() {
    var machine = machine(.verified, offset: 100)
    guard case .acknowledge = machine.begin(AppendIntent(offset: 100, contentLength: 0)) else {
      Issue.record("not acknowledged")
      return
    }
    #expect(refusal(machine.begin(AppendIntent(offset: 100, contentLength: 1))) == .tooLarge)
  }

  @Test("T-21 the length can be stated once, again with the same value, and never another")
  func deferredLength() {
    var machine = machine(length: nil)
    #expect(refusal(machine.begin(AppendIntent(offset: 40, length: 39))) == .inconsistentLength)
    #expect(refusal(machine.begin(AppendIntent(offset: 40, length: 1001))) == .tooLarge)
    #expect(refusal(machine.begin(AppendIntent(offset: 40, length: 60))) == nil)
    #expect(machine.length == 60)
    #expect(refusal(machine.begin(AppendIntent(offset: 40, length: 60))) == nil)
    #expect(refusal(machine.begin(AppendIntent(offset: 40, length: 61))) == .inconsistentLength)
  }

  @Test("T-22 stating the length that is there already finishes the upload")
  func completionByLength() {
    var machine = machine(length: nil)
    #expect(refusal(machine.begin(AppendIntent(offset: 40, length: 40))) == nil)
    guard case .finish = machine.end(.clean) else {
      Issue.record("not finished")
      return
    }
  }

  @Test(
    "T-17 a body that announces too much is refused before it is read", arguments: [Int64?.some(100), nil])
  func announcedOverflow(length: Int64?) {
    var machine = machine(length: length, maximum: 100)
    #expect(refusal(machine.begin(AppendIntent(offset: 40, contentLength: 61))) == .tooLarge)
    #expect(refusal(machine.begin(AppendIntent(offset: 40, contentLength: 60))) == nil)
  }

  @Test("B-14 a body that turns out too long is cut back to where it began and never completes the upload")
  func overflow() {
    var machine = machine()
    _ = machine.begin(AppendIntent(offset: 40))
    #expect(machine.store(byteCount: 60) == .store)
    #expect(machine.isFull)
    #expect(machine.store(byteCount: 1) == .overflow)
    guard case .rollBack(let offset, let error) = machine.end(.overflow) else {
      Issue.record("not rolled back")
      return
    }
    #expect(offset == 40)
    #expect(error?.problem == .tooLarge)
    #expect(machine.offset == 40)
  }

  @Test("T-13 an interrupted append keeps what was stored")
  func interrupted() {
    var machine = machine()
    _ = machine.begin(AppendIntent(offset: 40))
    _ = machine.store(byteCount: 30)
    guard case .keep = machine.end(.interrupted) else {
      Issue.record("not kept")
      return
    }
    #expect(machine.offset == 70)
  }

  @Test(
    "T-52 an interrupted append with a checksum keeps nothing",
    arguments: [UploadMachine.BodyEnd.interrupted, .failed])
  func interruptedChecksum(end: UploadMachine.BodyEnd) throws {
    var machine = machine()
    let checksum = try #require(Checksum(algorithm: .crc32, bytes: [1, 2, 3, 4]))
    guard case .receive(let isStaged) = machine.begin(AppendIntent(offset: 40, checks: .checksum(checksum)))
    else {
      Issue.record("not received")
      return
    }
    #expect(isStaged)
    _ = machine.store(byteCount: 60)
    guard case .rollBack(40, nil) = machine.end(end) else {
      Issue.record("not rolled back")
      return
    }
    #expect(machine.offset == 40)
  }

  @Test("T-51 a chunk with another checksum is discarded, the offset is as before")
  func checksumMismatch() throws {
    var machine = machine()
    let checksum = try #require(Checksum(algorithm: .crc32, bytes: [1, 2, 3, 4]))
    _ = machine.begin(AppendIntent(offset: 40, checks: .checksum(checksum)))
    _ = machine.store(byteCount: 60)
    guard case .rollBack(40, let error) = machine.end(.clean, checksumMatches: false) else {
      Issue.record("not rolled back")
      return
    }
    #expect(error?.problem == .checksumMismatch)
  }

  @Test("the offset is the sum of what was stored, for any split of a body", arguments: 0..<20)
  func splits(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var machine = machine(length: 10_000, offset: 0, maximum: 10_000)
    _ = machine.begin(AppendIntent(offset: 0))
    var rest = 10_000
    while rest > 0 {
      let part = Int.random(in: 1...min(rest, 999), using: &random)
      #expect(machine.store(byteCount: part) == .store)
      rest -= part
    }
    #expect(machine.isFull)
    guard case .finish = machine.end(.clean) else {
      Issue.record("not finished")
      return
    }
  }
}
