import Vocabulary

/// Reads files out of one stream that arrives in pieces. Pure: what it holds is bounded, whatever comes.
package protocol ItemParser<Event>: Sendable {
  associatedtype Event: Sendable
  /// Takes from the front of `input` and tells what was found; nil once all of `input` is taken and more is needed.
  ///
  /// - Throws: `ProblemError` with `bad-archive`; nothing can be read after it.
  mutating func next(_ input: inout ArraySlice<UInt8>) throws(ProblemError) -> Event?
  /// To be called when no more input comes.
  ///
  /// - Throws: `ProblemError` with `bad-archive` when this is not the end that the format has.
  func finish() throws(ProblemError)
}

/// Reads files with their sizes and paths.
package protocol ArchiveParser: ItemParser where Event == ArchiveEvent {}

/// What comes next in an archive.
package enum ArchiveEvent: Sendable {
  /// A file begins; its content follows in any number of pieces, then `endOfFile`.
  case file(ArchiveFile)
  case content(ArraySlice<UInt8>)
  case endOfFile
  /// An entry that cannot be part of a bundle; the parser skips its content. `name` is fit to be shown.
  case refused(name: String, ProblemError)
}

/// A file of an archive, as its header describes it.
package struct ArchiveFile: Sendable, Equatable {
  package var path: BundlePath
  /// Bytes.
  package var size: Int64
  /// Permission bits, 0o000…0o777.
  package var mode: Int?
  package var modifiedAt: Timestamp?
  package var digest: Digest?

  package init(
    path: BundlePath, size: Int64, mode: Int? = nil, modifiedAt: Timestamp? = nil, digest: Digest? = nil
  ) {
    self.path = path
    self.size = size
    self.mode = mode
    self.modifiedAt = modifiedAt
    self.digest = digest
  }
}

/// Names as archives hold them: bytes that may be anything.
package enum ArchiveName {
  /// Bytes of a name that a refusal shows.
  static let shownBytes = 1024

  /// The name as the path of an entry, without a leading `./`.
  ///
  /// - Throws: `ProblemError` with `bad-path`.
  static func path(_ bytes: ArraySlice<UInt8>) throws(ProblemError) -> BundlePath {
    var rest = bytes
    while rest.starts(with: [UInt8(ascii: "."), UInt8(ascii: "/")]) { rest = rest.dropFirst(2) }
    guard rest.count <= BundlePath.maximumByteCount else {
      throw flaw(bytes, "is longer than \(BundlePath.maximumByteCount) bytes")
    }
    guard let text = String(validating: rest, as: UTF8.self) else { throw flaw(bytes, "is not valid UTF-8") }
    return try BundlePath(text)
  }

  static func flaw(_ bytes: ArraySlice<UInt8>, _ why: String) -> ProblemError {
    let name = shown(bytes)
    return ProblemError(.badPath, detail: "path \"\(name)\" \(why)", members: ["path": .text(name)])
  }

  static func flaw(inKey key: String, of bytes: ArraySlice<UInt8>, _ why: String) -> ProblemError {
    ProblemError(
      .badMetadata, detail: "\(key) of \"\(shown(bytes))\" \(why)", members: ["key": .text(key)])
  }

  /// Fit to be shown: what is not printable UTF-8 is written as `\xHH`, and a long name is cut.
  package static func shown(_ bytes: ArraySlice<UInt8>) -> String {
    let head = bytes.prefix(shownBytes)
    var text = ""
    if let whole = String(validating: head, as: UTF8.self) {
      for scalar in whole.unicodeScalars {
        if scalar.value < 0x20 || scalar.value == 0x7f {
          text += escaped(UInt8(scalar.value))
        } else {
          text.unicodeScalars.append(scalar)
        }
      }
    } else {
      for byte in head {
        if (0x20..<0x7f).contains(byte) {
          text.unicodeScalars.append(Unicode.Scalar(byte))
        } else {
          text += escaped(byte)
        }
      }
    }
    return bytes.count > shownBytes ? text + "…" : text
  }

  private static func escaped(_ byte: UInt8) -> String { "\\x" + Hexadecimal.encode([byte]) }
}

func badArchive(_ detail: String) -> ProblemError { ProblemError(.badArchive, detail: detail) }
