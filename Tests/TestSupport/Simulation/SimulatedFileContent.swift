import Foundation
import Platform

/// The bytes of one simulated file: what the processes see, and what is on the platter.
///
/// Content that is written but not synced is a list of changes; a crash keeps, drops or tears each of them.
final class SimulatedFileContent {
  enum Change {
    case write(offset: Int, bytes: [UInt8])
    case resize(Int)
  }
  static let sectorBytes = 512

  private(set) var current: [UInt8] = []
  private(set) var durable: [UInt8] = []
  private var pending: [(serial: Int, change: Change)] = []
  /// Number of the last change.
  private(set) var serial = 0
  var mode: UInt32 = 0o644
  /// `fdatasync` does not promise the mode: a crash may bring this one back.
  var earlierMode: UInt32 = 0o644
  /// Names in the running system.
  var links = 0
  var openFiles = 0

  func write(_ bytes: [UInt8], at offset: Int) {
    if bytes.isEmpty { return }
    wait(.write(offset: offset, bytes: bytes))
    Self.put(bytes[...], at: offset, into: &current)
  }

  func resize(to size: Int) {
    wait(.resize(size))
    Self.resize(&current, to: size)
  }

  private func wait(_ change: Change) {
    serial += 1
    pending.append((serial, change))
  }

  /// Makes the changes up to this number durable: those that were there when the sync began.
  func sync(upTo last: Int) {
    let count = pending.prefix { $0.serial <= last }.count
    for (_, change) in pending.prefix(count) { Self.apply(change, to: &durable) }
    pending.removeFirst(count)
  }

  /// A sync failed: the kernel calls the pages clean, so that a later sync finds nothing to do.
  ///
  /// With `isEvicted` the pages leave memory too, and reads see the platter; the size stays.
  func forget(isEvicted: Bool) {
    pending.removeAll()
    guard isEvicted else { return }
    let size = current.count
    current = durable
    Self.resize(&current, to: size)
  }

  /// What a restarted machine finds. Without `isPowerLoss` only the processes end, and nothing is lost.
  func crash(_ rules: CrashRules, _ random: inout SeededRandom) {
    openFiles = 0
    guard rules.isPowerLoss else { return }
    let fate = random.int(0...3)
    var isCut = false
    for (_, change) in pending {
      let isExtending = Self.end(of: change) > durable.count
      if isCut && isExtending && rules.isAppendOrdered { continue }
      // Half of the crashes lose all, or keep all: the plain cases.
      let roll = fate == 0 ? 0 : fate == 1 ? 9 : random.int(0...9)
      switch roll {
      case 0...3: isCut = true
      case 4...6:
        isCut = true
        tear(change, isOrdered: rules.isAppendOrdered && isExtending, &random)
      default: Self.apply(change, to: &durable)
      }
    }
    pending.removeAll()
    current = durable
    if random.int(0...1) == 0 { mode = earlierMode }
    earlierMode = mode
  }

  /// Keeps some of a write's sectors; the file's size may or may not include those that are lost.
  private func tear(_ change: Change, isOrdered: Bool, _ random: inout SeededRandom) {
    guard case .write(let offset, let bytes) = change else { return }
    var pieces: [(from: Int, to: Int)] = []
    var from = 0
    while from < bytes.count {
      let to = min(
        bytes.count, (offset + from) / Self.sectorBytes * Self.sectorBytes + Self.sectorBytes - offset)
      pieces.append((from, to))
      from = to
    }
    if isOrdered || random.int(0...1) == 0 {
      pieces = Array(pieces.prefix(random.int(0...pieces.count)))
    } else {
      pieces = pieces.filter { _ in random.int(0...1) == 0 }
      if random.int(0...1) == 0 { Self.resize(&durable, to: max(durable.count, offset + bytes.count)) }
    }
    for piece in pieces { Self.put(bytes[piece.from..<piece.to], at: offset + piece.from, into: &durable) }
  }

  private static func end(of change: Change) -> Int {
    switch change {
    case .write(let offset, let bytes): offset + bytes.count
    case .resize(let size): size
    }
  }

  private static func apply(_ change: Change, to content: inout [UInt8]) {
    switch change {
    case .write(let offset, let bytes): put(bytes[...], at: offset, into: &content)
    case .resize(let size): resize(&content, to: size)
    }
  }

  private static func resize(_ content: inout [UInt8], to size: Int) {
    if size <= content.count {
      content.removeLast(content.count - size)
    } else {
      content += [UInt8](unsafeUninitializedCapacity: size - content.count) { buffer, filled in
        filled = size - content.count
        if let start = buffer.baseAddress { memset(start, 0, filled) }
      }
    }
  }

  private static func put(_ bytes: ArraySlice<UInt8>, at offset: Int, into content: inout [UInt8]) {
    if offset == content.count {
      content += bytes
      return
    }
    if offset + bytes.count > content.count { resize(&content, to: offset + bytes.count) }
    content.withUnsafeMutableBytes { target in
      bytes.withUnsafeBytes { target[offset..<(offset + bytes.count)].copyBytes(from: $0) }
    }
  }
}

/// What a crash may do to what was not synced.
package struct CrashRules: Sendable {
  /// False: only the processes end; the kernel keeps what they wrote.
  package var isPowerLoss: Bool
  /// True: a file's new size never shows before its new bytes, so that what an append leaves is a prefix of it, as
  /// docs/storage-format.md asks of the file system. False: a lost write may leave a hole of zeros.
  package var isAppendOrdered: Bool

  package init(isPowerLoss: Bool, isAppendOrdered: Bool) {
    self.isPowerLoss = isPowerLoss
    self.isAppendOrdered = isAppendOrdered
  }
}
