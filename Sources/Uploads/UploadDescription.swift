import Vocabulary

/// What the metadata of an upload says about its place and its file.
package struct UploadDescription: Sendable, Equatable {
  package var push: PushID?
  package var path: BundlePath?
  package var filename: String?
  package var digest: Digest?
  package var modifiedAt: Timestamp?
  package var mode: Int?
  /// Who sends the file, at most `maximumAuthorBytes`.
  package var author: String?

  package static let maximumAuthorBytes = 256

  /// Reads the keys `push`, `path`, `filename` (or `name`), `sha256`, `mtime`, `mode` and `author`.
  ///
  /// - Throws: `ProblemError`: `bad-metadata` or `bad-path`, naming the key and the value.
  package init(_ metadata: UploadMetadata) throws(ProblemError) {
    if let text = try metadata.text("push") {
      guard let id = PushID(text) else { throw Self.flaw("push", text, "is not a push id") }
      push = id
    }
    filename = try metadata.text("filename")
    if filename == nil { filename = try metadata.text("name") }
    if let text = try metadata.text("path") {
      path = try BundlePath(text)
    } else if let filename {
      // Browsers on some systems send a whole local path; only its last part names the file.
      // By scalars: a combining character after a slash hides it from `Character`.
      let parts = filename.unicodeScalars.split(omittingEmptySubsequences: false) { $0 == "/" || $0 == "\\" }
      path = try BundlePath(parts.last.map { String($0) } ?? "")
    } else if push != nil {
      throw ProblemError(
        .badMetadata, detail: "Upload-Metadata names a push but neither path nor filename",
        members: ["key": .text("path")])
    }
    if let text = try metadata.text("sha256") {
      guard let value = Digest(hex: text) else {
        throw Self.flaw("sha256", text, "is not 64 hexadecimal digits")
      }
      digest = value
    }
    if let text = try metadata.text("mtime") {
      guard let seconds = Double(text), seconds.isFinite, abs(seconds) < 253_402_300_800 else {
        throw Self.flaw("mtime", text, "is not a number of seconds since 1970")
      }
      modifiedAt = Timestamp(milliseconds: Int64((seconds * 1000).rounded()))
    }
    if let text = try metadata.text("mode") {
      guard let value = Int(text, radix: 8), (0...0o177777).contains(value) else {
        throw Self.flaw("mode", text, "is not an octal file mode")
      }
      mode = value & 0o777
    }
    author = try Self.author(metadata.text("author"))
  }

  /// Checks who is said to send a file.
  ///
  /// - Throws: `ProblemError` with `bad-metadata`.
  package static func author(_ text: String?) throws(ProblemError) -> String? {
    guard let text else { return nil }
    guard (1...maximumAuthorBytes).contains(text.utf8.count),
      !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
    else {
      throw flaw(
        "author", text, "must have 1 to \(maximumAuthorBytes) bytes and no control characters")
    }
    return text
  }

  private static func flaw(_ key: String, _ value: String, _ why: String) -> ProblemError {
    ProblemError(
      .badMetadata, detail: "Upload-Metadata \(key) \(quoted(value)) \(why)", members: ["key": .text(key)])
  }
}
