import Bundles
import Catalog
import HTTPEdge
import Testing
import Vocabulary

/// Every view has exactly the members that docs/api.md lists, in its order: clients may count on nulls being there.
struct JSONViewsTests {
  private static let now = Timestamp(milliseconds: 1_700_000_000_125)
  private static let digest = Digest(bytes: [UInt8](repeating: 0xab, count: 32))!

  private static func id<Kind>(_ number: UInt8) -> Identifier<Kind> {
    Identifier(milliseconds: now.milliseconds, random: [UInt8](repeating: number, count: 10))
  }

  private static func push(_ state: PushState, isSparse: Bool = false) throws -> PushSnapshot {
    let push = PushRecord(
      id: id(1), state: state, origin: .client, repo: try RepoName("films"), message: "m",
      label: isSparse ? nil : try LabelName("v1"), author: isSparse ? nil : "me", sealWhenComplete: !isSparse,
      expectedCount: isSparse ? nil : 3, expectedBytes: isSparse ? nil : 30, createdAt: now,
      sealedAt: isSparse ? nil : now, finishedAt: nil, expiresAt: nil, bundle: isSparse ? nil : id(3),
      attempts: 1,
      errorCode: state == .failed ? "storage-fault" : nil, errorMessage: state == .failed ? "why" : nil)
    return PushSnapshot(
      push: push, progress: PushProgress(total: 3, verified: 2, rejected: 1, finishedBytes: 20),
      bundle: state == .committed ? try bundle() : nil)
  }

  private static func bundle() throws -> BundleRecord {
    BundleRecord(
      id: id(3), repo: try RepoName("films"), sequence: 7, digest: digest, message: "m", label: nil,
      author: nil,
      push: id(1), fileCount: 2, byteCount: 20, createdAt: now)
  }

  private static func upload(_ state: UploadState) throws -> UploadRecord {
    UploadRecord(
      id: id(2), state: state, length: nil, metadata: .none, push: nil, path: try BundlePath("a/b"),
      filename: nil,
      declaredDigest: nil, modifiedAt: nil, mode: nil, client: nil, createdAt: now, updatedAt: now,
      expiresAt: now)
  }

  private func names(_ value: JSONValue) -> [String] {
    guard case .object(let members) = value else { return [] }
    return members.map(\.name)
  }
  private func member(_ value: JSONValue, _ name: String) -> JSONValue? {
    guard case .object(let members) = value else { return nil }
    return members.first { $0.name == name }?.value
  }
  private func relations(_ value: JSONValue) -> Set<String> {
    Set(member(value, "_links").map(names) ?? [])
  }

  @Test("an upload has its documented members in every state", arguments: UploadState.allCases)
  func upload(state: UploadState) throws {
    let view = JSONViews.upload(try Self.upload(state), offset: 5)
    #expect(names(view) == (try DocumentedMembers.names(after: #"{"id","state","offset","length""#)))
    #expect(member(view, "length") == .null)
    #expect(member(view, "offset") == 5)
    #expect(member(view, "expiresAt") == (state.isOpen ? "2023-11-14T22:13:20.125Z" : .null))
  }

  @Test(
    "a push has its documented members in every state, and those of its parts", arguments: PushState.allCases)
  func push(state: PushState) throws {
    for isSparse in [false, true] {
      let view = JSONViews.push(try Self.push(state, isSparse: isSparse))
      #expect(
        names(view)
          == (try DocumentedMembers.names(after: #"{"id","repo","message","label","author","origin""#)))
      for (part, start) in [("files", #"{"expected","total""#), ("bytes", #"{"expected","received""#)] {
        #expect(member(view, part).map(names) == (try DocumentedMembers.names(after: start)))
      }
      #expect((member(view, "bundle") == .null) == (state != .committed))
      #expect((member(view, "error") == .null) == (state != .failed))
    }
  }

  @Test("a push links to what can be done with it now")
  func pushLinks() throws {
    #expect(relations(JSONViews.push(try Self.push(.open))).isSuperset(of: ["seal", "cancel"]))
    #expect(relations(JSONViews.push(try Self.push(.failed))).isSuperset(of: ["retry", "cancel"]))
    let committed = relations(JSONViews.push(try Self.push(.committed)))
    #expect(committed.contains("bundle") && committed.isDisjoint(with: ["seal", "cancel", "retry"]))
  }

  @Test("a repo has its documented members, with and without a bundle")
  func repo() throws {
    let repo = RepoRecord(
      name: try RepoName("films"), description: nil, createdAt: Self.now, bundleCount: 0, lastSequence: 0)
    let documented = try DocumentedMembers.names(after: #"{"name","description""#)
    #expect(names(JSONViews.repo(repo, latest: nil)) == documented)
    let view = JSONViews.repo(repo, latest: try Self.bundle())
    #expect(names(view) == documented)
    #expect(member(view, "latest").map(names) == ["id", "sequence", "digest"])
  }

  @Test("a bundle has its documented members and where its labels are now")
  func bundle() throws {
    let view = JSONViews.bundle(try Self.bundle(), labels: [try LabelName("v1"), try LabelName("v2")])
    #expect(names(view) == (try DocumentedMembers.names(after: #"{"id","repo","sequence""#)))
    #expect(member(view, "labels") == ["v1", "v2"])
    #expect(member(view, "label") == .null)
  }

  @Test("an entry has its documented members; its mode is octal, its time RFC 3339")
  func entry() throws {
    let documented = try DocumentedMembers.names(after: #"{"path","size","sha256","mode""#)
    let path = try BundlePath("a \"b\"")
    let full = JSONViews.entry(
      Entry(path: path, size: 1, digest: Self.digest, mode: 0o644, modifiedAt: Self.now))
    #expect(names(full) == documented)
    #expect(member(full, "mode") == "0644")
    #expect(member(full, "mtime") == "2023-11-14T22:13:20.125Z")
    let sparse = JSONViews.entry(Entry(path: path, size: 1, digest: Self.digest, mode: nil, modifiedAt: nil))
    #expect(names(sparse) == documented)
    #expect(member(sparse, "mode") == .null && member(sparse, "mtime") == .null)
  }

  @Test("an event has its documented members and is one line of a server-sent event")
  func event() throws {
    let record = EventRecord(
      sequence: 9,
      event: NewEvent(
        at: Self.now, kind: .uploadVerified, subject: "a\nb", details: ["z": "1", "a": "\r\ndata: x\u{2028}"])
    )
    #expect(
      names(JSONViews.event(record)) == (try DocumentedMembers.names(after: #"{"sequence","at","kind""#)))
    let lines = EventRoutes.text(of: record).split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count == 4 && lines[0] == "id: 9" && lines[2].isEmpty && lines[3].isEmpty)
    #expect(lines[1].hasPrefix("data: {") && lines[1].hasSuffix("}"))
    #expect(lines[1].contains(#""details":{"a":"#))
  }
}
