import Vocabulary

/// Reads `application/vnd.sheaf.frames`: for each file the length of a header (unsigned, 32 bits, big-endian), the
/// header (a JSON object `{path, size, mtime?, mode?, sha256?}`), and as many bytes of content as `size` says.
package struct FrameParser: ArchiveParser {
  package static let mediaType = "application/vnd.sheaf.frames"
  /// Bytes of one header.
  package static let maximumHeaderBytes = 8 << 10

  private enum State {
    case length
    case header(count: Int)
    case content(rest: Int64)
    case skipping(rest: Int64)
  }
  private var state = State.length
  private var held: [UInt8] = []

  package init() {}

  package mutating func next(_ input: inout ArraySlice<UInt8>) throws(ProblemError) -> ArchiveEvent? {
    while true {
      switch state {
      case .length:
        guard let bytes = take(4, from: &input) else { return nil }
        let count = bytes.reduce(0) { $0 << 8 | Int($1) }
        guard (1...Self.maximumHeaderBytes).contains(count) else {
          throw badArchive("a frame's header claims \(count) bytes; it has 1 to \(Self.maximumHeaderBytes)")
        }
        state = .header(count: count)
      case .header(let count):
        guard let bytes = take(count, from: &input) else { return nil }
        return try begin(FrameHeader(bytes))
      case .content(let rest):
        if rest == 0 {
          state = .length
          return .endOfFile
        }
        guard !input.isEmpty else { return nil }
        let piece = input.prefix(Int(min(rest, Int64(input.count))))
        input = input.dropFirst(piece.count)
        state = .content(rest: rest - Int64(piece.count))
        return .content(piece)
      case .skipping(let rest):
        let count = min(rest, Int64(input.count))
        input = input.dropFirst(Int(count))
        if rest > count {
          state = .skipping(rest: rest - count)
          return nil
        }
        state = .length
      }
    }
  }

  package func finish() throws(ProblemError) {
    if case .length = state, held.isEmpty { return }
    if case .skipping(0) = state { return }
    throw badArchive("the frames are cut off in the middle of one")
  }

  private mutating func take(_ count: Int, from input: inout ArraySlice<UInt8>) -> [UInt8]? {
    let piece = input.prefix(count - held.count)
    held += piece
    input = input.dropFirst(piece.count)
    guard held.count == count else { return nil }
    defer { held = [] }
    return held
  }

  private mutating func begin(_ header: FrameHeader) -> ArchiveEvent {
    do throws(ProblemError) {
      let file = try header.file()
      state = .content(rest: header.size)
      return .file(file)
    } catch {
      state = .skipping(rest: header.size)
      return .refused(name: ArchiveName.shown(header.path[...]), error)
    }
  }
}

/// The header of one frame: what must be known to go on, and what concerns its file alone.
private struct FrameHeader {
  let path: [UInt8]
  let size: Int64
  private let members: [String: FlatJSON.Value]

  /// - Throws: `ProblemError` with `bad-archive` when the end of the frame cannot be known.
  init(_ bytes: [UInt8]) throws(ProblemError) {
    guard let members = FlatJSON.object(bytes) else {
      throw badArchive("a frame's header is not a JSON object of texts and numbers (RFC 8259)")
    }
    guard case .text(let path)? = members["path"] else {
      throw badArchive("a frame's header has no text \"path\"")
    }
    guard case .number(let text)? = members["size"], let size = Int64(text), size >= 0 else {
      throw badArchive("a frame's header has no \"size\" that is a number of bytes")
    }
    let known: Set = ["path", "size", "mtime", "mode", "sha256"]
    if let other = members.keys.filter({ !known.contains($0) }).min() {
      throw badArchive("\(quoted(other)) is not a member of a frame's header")
    }
    self.path = Array(path.utf8)
    self.size = size
    self.members = members
  }

  /// - Throws: `ProblemError` with `bad-path` or `bad-metadata`.
  func file() throws(ProblemError) -> ArchiveFile {
    var file = ArchiveFile(path: try ArchiveName.path(path[...]), size: size)
    switch members["mtime"] {
    case nil, .null: break
    case .number(let text):
      guard let time = DecimalTime.parse(text) else {
        throw flaw("mtime", "is not a number of seconds since 1970")
      }
      file.modifiedAt = time
    default: throw flaw("mtime", "is not a number of seconds since 1970")
    }
    switch members["mode"] {
    case nil, .null: break
    case .text(let text):
      let isOctal = (1...6).contains(text.utf8.count) && text.utf8.allSatisfy { (0x30...0x37).contains($0) }
      guard isOctal, let mode = Int(text, radix: 8), mode <= 0o177777 else {
        throw flaw("mode", "is not an octal file mode in text")
      }
      file.mode = mode & 0o777
    default: throw flaw("mode", "is not an octal file mode in text")
    }
    switch members["sha256"] {
    case nil, .null: break
    case .text(let text):
      guard let digest = Digest(hex: text) else { throw flaw("sha256", "is not 64 hexadecimal digits") }
      file.digest = digest
    default: throw flaw("sha256", "is not 64 hexadecimal digits")
    }
    return file
  }

  private func flaw(_ name: String, _ why: String) -> ProblemError {
    ArchiveName.flaw(inKey: name, of: path[...], why)
  }
}
