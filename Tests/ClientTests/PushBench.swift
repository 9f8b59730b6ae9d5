import Client
import Foundation
import Platform
import TestSupport
import Testing
import Vocabulary

/// A folder to push, the journal's place, and a clock that only sleeping moves.
final class PushBench: Sendable {
  let folder: TemporaryFolder
  let board = ProgressBoard()
  let notices = Locked<[String]>([])
  let waits = Locked<[Double]>([])
  private let io = ThreadedExecutor(name: "test", threads: 2)

  init() throws { folder = try TemporaryFolder() }

  /// Writes a file of the source folder whose bytes tell its name.
  func write(_ name: String, bytes: Int) throws {
    try folder.write(content(name, bytes), to: "source/\(name)")
  }

  func content(_ name: String, _ bytes: Int) -> [UInt8] {
    // Doubled until long enough: byte by byte takes a debug build its time.
    var content = Array(name.utf8)
    while content.count < bytes { content += content + [UInt8(truncatingIfNeeded: content.count)] }
    return Array(content.prefix(bytes))
  }

  /// All files of the source folder by their paths.
  var source: [String: [UInt8]] {
    get throws {
      var files: [String: [UInt8]] = [:]
      for name in try folder.files() where name.hasPrefix("source/") {
        files[String(name.dropFirst("source/".count))] = try folder.bytes(of: name)
      }
      return files
    }
  }

  func scan() throws -> [SourceFile] {
    let scan = FolderScan([folder.child("source/")], in: "/")
    try #require(scan.errors.isEmpty, "\(scan.errors)")
    return scan.files
  }

  /// Pushes the folder, one transfer at a time, as it was at the scan.
  @discardableResult
  func push(
    to gateway: FakeGateway, files: [SourceFile]? = nil, server: String = "http://gateway:8773",
    budgetSeconds: Double = 60, seals: Bool = true, random: Double = 0
  ) async throws -> PushResult {
    let journal = try await PushJournal.open(folder: folder.child("state"), key: "k", io: io)
    let time = Locked(0.0)
    let pacer = Pacer(
      now: { time.withLock { $0 } },
      sleep: { [waits] seconds in
        time.withLock { $0 += seconds }
        waits.withLock { $0.append(seconds) }
      }, random: { random })
    let plan = PushPlan(
      repo: try RepoName("r"), label: nil, message: "m", files: try files ?? scan(), parallel: 1,
      seals: seals)
    let engine = PushEngine(
      api: GatewayAPI(server: try ServerURL(server), transport: gateway), plan: plan, journal: journal,
      board: board, io: io, policy: RetryPolicy(budgetSeconds: budgetSeconds), pacer: pacer,
      cache: DigestCache(folder: folder.child("state")),
      notice: { [notices] text in notices.withLock { $0.append(text) } })
    return try await engine.run()
  }

  /// Pushes the folder, which must fail; returns the files that could not be sent.
  func failures(
    _ gateway: FakeGateway, files: [SourceFile]? = nil
  ) async throws -> [String: String] {
    do {
      try await push(to: gateway, files: files)
    } catch PushFailure.files(let failed) {
      return Dictionary(uniqueKeysWithValues: failed.map { ($0.path, $0.reason) })
    }
    return [:]
  }
}
