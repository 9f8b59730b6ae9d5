import Blobs
import Bundles
import Catalog
import Vocabulary

/// Entries one after the other, each with its content; what lies in packs is read for many entries at a time.
///
/// Memory holds the contents of about a piece.
struct EntryContents {
  /// Where entries come from.
  enum Source {
    case manifest(ManifestLines)
    case list(ArraySlice<Entry>)
  }
  private static let mostEntries = 500

  private let services: GatewayServices
  private let bundle: BundleRecord
  private let pieceBytes: Int
  private var source: Source
  private var upcoming: ArraySlice<Entry> = []
  /// Of some of those that come.
  private var contents: [Digest: [UInt8]] = [:]

  init(of source: Source, in bundle: BundleRecord, _ services: GatewayServices, pieceBytes: Int) {
    self.services = services
    self.bundle = bundle
    self.pieceBytes = pieceBytes
    self.source = source
  }

  /// The next entry and its content, which the caller closes; nil behind the last one.
  ///
  /// - Throws: `BlobError` when the object is not there, or has another size.
  mutating func next() async throws -> (entry: Entry, content: EntryContent)? {
    try await readAhead()
    guard let entry = upcoming.popFirst() else { return nil }
    if let bytes = contents[entry.digest], Int64(bytes.count) == entry.size {
      return (entry, EntryContent(entry, bytes))
    }
    return (entry, EntryContent(entry, try await services.openObject(of: entry), pieceBytes: pieceBytes))
  }

  /// Looks at the entries that come, and reads those of their contents that lie in packs.
  mutating func readAhead() async throws {
    guard upcoming.isEmpty else { return }
    var entries: [Entry] = []
    var bytes: Int64 = 0
    while entries.count < Self.mostEntries, let entry = try await peek() {
      bytes += entry.size
      guard entries.isEmpty || bytes <= Int64(pieceBytes) else { break }
      entries.append(entry)
      try await skip()
    }
    upcoming = entries[...]
    contents = [:]
    guard bytes <= Int64(pieceBytes) || entries.count > 1 else { return }
    contents = try await services.blobs.packedContents(Array(Set(entries.map(\.digest))))
  }

  private mutating func peek() async throws -> Entry? {
    switch source {
    case .list(let entries): return entries.first
    case .manifest(var lines):
      defer { source = .manifest(lines) }
      return try await services.entry(of: &lines, bundle)
    }
  }

  private mutating func skip() async throws {
    switch source {
    case .list(let entries): source = .list(entries.dropFirst())
    case .manifest(var lines):
      defer { source = .manifest(lines) }
      try await lines.advance()
    }
  }
}

/// An entry's content a piece at a time, never short.
struct EntryContent {
  private let entry: Entry
  /// nil when all of it is here.
  private let object: (any BlobReader)?
  private let pieceBytes: Int
  private var bytes: [UInt8]
  private var offset: Int64 = 0

  /// All of it.
  init(_ entry: Entry, _ bytes: [UInt8]) {
    self.entry = entry
    self.bytes = bytes
    object = nil
    pieceBytes = bytes.count
  }

  /// - Parameter object: seen to have the entry's size; closed with this.
  init(_ entry: Entry, _ object: any BlobReader, pieceBytes: Int) {
    self.entry = entry
    self.object = object
    self.pieceBytes = pieceBytes
    bytes = []
  }

  func close() { object?.close() }

  /// The next piece; nil behind the last one.
  mutating func next() async throws -> [UInt8]? {
    guard offset < entry.size else { return nil }
    guard let object else {
      offset = entry.size
      defer { bytes = [] }
      return bytes
    }
    let wanted = Int(min(Int64(pieceBytes), entry.size - offset))
    let bytes = try await object.read(wanted, at: offset)
    guard bytes.count == wanted else {
      throw BlobError.missing("object \(entry.digest) from byte \(offset + Int64(bytes.count)) on")
    }
    offset += Int64(wanted)
    return bytes
  }
}
