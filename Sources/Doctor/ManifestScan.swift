import Bundles
import Platform
import Vocabulary

/// One pass over a stored manifest, with the bytes of a few lines in memory at a time.
struct ManifestScan {
  /// No line of a manifest comes near it.
  private static let maximumLineBytes = 16 << 10

  private var stream = SHA256Stream()
  private var rest: [UInt8] = []
  private var lastPath: BundlePath?
  private var lineNumber = 0
  /// What is wrong with the text; nothing behind it is read.
  private(set) var flaw: String?

  /// Visits the entries of a whole manifest; nil when the file ends before the manifest does.
  mutating func run(
    _ content: StoredContent, entry: (Entry) -> Void
  ) throws(FileError) -> Digest? {
    let isWhole = try content.visit { bytes in
      stream.update(bytes)
      if flaw == nil { take(bytes, entry) }
    }
    if flaw == nil, !rest.isEmpty || lineNumber == 0 { flaw = "its last line has no end" }
    return isWhole ? stream.digest() : nil
  }

  private mutating func take(_ bytes: [UInt8], _ entry: (Entry) -> Void) {
    let text = rest + bytes
    var start = text.startIndex
    while flaw == nil, let end = text[start...].firstIndex(of: UInt8(ascii: "\n")) {
      takeLine(text[start..<end], entry)
      start = end + 1
    }
    rest = Array(text[start...])
    if flaw == nil, rest.count > Self.maximumLineBytes { flaw = "line \(lineNumber + 1) is too long" }
  }

  private mutating func takeLine(_ line: ArraySlice<UInt8>, _ visit: (Entry) -> Void) {
    lineNumber += 1
    if lineNumber == 1 {
      if !line.elementsEqual(Manifest.header.utf8.dropLast()) { flaw = "it begins with another line" }
      return
    }
    guard let entry = try? Manifest.parse(line) else {
      flaw = "line \(lineNumber) is no entry"
      return
    }
    if let lastPath, entry.path <= lastPath {
      flaw = "line \(lineNumber) is not behind the one before"
      return
    }
    lastPath = entry.path
    visit(entry)
  }
}
