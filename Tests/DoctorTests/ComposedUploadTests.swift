import Blobs
import Catalog
import CatalogSQLite
import Doctor
import Platform
import Pushes
import TestSupport
import Testing
import Uploads
import Vocabulary

/// Partial and final uploads, uploads that a request invalidated, and files that came together.
@Suite struct ComposedUploadTests {
  private let fixture: DoctorFixture
  private let joined = pattern(70_000) + pattern(300) + pattern(70_000)
  /// Parts, complete or not, which are open uploads.
  private let parts: [UploadID]

  init() async throws {
    fixture = try await DoctorFixture()
    let server = try Server(fixture.temporary.path, fixture.clock)
    let push = try await server.pushes.open(
      PushRequest(repo: DoctorFixture.repo, message: "composed", sealWhenComplete: false, files: nil)
    ).id
    let large = try await Self.part(server, pattern(70_000))
    let small = try await Self.part(server, pattern(300))
    let lost = try await Self.part(server, pattern(40))
    let half = try await Self.part(server, pattern(90), length: 100)
    let composed = try await Self.final(server, [large, small, large], "joined", push)
    #expect(composed.state == .verified)
    // One that waits, and one that ended with its part.
    _ = try await Self.final(server, [large, half], "waiting", nil)
    let ended = try await Self.final(server, [lost, half], "ended", nil)
    _ = await server.engine.perform(.terminate(lost), body: nil, client: nil)
    let state = try await server.catalog.read { try $0.upload(ended.id)?.state }
    #expect(state == .rejected)
    try await Self.invalidate(server)
    let files = [("batch/one", pattern(11)), ("batch/two", pattern(12)), ("batch/equal", pattern(11))]
    let outcomes = try await server.engine.createMany(
      files.map { WholeFile(path: try BundlePath($0.0), content: $0.1) }, in: push, client: nil)
    for case .refused(let problem) in outcomes { Issue.record("\(problem)") }
    try await server.commit(push)
    try server.catalog.close()
    try SQLiteCatalog.foldLog(at: fixture.layout.catalog)
    parts = [large, small, half]
  }

  private static func view(_ outcome: UploadOutcome) throws -> UploadView {
    switch outcome {
    case .created(let view, _), .appended(let view): return view
    case .inspected, .discovered, .terminated, .refused:
      throw Server.Unexpected(outcome: "\(outcome)")
    }
  }

  private static func part(_ server: Server, _ bytes: [UInt8], length: Int? = nil) async throws -> UploadID {
    let intent = CreateIntent(
      length: Int64(length ?? bytes.count), hasContent: true, concatenation: .partial)
    return try view(await server.engine.perform(.create(intent), body: GivenBody(bytes), client: nil)).id
  }

  private static func final(
    _ server: Server, _ parts: [UploadID], _ path: String, _ push: PushID?
  ) async throws -> UploadView {
    var pairs = [UploadMetadata.Pair(key: "path", value: Array(path.utf8))]
    if let push { pairs.append(.init(key: "push", value: Array(push.text.utf8))) }
    let intent = CreateIntent(
      length: nil, metadata: UploadMetadata(raw: nil, pairs: pairs),
      concatenation: .final(parts: parts, raw: "final;"))
    return try view(await server.engine.perform(.create(intent), body: nil, client: nil))
  }

  /// An upload of 100,000 bytes, 80,000 of which came before a request that sent too many.
  private static func invalidate(_ server: Server) async throws {
    let id = try view(
      await server.engine.perform(.create(CreateIntent(length: 100_000)), body: nil, client: nil)
    ).id
    func append(at offset: Int64, _ count: Int) async -> UploadOutcome {
      let intent = AppendIntent(
        offset: offset, contentLength: Int64(count), completion: .later, overflow: .invalidate)
      return await server.engine.perform(.append(id, intent), body: GivenBody(pattern(count)), client: nil)
    }
    _ = try view(await append(at: 0, 80_000))
    guard case .refused = await append(at: 80_000, 20_001) else { throw Server.Unexpected(outcome: "taken") }
  }

  @Test("T-71 R-36 composed, waiting and invalidated uploads and batches leave nothing to report")
  func sound() throws {
    let report = try fixture.check(isDeep: true)
    #expect(report.findings == [])
    // Three parts and the fixture's own upload; the waiting one has no file yet.
    #expect(report.counts.partialFiles == 4 && report.counts.bundles == 3)
  }

  @Test("MUST-5 a part whose file is gone is a fault of the part")
  func lostPart() throws {
    try fixture.remove(fixture.partial(parts[1]))
    #expect(try fixture.findings(isDeep: true) == ["partial-missing \(parts[1])"])
  }

  @Test("a rebuilt catalog has bundles of composed files and batches, and takes no part for a file")
  func rebuilt() throws {
    let report = try fixture.rebuild()
    #expect(report.bundles == 3)
    let unknown = try (parts + [fixture.upload("half").id]).sorted().map { "partial-unknown \($0)" }
    // The upload that was verified and in no bundle yet.
    let orphan = "object-orphan \(SHA256Stream.digest(of: pattern(5)))"
    #expect(try fixture.findings(isDeep: true) == unknown + [orphan])
    #expect(try fixture.check(isDeep: true).isSound)
    let stored = try fixture.temporary.bytes(of: fixture.object(SHA256Stream.digest(of: joined)))
    #expect(stored == joined)
  }
}
