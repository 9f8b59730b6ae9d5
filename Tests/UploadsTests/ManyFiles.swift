import Blobs
import Catalog
import Foundation
import Platform
import Pushes
import Testing
import Uploads
import Vocabulary

/// An open push that small files come into together.
struct ManyFiles {
  let fixture: EngineFixture
  let push: PushID
  private let register: PushRegister

  init(
    _ fixture: EngineFixture, expecting files: [ExpectedFile]? = nil, sealWhenComplete: Bool = false,
    conflicts: ConflictPolicy = .refuse
  ) async throws {
    self.fixture = fixture
    register = PushRegister(
      catalog: fixture.catalog, clock: fixture.clock, entropy: SystemEntropy(), expirySeconds: 5000,
      wakeScheduler: {})
    push = try await register.open(
      PushRequest(
        repo: try RepoName("r"), message: "m", sealWhenComplete: sealWhenComplete, files: files,
        conflicts: conflicts)
    ).id
  }

  func cancel() async throws { _ = try await register.cancel(push) }

  func state() async throws -> PushState? {
    let push = push
    return try await fixture.catalog.read { try $0.push(push)?.state }
  }

  static func file(_ path: String, _ content: String, sha256: Digest? = nil) throws -> WholeFile {
    WholeFile(path: try BundlePath(path), content: Array(content.utf8), declaredDigest: sha256)
  }

  static func digest(_ content: String) -> Digest { SHA256Stream.digest(of: Array(content.utf8)) }

  /// What became of each file: `stored`, `exists`, `unfinished`, or the code of the problem.
  func send(_ files: [WholeFile], on engine: UploadEngine? = nil) async throws -> [String] {
    try await (engine ?? fixture.engine).createMany(files, in: push, client: "c").map { outcome in
      switch outcome {
      case .stored: "stored"
      case .exists: "exists"
      case .superseded: "superseded"
      case .unfinished: "unfinished"
      case .refused(let error): error.problem.code
      }
    }
  }

  /// The problem that kept all of the files from being stored.
  func problem(_ files: [WholeFile], on engine: UploadEngine? = nil) async -> Problem? {
    do {
      _ = try await send(files, on: engine)
      return nil
    } catch {
      return (error as? ProblemError)?.problem
    }
  }

  /// The verified files of the push and what is read of them.
  func stored(by engine: UploadEngine? = nil) async throws -> [String: String] {
    var stored: [String: String] = [:]
    for record in try await uploads() where record.state == .verified {
      let blob = try await (engine ?? fixture.engine).open(record.id).blob
      defer { blob.close() }
      #expect(stored[record.path.text] == nil, "\(record.path.text) is there twice")
      stored[record.path.text] = String(decoding: try await blob.read(1000, at: 0), as: UTF8.self)
    }
    return stored
  }

  func uploads() async throws -> [UploadRecord] {
    try await fixture.catalog.read { try $0.uploads(in: Set(UploadState.allCases), after: nil, limit: 100) }
  }

  /// The bytes of all packs together.
  func packedBytes() throws -> Int {
    let packs = fixture.layout.packs
    return try FileManager.default.contentsOfDirectory(atPath: packs).reduce(0) { sum, name in
      sum + (try Data(contentsOf: URL(fileURLWithPath: "\(packs)/\(name)")).count)
    }
  }
}
