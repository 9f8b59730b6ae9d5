import Bundles
import Catalog
import Foundation
import TestSupport
import Testing
import Vocabulary

@Suite struct BundleDescriptorReaderTests {
  private func bundle(_ random: inout SeededRandom) throws -> BundleRecord {
    BundleRecord(
      id: random.id(), repo: try RepoName("films"), sequence: Int64(random.int(1...200_000_000)),
      digest: random.digest(), message: random.path().text + "\n\u{1}",
      label: random.int(0...1) == 0 ? nil : try LabelName("draft"),
      author: random.int(0...1) == 0 ? nil : random.path().text, push: random.id(),
      fileCount: Int64(random.int(0...Int.max)), byteCount: Int64(random.int(0...Int.max)),
      createdAt: Timestamp(milliseconds: Int64(random.int(-62_135_596_800_000...253_402_300_799_999))))
  }

  @Test("a descriptor is read as it was written", arguments: 0..<100 as Range<UInt64>)
  func roundTrip(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let bundle = try bundle(&random)
    let read = try BundleDescriptor.parse(Array(BundleDescriptor.text(bundle, folder: bundle.repo).utf8))
    #expect(read == bundle)
    #expect(
      BundleDescriptor.text(read, folder: read.repo) == BundleDescriptor.text(bundle, folder: bundle.repo))
  }

  @Test("D22 parents and contributors come back from a descriptor", arguments: 1...20 as ClosedRange<UInt64>)
  func lineage(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    var bundle = try bundle(&random)
    bundle.parents = [random.id()]
    bundle.contributors = seed % 2 == 0 ? [] : ["Ann \"A\" <ann@example.org>", "ü"]
    let text = BundleDescriptor.text(bundle, folder: bundle.repo)
    #expect(text.contains("sheaf bundle 2"))
    #expect(try BundleDescriptor.parse(Array(text.utf8)) == bundle)
  }

  @Test("D21 a repo's descriptor tells its name, rules and labels; another spelling of it is refused")
  func repoDescriptor() throws {
    var random = SeededRandom(seed: 1)
    let repo = RepoRecord(
      name: try RepoName("films"), description: "line\n\"two\"", createdAt: Timestamp(milliseconds: 5),
      bundleCount: 0, lastSequence: 9, weight: 3,
      retention: RetentionPolicy(latest: 2, ageSeconds: 60))
    let labelled: [LabelName: BundleID] = [try LabelName("b"): random.id(), try LabelName("a"): random.id()]
    for labels in [[:], labelled] {
      let descriptor = RepoDescriptor(repo, labels: labels)
      #expect(try RepoDescriptor(parsing: Array(descriptor.text.utf8)) == descriptor)
      #expect(throws: BundleDescriptorError.self) {
        try RepoDescriptor(parsing: Array((descriptor.text + " ").utf8))
      }
    }
  }

  @Test("the descriptor in docs/storage-format.md is read")
  func example() throws {
    let document = try String(
      contentsOf: URL(fileURLWithPath: repositoryRoot + "/docs/storage-format.md"), encoding: .utf8)
    let start = try #require(document.range(of: "```descriptor\n"))
    let end = try #require(document.range(of: "```", range: start.upperBound..<document.endIndex))
    let bundle = try BundleDescriptor.parse(Array(document[start.upperBound..<end.lowerBound].utf8))
    #expect(bundle.id.text == "01kajbcj78fc7rq4ee6xdwhyxw" && bundle.sequence == 7)
    #expect(bundle.createdAt.milliseconds == 1_763_700_002_000)
  }

  @Test("any other spelling is refused: a descriptor that was changed is none")
  func spellings() throws {
    var random = SeededRandom(seed: 1)
    var bundle = try bundle(&random)
    bundle.createdAt = Timestamp(milliseconds: 1_700_000_000_125)
    let text = BundleDescriptor.text(bundle, folder: bundle.repo)
    let others = [
      "", "{}", " " + text, String(text.dropLast()), text + "\n", text.replacing("  \"", with: "\""),
      text.replacing("films", with: "not a repo"), text.replacing("sheaf bundle 1", with: "sheaf bundle 2"),
      text.replacing(".125Z", with: ".125+00:00"), text.replacing("2023-11-14", with: "2023-11-44"),
      text.replacing(bundle.id.text, with: bundle.id.text.uppercased()),
      text.replacing(bundle.digest.hex, with: bundle.digest.hex.uppercased()),
      text.replacing("\"sequence\": ", with: "\"sequence\": -"), String(text.prefix(text.count / 2)),
    ]
    for other in others {
      #expect(throws: BundleDescriptorError.self) { try BundleDescriptor.parse(Array(other.utf8)) }
    }
  }

  @Test("no bytes stop the reader", arguments: 0..<200 as Range<UInt64>)
  func mutations(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let bundle = try bundle(&random)
    var bytes = Array(BundleDescriptor.text(bundle, folder: bundle.repo).utf8)
    bytes[random.int(0...bytes.count - 1)] = UInt8(random.int(0...255))
    if let read = try? BundleDescriptor.parse(bytes) {
      #expect(BundleDescriptor.text(read, folder: read.repo).utf8.elementsEqual(bytes))
    }
  }
}
