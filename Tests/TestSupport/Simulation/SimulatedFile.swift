import Platform

/// An open file of a `SimulatedDisk`.
final class SimulatedFile: OpenFile, @unchecked Sendable {
  // Sendable because a simulation runs on one thread.
  private let content: SimulatedFileContent
  private let path: String
  private let isWritable: Bool
  private let system: SimulatedFileSystem
  private var isOpen = true
  private var disk: SimulatedDisk { system.disk }

  init(_ content: SimulatedFileContent, _ path: String, _ mode: OpenMode, _ system: SimulatedFileSystem) {
    self.content = content
    self.path = path
    self.system = system
    isWritable = mode != .read
    content.openFiles += 1
  }
  deinit { close() }

  func write(_ chunks: [any ByteChunk], at offset: Int64) throws(FileError) {
    var bytes: [UInt8] = []
    for chunk in chunks { chunk.withUnsafeBytes { bytes.append(contentsOf: $0) } }
    let fault = try enter("pwrite", "\(offset)+\(bytes.count)", isSlowInside: true)
    guard isWritable else { throw SimulatedDisk.error(.other, "pwrite", path, "not open for writing") }
    switch fault {
    case .full, .failed:
      // How much was stored before the fault is nobody's to know.
      try store(bytes.prefix(disk.random.int(0...bytes.count)), at: Int(offset))
      throw SimulatedDisk.injected(fault ?? .failed, "pwrite", path)
    case .slow:
      let half = bytes.count / 2
      try store(bytes.prefix(half), at: Int(offset))
      disk.whileSlow()
      try disk.requireRunning(system.mount, "pwrite", path)
      try store(bytes.dropFirst(half), at: Int(offset) + half)
    case .crash, nil: try store(bytes[...], at: Int(offset))
    }
  }

  /// Stores what there is room for.
  private func store(_ bytes: ArraySlice<UInt8>, at offset: Int) throws(FileError) {
    let growth = max(0, offset + bytes.count - content.current.count)
    do throws(FileError) {
      try disk.account(growth, "pwrite", path)
    } catch {
      let room = Int(max(0, disk.capacity - disk.usedBytes))
      let fitting = bytes.prefix(max(0, min(bytes.count, content.current.count + room - offset)))
      try disk.account(max(0, offset + fitting.count - content.current.count), "pwrite", path)
      content.write(Array(fitting), at: offset)
      throw error
    }
    content.write(Array(bytes), at: offset)
  }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(FileError) -> Int {
    try enterOrThrow("pread")
    guard offset < content.current.count else { return 0 }
    let count = min(buffer.count, content.current.count - Int(offset))
    content.current.withUnsafeBytes { bytes in
      buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[Int(offset)..<(Int(offset) + count)]))
    }
    return count
  }

  func size() throws(FileError) -> Int64 {
    try enterOrThrow("fstat")
    return Int64(content.current.count)
  }

  func truncate(to size: Int64) throws(FileError) {
    try enterOrThrow("ftruncate", "\(size)")
    guard isWritable else { throw SimulatedDisk.error(.other, "ftruncate", path, "not open for writing") }
    try disk.account(Int(size) - content.current.count, "ftruncate", path)
    content.resize(to: Int(size))
  }

  func sync() throws(FileError) {
    // What another thread writes while this call runs is not promised.
    let last = content.serial
    if let fault = try enter("fdatasync") {
      disk.failedSyncs += 1
      switch disk.random.int(0...2) {
      case 0: break
      case 1: content.forget(isEvicted: false)
      default: content.forget(isEvicted: true)
      }
      throw SimulatedDisk.injected(fault, "fdatasync", path)
    }
    content.sync(upTo: last)
  }

  func linkCount() throws(FileError) -> Int {
    try enterOrThrow("fstat")
    return content.links
  }

  func setPermissions(_ mode: UInt32) throws(FileError) {
    try enterOrThrow("fchmod")
    content.mode = mode
  }

  func close() {
    guard isOpen else { return }
    isOpen = false
    guard system.mount == disk.mount else { return }
    content.openFiles -= 1
    disk.reclaim(content)
  }

  private func enter(
    _ call: String, _ details: String = "", isSlowInside: Bool = false
  ) throws(FileError) -> FaultPlan.Fault? {
    precondition(isOpen, "\(call) on a closed file: \(path)")
    return try disk.enter(call, path, details, mount: system.mount, isSlowInside: isSlowInside)
  }

  private func enterOrThrow(_ call: String, _ details: String = "") throws(FileError) {
    if let fault = try enter(call, details) { throw SimulatedDisk.injected(fault, call, path) }
  }
}
