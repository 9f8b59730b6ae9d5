import Client
import Foundation
import NIOHTTP1
import Platform
import TestSupport
import Testing
import Vocabulary

/// A version of a bundle, as a server would tell of it.
struct FakeBundle: Sendable {
  let bundle: BundleAnswer
  let entries: [EntryAnswer]
  let contents: [String: [UInt8]]

  /// - Parameter modes: of the files that have another than 0644.
  init(_ id: String, _ texts: [String: String], modes: [String: String] = [:]) throws {
    contents = texts.mapValues { Array($0.utf8) }
    entries = contents.sorted { $0.key < $1.key }.map { path, bytes in
      EntryAnswer(
        path: path, size: Int64(bytes.count), sha256: SHA256Stream.digest(of: bytes).hex,
        mode: modes[path] ?? "0644", mtime: "2020-01-02T03:04:05.678Z")
    }
    let json: [String: Any] = [
      "id": id, "repo": "r", "sequence": 1, "digest": SHA256Stream.digest(of: Array(id.utf8)).hex,
      "message": "m", "fileCount": entries.count, "byteCount": contents.values.reduce(0) { $0 + $1.count },
      "createdAt": "2020-01-02T03:04:05Z",
    ]
    bundle = try JSONDecoder().decode(
      BundleAnswer.self, from: try JSONSerialization.data(withJSONObject: json))
  }

  var texts: [String: String] { contents.mapValues { String(decoding: $0, as: UTF8.self) } }

  /// What a gateway answers to a pull.
  ///
  /// - Parameter before: is called before each answer.
  func gateway(before: @escaping @Sendable (FakeRequest) throws -> Void = { _ in }) -> FakeGateway {
    FakeGateway(instead: { [contents, bundle] request in
      try before(request)
      let base = "/api/v1/repos/r/bundles/\(bundle.id)/"
      if request.path == base + "contents" {
        let asked = try JSONDecoder().decode([String: [String]].self, from: Data(request.body))
        return FakeAnswer(status: 200, body: (asked["paths"] ?? []).flatMap { contents[$0] ?? [] })
      }
      guard request.path.hasPrefix(base + "files/"),
        let content = contents[String(request.path.dropFirst("\(base)files/".count))]
      else { return .problem("not-found", 404) }
      let range = request.headers.first(name: "Range").map {
        $0.dropFirst("bytes=".count).split(separator: "-")
      }
      guard let range else { return FakeAnswer(status: 200, body: content) }
      let start = range.first.flatMap { Int($0) } ?? 0
      let end = range.count > 1 ? (Int(range[1]) ?? content.count - 1) + 1 : content.count
      return FakeAnswer(status: 206, body: Array(content[min(start, end)..<end]))
    })
  }
}

/// A folder to pull into.
final class PullBench: Sendable {
  let folder: TemporaryFolder
  let faults: FaultyFileSystem
  private let io = ThreadedExecutor(name: "test", threads: 2)

  init() throws {
    folder = try TemporaryFolder()
    faults = FaultyFileSystem(in: folder)
  }

  /// Where the bundle goes.
  var copy: String { folder.child("copy") }

  @discardableResult
  func pull(
    _ bundle: FakeBundle, from gateway: FakeGateway? = nil, into target: String? = nil, notes: String? = nil,
    filter: String? = nil, force: Bool = false
  ) async throws -> BundlePull.Outcome {
    let server = try ServerURL("http://gateway:8773")
    let request = PullRequest(
      bundle: bundle.bundle, entries: bundle.entries, folder: target ?? copy,
      filter: try filter.map { try NameFilter($0) }, force: force, parallel: 1)
    return try await BundlePull(
      api: GatewayAPI(server: server, transport: gateway ?? bundle.gateway()), request: request, notes: notes,
      retrier: Retrier(
        server: server, policy: RetryPolicy(budgetSeconds: 0),
        pacer: Pacer(now: { 0 }, sleep: { _ in }, random: { 0 })),
      board: ProgressBoard(), io: io, fileSystem: faults
    ).run()
  }

  /// Writes a bag of the bundle into the folder.
  func export(_ bundle: FakeBundle, to target: String) async throws {
    let bag = BagExport(
      folder: target, bundle: bundle.bundle, io: io, parallel: 1, fileSystem: faults)
    try await bag.prepare()
    let outcome = try await pull(bundle, into: bag.payload, notes: bag.notes)
    guard outcome.failed.isEmpty else { throw LostFile(reason: "\(outcome.failed)") }
    try await bag.finish(bundle.entries)
  }
  struct LostFile: Error {
    let reason: String
  }

  /// The paths of a bag's payload, after a whole check.
  func checkBag(_ target: String) async throws -> [String] {
    try await BagCheck(folder: target, io: io, parallel: 1).run().files.map(\.path.text)
  }

  /// Texts of all files in the folder but the notes.
  func texts() throws -> [String: String] {
    var texts: [String: String] = [:]
    for name in try folder.files() where name.hasPrefix("copy/") && !name.hasPrefix("copy/.sheaf/") {
      texts[String(name.dropFirst("copy/".count))] = try folder.text(of: name)
    }
    return texts
  }

  /// The bundle that the folder is said to hold.
  func recorded() throws -> String? {
    guard folder.exists("copy/.sheaf/bundle.json") else { return nil }
    let bytes = try folder.bytes(of: "copy/.sheaf/bundle.json")
    return try JSONDecoder().decode(PullRecord.self, from: Data(bytes)).bundle
  }

  /// What the notes are when nothing is under way.
  func expectTidy(_ place: Comment) throws {
    let notes = try folder.files().filter { $0.hasPrefix("copy/.sheaf/") }
    #expect(notes == ["copy/.sheaf/bundle.json", "copy/.sheaf/lock"], place)
  }
}
