import Vocabulary

/// Reads tar archives: ustar, pax (POSIX.1-2001, records `path`, `size`, `mtime`), and GNU long names.
///
/// Regular files are files; directories say nothing; links, devices and sparse files are refused one by one. What is no
/// tar archive, has a wrong checksum, or ends before its two empty blocks, is refused as a whole.
package struct TarParser: ArchiveParser {
  /// Bytes of one extended header, or of one long name.
  package static let maximumExtensionBytes = 256 << 10
  static let blockBytes = 512

  private enum State {
    case header
    /// A block of a sparse file's map; `size` bytes of content follow the last.
    case sparseMap(size: Int64)
    case extended(TarHeader.Kind, size: Int)
    case content(rest: Int64, padding: Int64)
    case skipping(rest: Int64)
    case ended
  }
  private var state = State.header
  private var held: [UInt8] = []
  private var hasEmptyBlock = false
  private var global = PaxRecords()
  private var local = PaxRecords()
  private var longName: [UInt8]?

  package init() {}

  package mutating func next(_ input: inout ArraySlice<UInt8>) throws(ProblemError) -> ArchiveEvent? {
    while true {
      switch state {
      case .header:
        guard let block = take(Self.blockBytes, from: &input) else { return nil }
        if let event = try header(block) { return event }
      case .sparseMap(let size):
        guard let block = take(Self.blockBytes, from: &input) else { return nil }
        if block[504] == 0 { state = .skipping(rest: size + Self.padding(after: size)) }
      case .extended(let kind, let size):
        guard let body = take(size + Int(Self.padding(after: Int64(size))), from: &input) else { return nil }
        try extend(kind, body.prefix(size))
        state = .header
      case .content(let rest, let padding):
        if rest == 0 {
          state = .skipping(rest: padding)
          return .endOfFile
        }
        guard !input.isEmpty else { return nil }
        let piece = input.prefix(Int(min(rest, Int64(input.count))))
        input = input.dropFirst(piece.count)
        state = .content(rest: rest - Int64(piece.count), padding: padding)
        return .content(piece)
      case .skipping(let rest):
        let count = min(rest, Int64(input.count))
        input = input.dropFirst(Int(count))
        if rest > count {
          state = .skipping(rest: rest - count)
          return nil
        }
        state = .header
      case .ended:
        input = input.dropFirst(input.count)
        return nil
      }
    }
  }

  package func finish() throws(ProblemError) {
    if case .ended = state { return }
    throw badArchive("the archive is cut off: it ends before the two empty blocks that end a tar archive")
  }

  /// Exactly `count` bytes, once they are there.
  private mutating func take(_ count: Int, from input: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    if held.isEmpty && input.count >= count {
      defer { input = input.dropFirst(count) }
      return ArraySlice(Array(input.prefix(count)))
    }
    let piece = input.prefix(count - held.count)
    held += piece
    input = input.dropFirst(piece.count)
    guard held.count == count else { return nil }
    defer { held = [] }
    return held[...]
  }

  static func padding(after size: Int64) -> Int64 {
    (Int64(blockBytes) - size % Int64(blockBytes)) % Int64(blockBytes)
  }

  private mutating func header(_ block: ArraySlice<UInt8>) throws(ProblemError) -> ArchiveEvent? {
    if block.allSatisfy({ $0 == 0 }) {
      if hasEmptyBlock { state = .ended }
      hasEmptyBlock = true
      return nil
    }
    guard !hasEmptyBlock else { throw badArchive("an empty block stands between two entries of the archive") }
    let header = try TarHeader(block)
    switch header.kind {
    case .paxLocal, .paxGlobal, .longName, .longLink:
      guard header.size <= Int64(Self.maximumExtensionBytes) else {
        throw badArchive(
          "an extended header has \(header.size) bytes; at most \(Self.maximumExtensionBytes) are taken")
      }
      state = .extended(header.kind, size: Int(header.size))
      return nil
    case .file, .folder, .other: return try entry(header, isMapExtended: block[482] != 0)
    }
  }

  private mutating func extend(_ kind: TarHeader.Kind, _ body: ArraySlice<UInt8>) throws(ProblemError) {
    switch kind {
    case .paxGlobal: try global.read(body)
    case .paxLocal: try local.read(body)
    case .longName: longName = Array(body.prefix { $0 != 0 })
    case .longLink, .file, .folder, .other: break
    }
  }

  /// An entry of its own, with what the extended headers in front of it say.
  private mutating func entry(_ header: TarHeader, isMapExtended: Bool) throws(ProblemError) -> ArchiveEvent?
  {
    let records = global.overlaid(by: local)
    let name = records.path ?? longName ?? header.name
    (local, longName) = (PaxRecords(), nil)
    var size = header.size
    if let stated = records.size { size = stated }
    guard size <= TarHeader.maximumSize else { throw badArchive("an entry claims \(size) bytes") }
    let isFolder = header.kind == .folder || (header.kind == .file && name.last == UInt8(ascii: "/"))
    if isFolder {
      state = .skipping(rest: header.kind == .folder ? 0 : size + Self.padding(after: size))
      return nil
    }
    if case .other(let type) = header.kind {
      let content = header.hasContent ? size : 0
      state =
        type == UInt8(ascii: "S") && isMapExtended
        ? .sparseMap(size: content) : .skipping(rest: content + Self.padding(after: content))
      return refusal(
        name, "is \(TarHeader.description(of: type)); only regular files can be part of a bundle")
    }
    if records.isSparse {
      state = .skipping(rest: size + Self.padding(after: size))
      return refusal(name, "is a sparse file; only regular files can be part of a bundle")
    }
    do throws(ProblemError) {
      let file = ArchiveFile(
        path: try ArchiveName.path(name[...]), size: size, mode: header.mode,
        modifiedAt: try records.modificationTime(of: name) ?? header.modifiedAt)
      state = .content(rest: size, padding: Self.padding(after: size))
      return .file(file)
    } catch {
      state = .skipping(rest: size + Self.padding(after: size))
      return .refused(name: ArchiveName.shown(name[...]), error)
    }
  }

  private func refusal(_ name: [UInt8], _ why: String) -> ArchiveEvent {
    .refused(name: ArchiveName.shown(name[...]), ArchiveName.flaw(name[...], why))
  }
}
