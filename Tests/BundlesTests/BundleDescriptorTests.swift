import Bundles
import Catalog
import Foundation
import Platform
import TestSupport
import Testing
import Vocabulary

@Suite struct BundleDescriptorTests {
  private func bundle(sequence: Int64 = 7, message: String = "a message", label: String? = "draft") throws
    -> BundleRecord
  {
    var random = SeededRandom(seed: 1)
    return BundleRecord(
      id: random.id(), repo: try RepoName("films"), sequence: sequence, digest: random.digest(),
      message: message,
      label: try label.map { try LabelName($0) }, author: label == nil ? nil : "somebody \"quoted\"",
      push: random.id(),
      fileCount: 3, byteCount: 1 << 40, createdAt: Timestamp(milliseconds: 1_700_000_000_125))
  }

  @Test("the descriptor is JSON that holds every field of the bundle")
  func fields() throws {
    let bundle = try bundle(message: "line\none\t\"two\" \\ \u{1} ü 👩‍👩‍👧")
    let json = try JSONSerialization.jsonObject(
      with: Data(BundleDescriptor.text(bundle, folder: bundle.repo).utf8))
    let object = try #require(json as? [String: Any])
    #expect(object["format"] as? String == "sheaf bundle 1")
    #expect(object["id"] as? String == bundle.id.text)
    #expect(object["repo"] as? String == "films")
    #expect(object["sequence"] as? Int == 7)
    #expect(object["digest"] as? String == bundle.digest.hex)
    #expect(object["message"] as? String == bundle.message)
    #expect(object["label"] as? String == "draft")
    #expect(object["author"] as? String == bundle.author)
    #expect(object["push"] as? String == bundle.push.text)
    #expect(object["fileCount"] as? Int == 3)
    #expect(object["byteCount"] as? Int == 1 << 40)
    #expect(object["createdAt"] as? String == "2023-11-14T22:13:20.125Z")
    #expect(object.count == 12)
  }

  @Test("what a bundle does not have is null")
  func nulls() throws {
    let json = try JSONSerialization.jsonObject(
      with: Data(try BundleDescriptor.text(bundle(label: nil), folder: RepoName("films")).utf8))
    let object = try #require(json as? [String: Any])
    #expect(object["label"] is NSNull)
    #expect(object["author"] is NSNull)
  }

  @Test("any message gives JSON", arguments: 0..<50 as Range<UInt64>)
  func messages(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    var text = String.UnicodeScalarView()
    text.append(contentsOf: (0..<50).compactMap { _ in Unicode.Scalar(UInt32(random.int(0...0x2fff))) })
    let bundle = try bundle(message: String(text))
    let json = try JSONSerialization.jsonObject(
      with: Data(BundleDescriptor.text(bundle, folder: bundle.repo).utf8))
    let message = try #require((json as? [String: Any])?["message"] as? String)
    #expect(message.unicodeScalars.elementsEqual(bundle.message.unicodeScalars))
  }

  @Test("names sort as sequence numbers do, up to a hundred million")
  func names() throws {
    let names = try [1, 2, 9, 10, 99, 100, 12_345_678].map { BundleDescriptor.name(try bundle(sequence: $0)) }
    #expect(names == names.sorted())
    #expect(names[0] == "00000001-\(try bundle().id).json")
    #expect(BundleDescriptor.name(try bundle(sequence: 123_456_789)).hasPrefix("123456789-"))
  }
}

@Suite struct StorageFormatDocumentTests {
  /// The code block of docs/storage-format.md with this word behind its fence.
  private func block(_ word: String) throws -> String {
    let text = try String(
      contentsOf: URL(fileURLWithPath: repositoryRoot + "/docs/storage-format.md"), encoding: .utf8)
    let start = try #require(text.range(of: "```\(word)\n"))
    let end = try #require(text.range(of: "```", range: start.upperBound..<text.endIndex))
    return String(text[start.upperBound..<end.lowerBound])
  }

  @Test("the manifest in docs/storage-format.md is one, and its digest is the descriptor's")
  func manifestExample() throws {
    let text = try block("manifest")
    let lines = text.split(separator: "\n").dropFirst()
    let entries = try lines.map { try Manifest.parse($0.utf8) }
    #expect(manifest(entries) == text)
    #expect(try block("descriptor").contains("\"digest\": \"\(SHA256Stream.digest(of: Array(text.utf8)))\""))
  }

  @Test("the descriptor in docs/storage-format.md is what is written")
  func descriptorExample() throws {
    let text = try block("manifest")
    let bundle = BundleRecord(
      id: try #require(BundleID("01kajbcj78fc7rq4ee6xdwhyxw")), repo: try RepoName("films"), sequence: 7,
      digest: SHA256Stream.digest(of: Array(text.utf8)), message: "The second cut",
      label: try LabelName("draft"),
      author: nil, push: try #require(PushID("01kajbch80ffer2s6r76fqcz25")), fileCount: 2, byteCount: 6,
      createdAt: Timestamp(milliseconds: 1_763_700_002_000))
    #expect(try block("descriptor") == BundleDescriptor.text(bundle, folder: bundle.repo))
  }
}
