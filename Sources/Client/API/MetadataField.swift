import Vocabulary

/// Writes `Upload-Metadata` (tus 1.0.0, creation extension): `key base64,key base64`.
package enum MetadataField {
  package static func encode(_ pairs: [(key: String, value: String)]) -> String {
    pairs.map { pair in pair.value.isEmpty ? pair.key : "\(pair.key) \(Base64.encode(Array(pair.value.utf8)))"
    }
    .joined(separator: ",")
  }

  /// The metadata of one file of a push.
  package static func encode(push: PushID, file: SourceFile, digest: Digest?, author: String? = nil) -> String
  {
    var pairs: [(key: String, value: String)] = [
      ("push", push.text), ("path", file.path.text), ("filename", file.path.lastComponent),
      ("mtime", modified(file)), ("mode", octal(file.mode)),
    ]
    if let author { pairs.append(("author", author)) }
    if let digest { pairs.append(("sha256", digest.hex)) }
    return encode(pairs)
  }

  /// When the file's content changed, in whole milliseconds as bundles keep it: however a file comes to the server, whole
  /// or by its digest, its entry is the same.
  package static func modified(_ file: SourceFile) -> String {
    seconds(nanoseconds: file.modifiedNanoseconds / 1_000_000 * 1_000_000)
  }

  /// Decimal seconds since 1970, exact: `-0.5`, `1700000000.125`.
  package static func seconds(nanoseconds: Int64) -> String {
    let (seconds, rest) = nanoseconds.magnitude.quotientAndRemainder(dividingBy: 1_000_000_000)
    var text = (nanoseconds < 0 ? "-" : "") + String(seconds)
    guard rest > 0 else { return text }
    let digits = String(rest)
    var fraction = String(repeating: "0", count: 9 - digits.count) + digits
    while fraction.hasSuffix("0") { fraction.removeLast() }
    text += "." + fraction
    return text
  }

  /// Four octal digits: `0644`.
  package static func octal(_ mode: UInt32) -> String {
    let digits = String(mode & 0o777, radix: 8)
    return String(repeating: "0", count: 4 - digits.count) + digits
  }
}
