import Testing
import Vocabulary

@Suite struct UploadMetadataTests {
  private let metadata = UploadMetadata(
    raw: "a w7w=,b /w==,c",
    pairs: [
      .init(key: "a", value: [0xc3, 0xbc]), .init(key: "b", value: [0xff]), .init(key: "c", value: []),
    ])

  @Test("a value is found by its key, and an empty value is not a missing one")
  func values() throws {
    #expect(metadata.value("a") == [0xc3, 0xbc])
    #expect(try metadata.text("a") == "ü")
    #expect(try metadata.text("c") == "")
    #expect(metadata.value("d") == nil)
    #expect(try metadata.text("d") == nil)
    #expect(UploadMetadata.none.value("a") == nil)
  }

  @Test("T-19 a value that is not UTF-8 is refused as text, naming the key, and kept as bytes")
  func malformed() {
    let error = #expect(throws: ProblemError.self) { try metadata.text("b") }
    #expect(error?.problem == .badMetadata)
    #expect(error?.members["key"] == .text("b"))
    #expect(metadata.value("b") == [0xff])
  }
}
