import Platform
import Vocabulary

/// The log of each push: lines of time and text in a file of its own. A line that cannot be written is reported, not
/// thrown: no commit fails for its log.
package struct PushLogs: Sendable {
  package static let maximumBytes: Int64 = 16 << 20
  private let path: @Sendable (PushID) -> String
  private let files: any FileSystem
  private let executor: any IOExecutor
  private let clock: any WallClock
  let report: @Sendable (String) -> Void

  package init(
    path: @escaping @Sendable (PushID) -> String, files: any FileSystem, executor: any IOExecutor,
    clock: any WallClock,
    report: @escaping @Sendable (String) -> Void
  ) {
    self.path = path
    self.files = files
    self.executor = executor
    self.clock = clock
    self.report = report
  }

  package func append(_ id: PushID, _ line: String) async {
    let text = "\(clock.now().rfc3339) \(line)\n"
    await executor.perform { [self] in
      do throws(FileError) {
        let file = try files.open(path(id), files.size(path(id)) == nil ? .create : .readWrite)
        defer { file.close() }
        let size = try file.size()
        if size < Self.maximumBytes { try file.write([Array(text.utf8)], at: size) }
      } catch {
        report("log of push \(id): \(error)")
      }
    }
  }

  /// The whole log; empty when nothing was written yet.
  package func read(_ id: PushID) async throws -> [UInt8] {
    try await executor.run { [self] in
      guard let size = try files.size(path(id)) else { return [] }
      let file = try files.open(path(id), .read)
      defer { file.close() }
      return try file.readBytes(Int(size), at: 0)
    }
  }
}
