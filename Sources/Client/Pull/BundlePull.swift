import Platform
import Vocabulary

/// What a pull is of.
package struct PullRequest: Sendable {
  package var bundle: BundleAnswer
  /// All entries of the bundle.
  package var entries: [EntryAnswer]
  /// Absolute; made when it is not there.
  package var folder: String
  package var filter: NameFilter?
  /// Replace local files that are neither the older bundle's nor the new one's.
  package var force: Bool
  /// Files under way at the same time.
  package var parallel: Int

  package init(
    bundle: BundleAnswer, entries: [EntryAnswer], folder: String, filter: NameFilter? = nil,
    force: Bool = false, parallel: Int = 4
  ) {
    self.bundle = bundle
    self.entries = entries
    self.folder = folder
    self.filter = filter
    self.force = force
    self.parallel = parallel
  }
}

/// Makes a local folder hold a bundle (docs/getting-data-out.md); run again, it goes on where it was ended.
package struct BundlePull: Sendable {
  package struct Outcome: Sendable, Equatable {
    /// Files that took their place.
    package var written = 0
    /// Equal files that were there already.
    package var kept = 0
    /// Of those written, the ones whose content another file of the folder had.
    package var copied = 0
    package var removed = 0
    /// Files of the older bundle that are not in the new one but were changed here.
    package var left: [String] = []
    package var failed: [PushFailure.File] = []
    /// Bytes that came over the network.
    package var bytesFetched: Int64 = 0
    /// Bytes that an earlier run had left in parts.
    package var bytesResumed: Int64 = 0
  }

  /// Local files that stand against the pull.
  package struct Conflicts: Error, Sendable, CustomStringConvertible {
    package let paths: [String]
    /// Whether `force` would replace them all.
    package let isForceable: Bool
    package var description: String {
      let shown = paths.prefix(20).map { quoted($0) }.joined(separator: ", ")
      let rest = paths.count > 20 ? " and \(paths.count - 20) more" : ""
      return isForceable
        ? "nothing was written, because these were changed here: \(shown)\(rest); --force replaces them"
        : "nothing was written, because something else is in the way of these: \(shown)\(rest)"
    }
  }

  let api: GatewayAPI
  let request: PullRequest
  let copy: LocalCopy
  let notes: PullFolder
  let retrier: Retrier
  let board: ProgressBoard
  let io: any IOExecutor

  /// - Parameter notes: where the notes are, absolute; `.sheaf` in the folder when nil.
  package init(
    api: GatewayAPI, request: PullRequest, notes: String? = nil, retrier: Retrier, board: ProgressBoard,
    io: any IOExecutor, fileSystem: any FileSystem = LinuxFileSystem()
  ) {
    self.api = api
    self.request = request
    copy = LocalCopy(folder: request.folder, fileSystem: fileSystem)
    self.notes = PullFolder(path: notes ?? "\(copy.folder)/\(PullFolder.name)", fileSystem: fileSystem)
    self.retrier = retrier
    self.board = board
    self.io = io
  }

  /// - Throws: `Conflicts` before anything is written; `Unreachable`, `LocalProblem`, or `CancellationError`.
  package func run() async throws -> Outcome {
    let new = try wanted()
    try await io.run { [copy] in try copy.fileSystem.makeFolder(copy.folder) }
    let lock = try await io.run { [notes] in try notes.open() }
    defer { withExtendedLifetime(lock) {} }
    let (record, intent) = try await io.run { [notes] in (try notes.record(), try notes.intent()) }
    let (recorded, others) = try split(record?.entries ?? [])
    let (intended, otherIntended) = try split(intent?.entries ?? [])
    let old = try recorded.map { try PulledFile($0) }
    let begun = try intended.map { try PulledFile($0) }
    board.update {
      $0.filesTotal = new.count
      $0.bytesTotal = new.reduce(0) { $0 + $1.size }
    }
    let found = try await look(old: old, begun: begun, new: new)
    do { try check(found.plan) } catch {
      try await io.run { [notes] in try notes.removeIfUnused() }
      throw error
    }
    if !found.plan.isDone {
      let going = found.plan.written + found.plan.touched + found.begun
      let entries = Self.sorted(going.map(\.entry) + otherIntended)
      try await io.run { [notes] in try notes.save(PullIntent(entries: Self.distinct(entries))) }
    }
    let run = PullRun(
      pull: self, plan: found.plan, contents: found.contents, look: SecondLook(copy: copy, seen: found.seen))
    let outcome = try await run.run()
    guard outcome.failed.isEmpty else { return outcome }
    let entries = Self.sorted(new.map(\.entry) + others)
    try await io.run { [notes, request, api] in
      try notes.save(
        PullRecord(
          server: api.server, bundle: request.bundle, nameFilter: request.filter?.pattern, entries: entries))
      try notes.save(PullIntent(entries: otherIntended))
      try notes.removeParts(except: [])
    }
    return outcome
  }

  /// The bundle's entries that are wanted.
  private func wanted() throws -> [PulledFile] {
    let new = try (request.filter?.split(request.entries).matching ?? request.entries).map {
      try PulledFile($0)
    }
    let isInside = notes.path == "\(copy.folder)/\(PullFolder.name)"
    if isInside, let mine = new.first(where: { $0.path.components.first.map(String.init) == PullFolder.name })
    {
      throw LocalProblem(
        "the bundle has \(quoted(mine.path.text)), where a pull keeps its notes; leave it out with --name-filter"
      )
    }
    return new
  }

  /// By the filter: what was noted of paths that it leaves out still holds.
  private func split(
    _ entries: [EntryAnswer]
  ) throws -> (matching: [EntryAnswer], others: [EntryAnswer]) {
    try request.filter?.split(entries) ?? (entries, [])
  }

  private static func sorted(_ entries: [EntryAnswer]) -> [EntryAnswer] {
    entries.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
  }

  /// Without what stands there twice; of entries in the order of their paths.
  private static func distinct(_ entries: [EntryAnswer]) -> [EntryAnswer] {
    var result: [EntryAnswer] = []
    // Of the entries that have the path of the latest one.
    var first = 0
    for entry in entries {
      // Compared as bytes: equal as text are also two spellings of one name, which are two files.
      if let last = result.last, !last.path.utf8.elementsEqual(entry.path.utf8) { first = result.count }
      if !result[first...].contains(entry) { result.append(entry) }
    }
    return result
  }

  /// What was found, and what follows.
  private struct Found {
    var plan: PullPlan
    /// Local files by the contents they have.
    var contents: [Digest: BundlePath]
    var seen: [BundlePath: SeenFile]
    /// What pulls that did not end have written, as far as it still lies there.
    var begun: [PulledFile]
  }

  private func check(_ plan: PullPlan) throws {
    guard plan.blocked.isEmpty else {
      throw Conflicts(paths: plan.blocked.map(\.text).sorted(), isForceable: false)
    }
    guard request.force || plan.conflicts.isEmpty else {
      throw Conflicts(paths: plan.conflicts.map(\.text).sorted(), isForceable: true)
    }
  }

  /// Looks at the folder: what is to be done, and which file has which of the wanted contents.
  private func look(old: [PulledFile], begun: [PulledFile], new: [PulledFile]) async throws -> Found {
    var sizes: [BundlePath: Set<Int64>] = [:]
    for file in old + begun + new { sizes[file.path, default: []].insert(file.size) }
    let scan = await io.perform { [copy] in FolderScan(contentsOf: copy.folder) }
    let seen = try await FolderFacts(copy: copy, io: io, parallel: request.parallel).look(at: sizes)
    let facts = seen.mapValues(\.fact)
    let begun = begun.filter { facts[$0.path] == .file($0.digest) }
    let plan = PullPlan(old: old + begun, new: new, facts: facts, files: Set(scan.files.map(\.path)))
    var contents: [Digest: BundlePath] = [:]
    for (path, fact) in facts {
      if case .file(let digest?) = fact { contents[digest] = path }
    }
    // Files that nobody has told of may be renamed ones; their size says whether it is worth looking.
    let lacking = Set(plan.written.filter { contents[$0.digest] == nil && $0.size > 0 }.map(\.size))
    let strangers = scan.files.filter { facts[$0.path] == nil && lacking.contains($0.size) }
    let looked = try await FolderFacts(copy: copy, io: io, parallel: request.parallel).look(
      at: Dictionary(strangers.map { ($0.path, [$0.size]) }) { first, _ in first })
    for (path, file) in looked {
      if case .file(let digest?) = file.fact { contents[digest] = path }
    }
    return Found(plan: plan, contents: contents, seen: seen, begun: begun)
  }
}
