import HTTPTypes
import Testing
import UploadProtocol
import Vocabulary

@Suite("Upload-Metadata")
struct UploadMetadataParserTests {
  private func flaw(_ raw: String) -> ProblemError? {
    do throws(ProblemError) {
      _ = try UploadMetadataParser.parse(raw)
      return nil
    } catch {
      return error
    }
  }

  @Test("T-18 the raw value is kept as it was sent")
  func raw() throws {
    let raw = "b Yg,\t a YQ==,  c"
    let intent = try creation(post([.uploadMetadata: raw]))
    #expect(intent?.metadata.raw == raw)
    #expect(intent?.metadata.pairs.map(\.key) == ["b", "a", "c"])
  }

  @Test("T-18 several lines are one list")
  func lines() throws {
    var head = post([.uploadMetadata: "a YQ=="])
    head.headerFields.append(HTTPField(name: .uploadMetadata, value: "b Yg=="))
    #expect(try creation(head)?.metadata.pairs.map(\.key) == ["a", "b"])
  }

  @Test("T-18 no field is no metadata")
  func absent() throws {
    #expect(try creation(post())?.metadata == UploadMetadata.none)
  }

  @Test(
    "T-19 refuses a malformed pair and names its key",
    arguments: [
      ("ok YQ==,bad *", "bad"), ("ok YQ==,bad YQ===", "bad"), ("bad Y", "bad"), ("bad YR==", "bad"),
      ("bad YQ== x", "bad"),
      ("bad\tYQ==", "bad\tYQ=="), ("k\u{7f} YQ==", "k\u{7f}"), (",", ""), ("a,b,a", "a"), (" ,a", ""),
    ])
  func malformed(raw: String, key: String) {
    let error = flaw(raw)
    #expect(error?.problem == .badMetadata)
    #expect(error?.members["key"] == .text(key))
  }

  @Test("T-19 a key has at most 128 bytes")
  func longKeys() {
    #expect(flaw(String(repeating: "k", count: 128) + " YQ==") == nil)
    #expect(flaw(String(repeating: "k", count: 129) + " YQ==")?.problem == .badMetadata)
  }

  @Test("T-19 a value has at most 4 KiB when decoded")
  func longValues() {
    #expect(flaw("k " + Base64.encode([UInt8](repeating: 1, count: 4096))) == nil)
    #expect(flaw("k " + Base64.encode([UInt8](repeating: 1, count: 4097)))?.members["key"] == .text("k"))
  }

  @Test("T-19 there are at most 64 keys")
  func manyKeys() {
    #expect(flaw((0..<64).map { "k\($0)" }.joined(separator: ",")) == nil)
    #expect(flaw((0..<65).map { "k\($0)" }.joined(separator: ","))?.problem == .badMetadata)
  }

  @Test("T-19 the field has at most 8 KiB")
  func longField() {
    let fits = "a " + Base64.encode([UInt8](repeating: 1, count: 4000)) + ",b"
    #expect(flaw(fits + String(repeating: " ", count: 8192 - fits.utf8.count)) == nil)
    let error = flaw(fits + String(repeating: " ", count: 8193 - fits.utf8.count))
    #expect(error?.problem == .tooManyHeaders)
    #expect(error?.problem.status == 431)
  }

  @Test(
    "T-20 what is echoed is printable ASCII, so it cannot end a header line",
    arguments: 0..<20 as Range<UInt64>)
  func randomBytes(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<300 {
      let raw =
        Bool.random(using: &random)
        ? String(decoding: random.bytes(upTo: 80), as: UTF8.self) : random.text(of: "abYQ=, \t", upTo: 40)
      do throws(ProblemError) {
        let metadata = try UploadMetadataParser.parse(raw)
        let echoed = metadata.raw ?? ""
        #expect(echoed.utf8.allSatisfy { (0x20...0x7e).contains($0) || $0 == 0x09 })
        #expect(Set(metadata.pairs.map(\.key)).count == metadata.pairs.count)
      } catch {
        #expect(error.problem == .badMetadata)
      }
    }
  }

  @Test("T-18 T-20 pairs of any bytes survive being sent", arguments: 0..<20 as Range<UInt64>)
  func roundTrip(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let keys = (0x21...0x7e as ClosedRange<UInt8>).filter { $0 != UInt8(ascii: ",") }
    for _ in 0..<100 {
      var pairs = [String: UploadMetadata.Pair]()
      for _ in 0..<Int.random(in: 1...8, using: &random) {
        let key = String(
          decoding: (0..<Int.random(in: 1...12, using: &random)).map { _ in
            keys.randomElement(using: &random)!
          },
          as: UTF8.self)
        pairs[key] = UploadMetadata.Pair(key: key, value: random.bytes(upTo: 60))
      }
      let sent = pairs.values.sorted { $0.key < $1.key }
      let raw = sent.map { "\($0.key) \(Base64.encode($0.value))" }.joined(separator: ",")
      #expect(try UploadMetadataParser.parse(raw) == UploadMetadata(raw: raw, pairs: sent))
    }
  }
}
