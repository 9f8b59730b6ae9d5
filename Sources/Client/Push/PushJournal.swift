import Foundation
import Platform
import Vocabulary

/// What a push in progress knows, so that the same command can go on where it stopped.
package struct JournalRecord: Codable, Sendable, Equatable {
  package enum FileState: String, Codable, Sendable { case sending, done }
  package struct File: Codable, Sendable, Equatable {
    package var path: String
    package var size: Int64
    /// Nanoseconds since 1970, when the sending began.
    package var mtime: Int64
    /// Time of the last change of any kind, in nanoseconds since 1970; nil in records of older versions.
    package var ctime: Int64?
    /// nil in records of older versions.
    package var inode: UInt64?
    package var uploadURL: String
    package var state: FileState
    package init(_ file: SourceFile, uploadURL: String, state: FileState) {
      path = file.path.text
      size = file.size
      mtime = file.modifiedNanoseconds
      ctime = file.info.changedNanoseconds
      inode = file.info.inode
      self.uploadURL = uploadURL
      self.state = state
    }

    /// Whether the local file is still the one that was sent, by all that tells one from another.
    func isUntouched(_ file: SourceFile) -> Bool {
      state == .done && size == file.size && mtime == file.modifiedNanoseconds
        && ctime == file.info.changedNanoseconds && inode == file.info.inode
    }
  }
  package static let currentVersion = 1

  package var version = Self.currentVersion
  package var server: String
  package var push: String
  package var announced: [AnnouncedFile]
  package var files: [File]

  package init(server: String, push: String, announced: [AnnouncedFile], files: [File] = []) {
    self.server = server
    self.push = push
    self.announced = announced
    self.files = files
  }
}

/// The record of one push on disk: locked against a second client, replaced as a whole, removed after the commit.
///
/// Losing the last changes is harmless: the server is asked what it has. So they are written in batches.
package final class PushJournal: Sendable {
  private struct State {
    var record: JournalRecord?
    var files: [String: JournalRecord.File] = [:]
    var isDirty = false
    var writeMilliseconds: Int64 = 0
  }
  private let folder: String
  private let key: String
  private let lock: FileLock
  private let io: any IOExecutor
  private let fileSystem: any FileSystem
  private let clock: any WallClock
  private let state: Locked<State>
  /// Why a record that was there could not be used.
  package let complaint: String?

  /// Another process works at the same push.
  package struct InUse: Error, Sendable, CustomStringConvertible {
    package let description = "another sheaf process is doing this very push; let it finish or end it first"
  }

  /// Takes the lock and reads what an earlier run left.
  ///
  /// - Throws: `InUse`, or `FileError`.
  package static func open(
    folder: String, key: String, io: any IOExecutor, fileSystem: any FileSystem = LinuxFileSystem(),
    clock: any WallClock = SystemClock()
  ) async throws -> PushJournal {
    try await io.run {
      try fileSystem.makeFolder(folder)
      guard let lock = try FileLock(path: "\(folder)/\(key).lock") else { throw InUse() }
      let (record, complaint) = try load("\(folder)/\(key).json", fileSystem)
      return PushJournal(
        folder: folder, key: key, lock: lock, io: io, fileSystem: fileSystem, clock: clock, record: record,
        complaint: complaint)
    }
  }

  private init(
    folder: String, key: String, lock: FileLock, io: any IOExecutor, fileSystem: any FileSystem,
    clock: any WallClock, record: JournalRecord?, complaint: String?
  ) {
    self.folder = folder
    self.key = key
    self.lock = lock
    self.io = io
    self.fileSystem = fileSystem
    self.clock = clock
    self.complaint = complaint
    var state = State()
    state.record = record
    for file in record?.files ?? [] { state.files[file.path] = file }
    self.state = Locked(state)
  }

  private static func load(
    _ path: String, _ fileSystem: any FileSystem
  ) throws -> (record: JournalRecord?, complaint: String?) {
    guard let size = try fileSystem.size(path) else { return (nil, nil) }
    let file = try fileSystem.open(path, .read)
    defer { file.close() }
    let bytes = try file.readBytes(Int(size), at: 0)
    guard let record = try? JSONDecoder().decode(JournalRecord.self, from: Data(bytes)) else {
      return (nil, "the record of the earlier run is damaged; starting anew")
    }
    guard record.version == JournalRecord.currentVersion, PushID(record.push) != nil else {
      return (nil, "the record of the earlier run is of another version; starting anew")
    }
    return (record, nil)
  }

  /// What an earlier run, or this one, has recorded; `files` is up to date.
  package var record: JournalRecord? {
    state.withLock { state in
      var record = state.record
      record?.files = state.files.values.sorted { $0.path < $1.path }
      return record
    }
  }

  package func file(_ path: BundlePath) -> JournalRecord.File? { state.withLock { $0.files[path.text] } }

  /// Begins a record; on disk when this returns, because nothing else knows the push's id.
  package func begin(_ record: JournalRecord) async throws {
    state.withLock { state in
      state.record = record
      state.files = [:]
      state.isDirty = true
    }
    try await flush()
  }

  /// The push of the record takes other files by now; what is known of those it had stays.
  package func announce(_ files: [AnnouncedFile]) {
    state.withLock { state in
      guard state.record?.announced != files else { return }
      state.record?.announced = files
      state.isDirty = true
    }
  }

  package func note(_ file: JournalRecord.File) {
    state.withLock { state in
      state.files[file.path] = file
      state.isDirty = true
    }
  }

  package func forget(_ path: BundlePath) {
    state.withLock { state in
      state.files[path.text] = nil
      state.isDirty = true
    }
  }

  /// Writes what is new, if anything is.
  package func flush() async throws {
    let isDirty = state.withLock { state in
      defer { state.isDirty = false }
      return state.isDirty
    }
    guard isDirty, let record else { return }
    try await io.run { [self] in
      let start = clock.now()
      let bytes = Array(try JSONEncoder().encode(record))
      try AtomicFile.write(bytes, to: "\(key).json", in: folder, permissions: 0o600, on: fileSystem)
      let spent = clock.now().milliseconds - start.milliseconds
      state.withLock { $0.writeMilliseconds = max(0, spent) }
    }
  }

  /// Writes batches until the task is cancelled, the longer a write takes the more rarely.
  ///
  /// A failed write ends nothing: the push goes on, and the journal tries again with the next change.
  package func keepWriting(onFailure: @Sendable (any Error) -> Void) async {
    while !Task.isCancelled {
      let pause = max(200, state.withLock { $0.writeMilliseconds } * 20)
      do { try await Task.sleep(for: .milliseconds(pause)) } catch { return }
      do { try await flush() } catch {
        state.withLock { $0.isDirty = true }
        onFailure(error)
      }
    }
  }

  /// The push is committed: nothing is left to resume.
  ///
  /// The lock file goes while it is held; who opened it before then finds either lock or no record, both harmless.
  package func remove() async throws {
    state.withLock { state in
      state.record = nil
      state.files = [:]
      state.isDirty = false
    }
    try await io.run { [self] in
      try fileSystem.remove("\(folder)/\(key).json")
      try fileSystem.remove("\(folder)/\(key).lock")
    }
  }
}
