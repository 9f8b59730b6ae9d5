import Blobs
import Bundles
import Catalog
import Platform
import TestSupport
import Testing
import Vocabulary

@Suite struct BundleCheckTests {
  private let fixture: CommitFixture

  init() throws { fixture = try CommitFixture() }

  private func committed() async throws -> (bundle: BundleRecord, entries: [Entry]) {
    let (push, _, entries) = try await fixture.admit(["a": "first", "b": "second", "c": "third"])
    try await fixture.committer().commit(push)
    return (try #require(try await fixture.bundles().first), entries)
  }

  private func replace(_ digest: Digest, with text: String?) throws {
    let name = "objects/\(digest.hex.prefix(2))/\(digest.hex)"
    try LinuxFileSystem().remove(fixture.temporary.child(name))
    if let text { try fixture.temporary.write(text, to: name) }
  }

  private func flaws(of bundle: BundleRecord, isDeep: Bool) async throws -> [String: String] {
    let report = try await BundleCheck(blobs: fixture.store()).run(bundle, isDeep: isDeep)
    return Dictionary(uniqueKeysWithValues: report.flaws.map { ($0.path, $0.reason) })
  }

  @Test("a whole bundle has no flaws", arguments: [false, true])
  func whole(isDeep: Bool) async throws {
    let (bundle, _) = try await committed()
    let report = try await BundleCheck(blobs: fixture.store()).run(bundle, isDeep: isDeep)
    #expect(report.fileCount == 3 && report.byteCount == 16 && report.flaws == [])
  }

  @Test("a missing and a short object are found at a glance, a flipped one by reading")
  func damage() async throws {
    let (bundle, entries) = try await committed()
    try replace(entries[0].digest, with: nil)
    try replace(entries[1].digest, with: "secon")
    try replace(entries[2].digest, with: "thirt")
    let shallow = try await flaws(of: bundle, isDeep: false)
    #expect(shallow == ["a": "not in storage", "b": "5 bytes in storage, 6 in the manifest"])
    let deep = try await flaws(of: bundle, isDeep: true)
    #expect(Set(deep.keys) == ["a", "b", "c"])
    #expect(deep["c"] == "the bytes in storage do not have the entry's digest")
  }

  @Test("a changed manifest is found by reading, and nothing is believed of it")
  func manifestDamage() async throws {
    let (bundle, entries) = try await committed()
    try replace(bundle.digest, with: manifest(Array(entries.dropLast())))
    #expect(
      try await flaws(of: bundle, isDeep: true) == ["": "the manifest does not have the bundle's digest"])
    #expect(
      try await flaws(of: bundle, isDeep: false) == [
        "": "the manifest does not have the bundle's number of files and bytes"
      ])
  }

  @Test("MUST-5 a missing manifest is a fault, not an empty bundle")
  func missingManifest() async throws {
    let (bundle, _) = try await committed()
    try replace(bundle.digest, with: nil)
    await #expect(throws: BlobError.self) { try await flaws(of: bundle, isDeep: false) }
  }

  @Test("one entry is checked like the whole")
  func oneEntry() async throws {
    let (_, entries) = try await committed()
    let check = BundleCheck(blobs: fixture.store())
    #expect(await check.flaw(of: entries[0], isDeep: true) == nil)
    try replace(entries[0].digest, with: "FIRST")
    #expect(await check.flaw(of: entries[0], isDeep: false) == nil)
    #expect(await check.flaw(of: entries[0], isDeep: true) != nil)
  }
}
