import Foundation
import UploadProtocol
import Vocabulary

/// The input is the value of `Upload-Checksum`, and also text and bytes for the encodings below it.
@_cdecl("LLVMFuzzerTestOneInput")
public func checkUploadChecksum(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = FuzzInput(start, count)
  checkField(input.text)
  checkEncodings(of: input.bytes)
  checkBase64(input.text)
  checkHexadecimal(input.text)
  return 0
}

private func checkField(_ field: String) {
  guard let checksum = try? UploadChecksumParser.parse(field) else { return }
  precondition(checksum.bytes.count == checksum.algorithm.byteCount, "a checksum has its algorithm's length")
  let written = "\(checksum.algorithm.rawValue) \(Base64.encode(checksum.bytes))"
  precondition(written.utf8.starts(with: field.utf8), "all but the padding is as it was written")
  let again = try? UploadChecksumParser.parse(written)
  precondition(again == checksum, "what is written is read")
}

private func checkEncodings(of bytes: [UInt8]) {
  let base64 = Base64.encode(bytes)
  precondition(base64 == Data(bytes).base64EncodedString(), "base64 is that of RFC 4648")
  precondition(Base64.decode(base64) == bytes && Base64.decode(base64.prefix { $0 != "=" }) == bytes)
  let hexadecimal = Hexadecimal.encode(bytes)
  precondition(
    Hexadecimal.decode(hexadecimal) == bytes && Hexadecimal.decode(hexadecimal.uppercased()) == bytes)
  for algorithm in ChecksumAlgorithm.allCases {
    let checksum = Checksum(algorithm: algorithm, bytes: bytes)
    precondition((checksum != nil) == (bytes.count == algorithm.byteCount))
    let parsed = try? UploadChecksumParser.parse("\(algorithm.rawValue) \(base64)")
    precondition(parsed == checksum, "every checksum of the right length is read")
  }
}

private func checkBase64(_ text: String) {
  guard let bytes = Base64.decode(text) else { return }
  precondition(Base64.encode(bytes).utf8.starts(with: text.utf8), "bytes have one spelling but for padding")
  let padded = text + String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
  precondition(Data(base64Encoded: padded) == Data(bytes), "base64 is that of RFC 4648")
}

private func checkHexadecimal(_ text: String) {
  let bytes = Hexadecimal.decode(text)
  let isHexadecimal =
    text.utf8.count % 2 == 0 && text.utf8.allSatisfy { Character(Unicode.Scalar($0)).isHexDigit }
  precondition((bytes != nil) == isHexadecimal, "an even number of digits and nothing else")
  let digest = Digest(hex: text)
  precondition((digest != nil) == (bytes?.count == 32), "a digest is 32 bytes")
  if let digest {
    precondition(isSame(digest.hex, text.lowercased()) && Digest(bytes: digest.bytes) == digest)
  }
}
