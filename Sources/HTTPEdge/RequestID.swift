import HTTPTypes
import Platform
import UploadProtocol
import Vocabulary

/// The id of one request in responses and log lines.
enum RequestID {
  /// The client's own, when it is short and plain, else a random one.
  static func make(_ headers: HTTPFields, entropy: any Entropy) -> String {
    if let given = headers[.requestID], (1...36).contains(given.utf8.count),
      given.utf8.allSatisfy({ byte in
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
          || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
      })
    {
      return given
    }
    return Hexadecimal.encode(entropy.bytes(8))
  }
}
