import FoundationEssentials
import Vocabulary

/// One file of a bundle.
package struct Entry: Sendable, Equatable {
  package var path: BundlePath
  package var size: Int64
  package var digest: Digest
  /// Permission bits.
  package var mode: Int?
  package var modifiedAt: Timestamp?

  package init(path: BundlePath, size: Int64, digest: Digest, mode: Int?, modifiedAt: Timestamp?) {
    self.path = path
    self.size = size
    self.digest = digest
    self.mode = mode
    self.modifiedAt = modifiedAt
  }
}

/// The canonical text of a manifest (docs/storage-format.md): a header line, then one JSON line per entry in path order.
package enum Manifest {
  package static let header = "{\"format\":\"sheaf manifest 1\"}\n"
  /// No line is longer: a path of 4,096 bytes whose every byte is escaped to two, and the rest.
  static let maximumLineBytes = 9000

  package static func line(_ entry: Entry) -> String {
    let mode = entry.mode.map { "\"0\(String($0, radix: 8))\"" } ?? "null"
    let modifiedAt = entry.modifiedAt.map { String($0.milliseconds) } ?? "null"
    return "{\"path\":\(jsonString(entry.path.text)),\"size\":\(entry.size),\"sha256\":\"\(entry.digest)\","
      + "\"mode\":\(mode),\"mtimeMilliseconds\":\(modifiedAt)}\n"
  }

  /// - Throws: `ManifestError` when the line, without its end, is not one that `line` makes.
  package static func parse(_ line: some Sequence<UInt8>) throws -> Entry {
    let bytes = Array(line)
    guard let fields = try? JSONDecoder().decode(Fields.self, from: Data(bytes)),
      let path = try? BundlePath(fields.path), let digest = Digest(hex: fields.sha256), fields.size >= 0
    else { throw malformed(bytes) }
    let entry = Entry(
      path: path, size: fields.size, digest: digest, mode: fields.mode.flatMap { Int($0, radix: 8) },
      modifiedAt: fields.mtimeMilliseconds.map(Timestamp.init(milliseconds:)))
    guard self.line(entry).utf8.dropLast().elementsEqual(bytes) else { throw malformed(bytes) }
    return entry
  }

  private static func malformed(_ line: [UInt8]) -> ManifestError {
    .malformed(String(decoding: line.prefix(200), as: UTF8.self))
  }
}

private struct Fields: Decodable {
  var path: String
  var size: Int64
  var sha256: String
  var mode: String?
  var mtimeMilliseconds: Int64?
}

package enum ManifestError: Error, CustomStringConvertible {
  case malformed(String)
  package var description: String {
    switch self {
    case .malformed(let line): "the manifest has a malformed line: \(quoted(line))"
    }
  }
}

/// A JSON string literal with the fewest escapes RFC 8259 §7 asks for, so that equal text gives equal bytes.
func jsonString(_ text: String) -> String {
  var bytes: [UInt8] = [UInt8(ascii: "\"")]
  for byte in text.utf8 {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"):
      bytes += [UInt8(ascii: "\\"), byte]
    case 0..<0x20:
      bytes += Array("\\u00".utf8) + Array(Hexadecimal.encode([byte]).utf8)
    default:
      bytes.append(byte)
    }
  }
  bytes.append(UInt8(ascii: "\""))
  return String(decoding: bytes, as: UTF8.self)
}
