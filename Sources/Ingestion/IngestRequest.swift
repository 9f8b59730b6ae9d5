import Pushes
import Vocabulary

/// What somebody asks for who pushes a folder of a source.
package struct IngestRequest: Sendable {
  package static let concurrencyFactors = 1...64
  package static let standardConcurrencyFactor = 4

  package var repo: RepoName
  package var message: String
  package var label: LabelName?
  package var author: String?
  package var source: String
  /// nil: the source itself.
  package var path: BundlePath?
  /// Files and folders below `path`; empty: all of it.
  package var files: [BundlePath]
  /// Files processed at once.
  package var concurrencyFactor: Int
  /// Whether a folder without files makes an empty bundle.
  package var allowsEmpty: Bool

  package init(
    repo: RepoName, message: String, label: LabelName? = nil, author: String? = nil, source: String,
    path: BundlePath? = nil, files: [BundlePath] = [],
    concurrencyFactor: Int = IngestRequest.standardConcurrencyFactor, allowsEmpty: Bool = false
  ) {
    self.allowsEmpty = allowsEmpty
    self.repo = repo
    self.message = message
    self.label = label
    self.author = author
    self.source = source
    self.path = path
    self.files = files
    self.concurrencyFactor = concurrencyFactor
  }

  /// - Throws: `ProblemError` with `bad-request`, naming the field.
  func check() throws(ProblemError) {
    guard (1...PushRegister.maximumMessageBytes).contains(message.utf8.count) else {
      throw Self.flaw(
        "message",
        "message must have 1 to \(PushRegister.maximumMessageBytes) bytes, not \(message.utf8.count)")
    }
    if let author, author.utf8.count > 256 {
      throw Self.flaw("author", "author must have at most 256 bytes")
    }
    guard Self.concurrencyFactors.contains(concurrencyFactor) else {
      throw Self.flaw(
        "concurrencyFactor",
        "concurrencyFactor must be \(Self.concurrencyFactors.lowerBound) to "
          + "\(Self.concurrencyFactors.upperBound) files at once, not \(concurrencyFactor)")
    }
    guard files.count <= PushRegister.maximumFiles else {
      throw Self.flaw(
        "source.files",
        "source.files must name at most \(PushRegister.maximumFiles) files and folders, not \(files.count)")
    }
  }

  /// A list as people paste it: a path a line, blank lines and a slash at an end aside.
  ///
  /// - Throws: `ProblemError` with `bad-path`, naming the first line that is none.
  package static func paths(inList text: String) throws(ProblemError) -> [BundlePath] {
    var paths: [BundlePath] = []
    for line in text.utf8.split(whereSeparator: { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }) {
      if line.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }) { continue }
      paths.append(try path(String(Substring(line))))
    }
    return paths
  }

  /// A path of a list; a slash at its end says nothing more.
  ///
  /// - Throws: `ProblemError` with `bad-path`.
  package static func path(_ text: String) throws(ProblemError) -> BundlePath {
    let isFolder = text.utf8.count > 1 && text.utf8.last == UInt8(ascii: "/")
    return try BundlePath(isFolder ? String(decoding: text.utf8.dropLast(), as: UTF8.self) : text)
  }

  private static func flaw(_ field: String, _ detail: String) -> ProblemError {
    ProblemError(.badRequest, detail: detail, members: ["field": .text(field)])
  }
}
