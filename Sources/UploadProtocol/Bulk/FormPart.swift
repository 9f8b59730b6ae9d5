import Vocabulary

/// The header of one part of a form (RFC 7578 §4).
package struct FormPart: Sendable, Equatable {
  package var name: String
  /// nil for a field that is no file. Fit to be shown when `hasUnreadableName`.
  package var filename: String?
  /// As the part says, without a check.
  package var mediaType: String?
  /// True when the file's name is not UTF-8.
  package var hasUnreadableName: Bool

  package init(
    name: String, filename: String? = nil, mediaType: String? = nil, hasUnreadableName: Bool = false
  ) {
    self.name = name
    self.filename = filename
    self.mediaType = mediaType
    self.hasUnreadableName = hasUnreadableName
  }

  /// Reads header fields, each with the CR LF behind it.
  ///
  /// - Throws: `ProblemError` with `bad-archive`.
  init(fields: ArraySlice<UInt8>) throws(ProblemError) {
    var disposition: ArraySlice<UInt8>?
    var count = 0
    var rest = fields
    while let end = rest.firstIndex(of: 0x0d) {
      let line = rest[..<end]
      guard rest[end...].dropFirst().first == 0x0a, !line.contains(where: { $0 < 0x20 && $0 != 0x09 }) else {
        throw badArchive("a header field of a part has a control character; lines end with CR LF")
      }
      rest = rest[(end + 2)...]
      count += 1
      guard count <= MultipartParser.maximumFieldCount else {
        throw badArchive("a part has more than \(MultipartParser.maximumFieldCount) header fields")
      }
      guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex,
        line[..<colon].allSatisfy({ (0x21..<0x7f).contains($0) })
      else { throw badArchive("a header field of a part is not NAME: VALUE in one line") }
      let value = HeaderParameters.trimmed(line[(colon + 1)...])
      switch String(decoding: line[..<colon], as: UTF8.self).lowercased() {
      case "content-disposition":
        guard disposition == nil else { throw badArchive("a part has Content-Disposition twice") }
        disposition = value
      case "content-type": mediaType = String(validating: value, as: UTF8.self)
      case "content-transfer-encoding":
        let encoding = String(decoding: value, as: UTF8.self).lowercased()
        guard ["binary", "8bit", "7bit"].contains(encoding) else {
          throw badArchive(
            "Content-Transfer-Encoding \(quoted(encoding)) is not supported; send the bytes themselves")
        }
      default: break
      }
    }
    guard rest.isEmpty else { throw badArchive("a header field of a part does not end with CR LF") }
    guard let disposition else { throw badArchive("a part has no Content-Disposition") }
    (name, filename, hasUnreadableName) = ("", nil, false)
    try readDisposition(disposition)
  }

  private mutating func readDisposition(_ value: ArraySlice<UInt8>) throws(ProblemError) {
    guard let parameters = HeaderParameters(value), parameters.value == "form-data" else {
      throw badArchive(
        "Content-Disposition \(quoted(ArchiveName.shown(value))) is not form-data with parameters")
    }
    guard let bytes = parameters["name"], let name = String(validating: bytes, as: UTF8.self) else {
      throw badArchive("Content-Disposition of a part has no name in UTF-8")
    }
    self.name = Self.unescaped(name)
    if let extended = parameters["filename*"] {
      guard let filename = Self.extended(extended) else {
        throw badArchive(
          "filename* \(quoted(ArchiveName.shown(extended[...]))) is not UTF-8''percent-encoded")
      }
      self.filename = filename
    } else if let bytes = parameters["filename"] {
      if let filename = String(validating: bytes, as: UTF8.self) {
        self.filename = Self.unescaped(filename)
      } else {
        hasUnreadableName = true
        filename = ArchiveName.shown(bytes[...])
      }
    }
  }

  /// Browsers write a quotation mark in a name as `%22` (HTML, multipart form data), and nothing else so: what they
  /// write for a line's end stays, as it cannot be part of a path.
  private static func unescaped(_ name: String) -> String {
    guard name.utf8.contains(UInt8(ascii: "%")) else { return name }
    var bytes: [UInt8] = []
    var rest = Array(name.utf8)[...]
    let mark = Array("%22".utf8)
    while let byte = rest.first {
      let isMark = byte == mark[0] && rest.starts(with: mark)
      bytes.append(isMark ? UInt8(ascii: "\"") : byte)
      rest = rest.dropFirst(isMark ? 3 : 1)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// RFC 8187: charset, language, and percent-encoded bytes, between apostrophes.
  private static func extended(_ value: [UInt8]) -> String? {
    let parts = value.split(separator: UInt8(ascii: "'"), maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, String(decoding: parts[0], as: UTF8.self).lowercased() == "utf-8" else {
      return nil
    }
    var bytes: [UInt8] = []
    var rest = parts[2]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard rest.count >= 2, let decoded = Hexadecimal.decode(String(decoding: rest.prefix(2), as: UTF8.self))
      else { return nil }
      bytes += decoded
      rest = rest.dropFirst(2)
    }
    return String(validating: bytes, as: UTF8.self)
  }
}
