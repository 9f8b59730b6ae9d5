import Platform

/// A disk in memory that loses what was not synced, and on which any call can go wrong.
///
/// Survives for sure: what `sync` of a file returned for (its bytes and its size), and the names in a folder that
/// `syncFolder` returned for. A crash with loss of power keeps, drops or tears at 512 bytes every other write, keeps or
/// drops every other truncation, name, and mode; names also go with the name of their folder. The end of the processes
/// alone loses nothing.
///
/// Faults, from the plan: a full disk, an input/output error (a write may have stored a part in both cases), a failing
/// sync after which the file's bytes wait as before, or are called clean without being on the platter, or are gone from
/// memory too, and slow calls. A failing sync of a folder leaves its names waiting.
package final class SimulatedDisk: @unchecked Sendable {
  // Sendable because a simulation runs on one thread.
  let tree = SimulatedFolderTree()
  let plan: FaultPlan
  let trace: SimulationTrace
  var random: SeededRandom
  /// Bytes that all files together may have.
  package var capacity: Int64
  /// Run while a call is slow: lets other threads get ahead.
  package var whileSlow: () -> Void = {}
  /// Called when the plan stops the machine; from then on every call of the mounted file system fails.
  package var onCrash: () -> Void = {}
  /// Syncs that failed: each may have lost bytes or names.
  package internal(set) var failedSyncs = 0
  private(set) var mount = 0
  private(set) var usedBytes: Int64 = 0

  package init(seed: UInt64, plan: FaultPlan, trace: SimulationTrace, capacity: Int64 = 1 << 40) {
    random = SeededRandom(seed: seed)
    self.plan = plan
    self.trace = trace
    self.capacity = capacity
  }

  /// The disk as the processes of one life see it; what an earlier one opened fails from now on.
  package func open() -> SimulatedFileSystem {
    mount += 1
    return SimulatedFileSystem(disk: self, mount: mount)
  }

  /// Stops the machine in the middle of what it does: every call fails until the disk is opened again.
  package func stop() {
    mount += 1
    onCrash()
  }

  /// Ends the processes that use the disk, and with `rules.isPowerLoss` loses what may be lost.
  package func crash(_ rules: CrashRules) {
    mount += 1
    trace.note("crash power=\(rules.isPowerLoss) ordered=\(rules.isAppendOrdered)")
    var seen: Set<ObjectIdentifier> = []
    var files: [SimulatedFileContent] = []
    tree.visitFiles { if seen.insert(ObjectIdentifier($0)).inserted { files.append($0) } }
    if rules.isPowerLoss { tree.crash(&random) }
    // Files whose names come back with the crash are lost content too: they are visited with the others.
    tree.visitFiles { if seen.insert(ObjectIdentifier($0)).inserted { files.append($0) } }
    for file in files {
      file.crash(rules, &random)
      file.links = 0
    }
    tree.visitFiles { $0.links += 1 }
    usedBytes = files.filter { $0.links > 0 }.reduce(0) { $0 + Int64($1.current.count) }
  }

  /// The bytes that are at `path` after any crash, nil when there may be no such file.
  package func durableBytes(_ path: String) -> [UInt8]? {
    guard case .file(let file) = tree.node(path, isDurable: true) else { return nil }
    return file.durable
  }

  /// The bytes at `path` as processes see them; no call, and no fault.
  package func bytes(_ path: String) -> [UInt8]? {
    guard case .file(let file) = tree.node(path) else { return nil }
    return file.current
  }

  /// Paths of all files below the folder as processes see them, sorted; no call, and no fault.
  package func paths(below folder: String) -> [String] { tree.paths(below: folder) }

  /// Counts a call and lets it be slow, fail or stop the machine. A `.full` or `.failed` fault is the caller's to carry
  /// out, as it may do a part first.
  ///
  /// With `isSlowInside` the caller runs `whileSlow` in the middle of its work.
  func enter(
    _ call: String, _ path: String, _ details: String, mount: Int, isSlowInside: Bool = false
  ) throws(FileError) -> FaultPlan.Fault? {
    try requireRunning(mount, call, path)
    let fault = plan.next()
    trace.note("\(call) \(path) \(details)\(fault.map { " !\($0)" } ?? "")")
    switch fault {
    case .crash:
      stop()
      throw Self.error(.other, call, path, "the machine has stopped")
    case .slow:
      if isSlowInside { return fault }
      whileSlow()
      // Another thread's call may have stopped the machine in the meantime.
      try requireRunning(mount, call, path)
      return nil
    case .full, .failed, nil: return fault
    }
  }

  /// Throws when the machine has stopped since the file system was mounted.
  func requireRunning(_ mount: Int, _ call: String, _ path: String) throws(FileError) {
    guard mount == self.mount else { throw Self.error(.other, call, path, "the machine has stopped") }
  }

  /// Changes a file's size on the books; throws when the disk has no room for it.
  func account(_ growth: Int, _ call: String, _ path: String) throws(FileError) {
    guard growth <= 0 || usedBytes + Int64(growth) <= capacity else {
      throw Self.error(.full, call, path, "no space left on the simulated disk")
    }
    usedBytes += Int64(growth)
  }

  /// Gives back the space of a file that has neither a name nor a user.
  func reclaim(_ file: SimulatedFileContent) {
    if file.links == 0 && file.openFiles == 0 { usedBytes -= Int64(file.current.count) }
  }

  static func error(_ kind: FileError.Kind, _ call: String, _ path: String, _ why: String) -> FileError {
    let code: Int32 =
      switch kind {
      case .notFound: 2
      case .other: 5
      case .denied: 13
      case .exists: 17
      case .full: 28
      }
    return FileError(kind: kind, call: call, path: path, code: code, explanation: why)
  }

  static func injected(_ fault: FaultPlan.Fault, _ call: String, _ path: String) -> FileError {
    error(fault == .full ? .full : .other, call, path, "injected fault")
  }
}
