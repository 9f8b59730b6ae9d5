import HTTPTypes
import Testing
import UploadProtocol
import Vocabulary

@Suite("Upload-Checksum")
struct UploadChecksumParserTests {
  @Test("T-50 discovery lists the algorithms, sha1 among them")
  func listed() {
    let algorithms = render(.discovered).head.headerFields[.tusChecksumAlgorithm]
    #expect(algorithms == "sha1,sha256,sha512,md5,crc32")
  }

  @Test(
    "T-51 every listed algorithm is taken, on PATCH and with the content of a POST",
    arguments: ChecksumAlgorithm.allCases)
  func taken(algorithm: ChecksumAlgorithm) throws {
    let bytes = (0..<algorithm.byteCount).map { UInt8($0) }
    let text = "\(algorithm.rawValue) \(Base64.encode(bytes))"
    let checksum = Checksum(algorithm: algorithm, bytes: bytes)
    #expect(try append(patch([.uploadChecksum: text]))?.checks.checksums.first == checksum)
    let creating = post([.contentType: contentType, .uploadChecksum: text], hasBody: true)
    #expect(try creation(creating)?.checks.checksums.first == checksum)
  }

  @Test(
    "T-51 refuses other algorithms",
    arguments: ["xxh3 AAECAw==", "SHA1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=", "", " AAECAw==", "sha-256 AAECAw=="])
  func unsupported(text: String) {
    #expect(refusal(of: patch([.uploadChecksum: text]))?.problem == .unsupportedChecksum)
    #expect(
      refusal(of: post([.contentType: contentType, .uploadChecksum: text], hasBody: true))?.problem
        == .unsupportedChecksum)
  }

  @Test(
    "T-53 refuses a value that cannot match, before the body",
    arguments: [
      "sha1", "sha1 ", "sha1 !!!!", "sha1 AAECAw==", "crc32 AAECAwQ=", "crc32 AAECAw===", "crc32  AAECAw==",
      "crc32 AAECAw== ,", "sha1 2aae6c35c94fcfb415dbe95f408b9ce91ee846ed",
    ])
  func malformed(text: String) {
    let error = refusal(of: patch([.uploadChecksum: text]))
    #expect(error?.problem == .badHeader)
    #expect(error?.members["field"] == .text("Upload-Checksum"))
  }

  @Test("T-51 without content there is nothing to check")
  func withoutContent() throws {
    #expect(try creation(post([.uploadChecksum: "none !"]))?.checks.checksums.first == nil)
    #expect(
      try creation(post([.uploadChecksum: "none !", .contentType: contentType]))?.checks.checksums.first
        == nil)
  }

  @Test("T-52 a checksum does not change which bytes are meant")
  func sameOffset() throws {
    let intent = try append(patch([.uploadChecksum: "crc32 AAECAw=="]))
    #expect(intent?.offset == 3)
    #expect(intent?.contentLength == 5)
  }

  @Test("no bytes make the checksum parser trap", arguments: 0..<20 as Range<UInt64>)
  func randomText(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<300 {
      let text =
        Bool.random(using: &random)
        ? random.text(of: "crc32 AA=", upTo: 16) : "crc32 " + random.text(of: "AB+/=", upTo: 12)
      guard let checksum = try? UploadChecksumParser.parse(text) else { continue }
      #expect(checksum.bytes.count == checksum.algorithm.byteCount)
    }
  }
}
