import Platform

/// Records every call to another file system, and lets a chosen one fail.
///
/// Faults it stands for: a call that fails and changes nothing (EIO, ENOSPC), a write that stores only a part of its
/// bytes, and, with `isLasting`, a process that ends: from the fault on nothing reaches the disk any more.
/// Faults it does not stand for: loss of what was written but not synced.
package final class FaultyFileSystem: FileSystem {
  /// `call path`, as `fsync objects/ab`; paths are relative to the folder.
  private struct State {
    var trace: [String] = []
    var count = 0
    var failing: Int?
    var isLasting = false
    var kind = FileError.Kind.other
    var wasHit = false
  }
  private let base: any FileSystem
  private let root: String
  /// Stays as long as somebody uses its files.
  private let folder: TemporaryFolder
  private let state = Locked(State())

  package init(_ base: any FileSystem = LinuxFileSystem(), in folder: TemporaryFolder) {
    self.base = base
    self.folder = folder
    root = folder.path
  }

  /// Lets the `number`-th call from now on (1 is the next) fail; with `isLasting` all later ones too.
  package func fail(call number: Int, kind: FileError.Kind = .other, isLasting: Bool = false) {
    state.withLock {
      $0 = State(failing: number, isLasting: isLasting, kind: kind)
    }
  }
  /// No call fails from now on, and the trace is empty.
  package func heal() { state.withLock { $0 = State() } }
  /// True when a call failed since `fail`.
  package var wasHit: Bool { state.withLock { $0.wasHit } }
  /// The calls since the start, `fail` or `heal`.
  package var trace: [String] { state.withLock { $0.trace } }

  fileprivate func enter(_ call: String, _ path: String) throws(FileError) {
    let short = path.hasPrefix(root + "/") ? String(path.dropFirst(root.count + 1)) : path
    let kind: FileError.Kind? = state.withLock { state in
      state.count += 1
      state.trace.append("\(call) \(short == root ? "." : short)")
      guard let failing = state.failing, state.count == failing || state.isLasting && state.count > failing
      else { return nil }
      state.wasHit = true
      return state.kind
    }
    if let kind {
      throw FileError(kind: kind, call: call, path: short, code: 5, explanation: "injected fault")
    }
  }

  package func open(_ path: String, _ mode: OpenMode) throws(FileError) -> any OpenFile {
    try enter("open-\(mode)", path)
    return FaultyFile(try base.open(path, mode), path: path, owner: self)
  }
  package func size(_ path: String) throws(FileError) -> Int64? {
    try enter("lstat", path)
    return try base.size(path)
  }
  package func list(_ folder: String) throws(FileError) -> [String] {
    try enter("list", folder)
    return try base.list(folder)
  }
  package func makeFolder(_ path: String) throws(FileError) {
    try enter("mkdir", path)
    try base.makeFolder(path)
  }
  package func rename(_ old: String, to new: String) throws(FileError) {
    try enter("rename", new)
    try base.rename(old, to: new)
  }
  package func link(_ old: String, to new: String) throws(FileError) {
    try enter("link", new)
    try base.link(old, to: new)
  }
  package func remove(_ path: String) throws(FileError) {
    try enter("unlink", path)
    try base.remove(path)
  }
  package func syncFolder(_ path: String) throws(FileError) {
    try enter("fsync-folder", path)
    try base.syncFolder(path)
  }
  package func space(_ path: String) throws(FileError) -> (free: Int64, total: Int64) {
    try enter("statvfs", path)
    return try base.space(path)
  }
}

private final class FaultyFile: OpenFile {
  private let base: any OpenFile
  private let path: String
  private let owner: FaultyFileSystem

  init(_ base: any OpenFile, path: String, owner: FaultyFileSystem) {
    self.base = base
    self.path = path
    self.owner = owner
  }

  func write(_ chunks: [any ByteChunk], at offset: Int64) throws(FileError) {
    do throws(FileError) {
      try owner.enter("write", path)
    } catch {
      let bytes = chunks.flatMap { $0.withUnsafeBytes(Array.init) }
      try base.write([Array(bytes.prefix(bytes.count / 2))], at: offset)
      throw error
    }
    try base.write(chunks, at: offset)
  }
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(FileError) -> Int {
    try owner.enter("read", path)
    return try base.read(into: buffer, at: offset)
  }
  func size() throws(FileError) -> Int64 {
    try owner.enter("fstat", path)
    return try base.size()
  }
  func truncate(to size: Int64) throws(FileError) {
    try owner.enter("truncate", path)
    try base.truncate(to: size)
  }
  func sync() throws(FileError) {
    try owner.enter("fsync", path)
    try base.sync()
  }
  func linkCount() throws(FileError) -> Int {
    try owner.enter("fstat", path)
    return try base.linkCount()
  }
  func setPermissions(_ mode: UInt32) throws(FileError) {
    try owner.enter("chmod", path)
    try base.setPermissions(mode)
  }
  func close() { base.close() }
}
