import Blobs
import Vocabulary

/// Reads a manifest in pages, and finds a path by bisection: cost does not grow with the bundle.
package struct ManifestReader: Sendable {
  /// What is left is looked through at once when it is no more than this.
  private static let scannedBytes: Int64 = 16 << 10
  let blob: any BlobReader

  package init(_ blob: any BlobReader) { self.blob = blob }

  package static var start: Int64 { Int64(Manifest.header.utf8.count) }

  /// Up to `limit` entries from byte `position` (`start`, or what an earlier call gave as `next`).
  package func page(from position: Int64, limit: Int) async throws -> (entries: [Entry], next: Int64?) {
    guard position >= Self.start, position <= blob.size else {
      throw ProblemError(.badRequest, detail: "the cursor does not belong to this list")
    }
    var entries: [Entry] = []
    var buffer: [UInt8] = []
    var lineStart = buffer.startIndex
    var bufferEnd = position
    while entries.count < limit, bufferEnd - Int64(buffer.count - lineStart) < blob.size {
      if let end = buffer[lineStart...].firstIndex(of: UInt8(ascii: "\n")) {
        do {
          entries.append(try Manifest.parse(buffer[lineStart..<end]))
        } catch {
          if entries.isEmpty && position != Self.start {
            throw ProblemError(.badRequest, detail: "the cursor does not belong to this list")
          }
          throw error
        }
        lineStart = end + 1
        continue
      }
      buffer.removeFirst(lineStart)
      lineStart = 0
      let more = try await blob.read(64 << 10, at: bufferEnd)
      if more.isEmpty || buffer.count > Manifest.maximumLineBytes {
        throw ManifestError.malformed("a line has no end")
      }
      buffer += more
      bufferEnd += Int64(more.count)
    }
    let next = bufferEnd - Int64(buffer.count - lineStart)
    return (entries, next < blob.size ? next : nil)
  }

  /// The entry with this path, or nil.
  ///
  /// - Throws: `ManifestError`, `BlobError`.
  package func entry(at path: BundlePath) async throws -> Entry? {
    let range = try await range(of: path, from: Self.start)
    let beginning = Array("{\"path\":\(jsonString(path.text)),".utf8)
    let bytes = try await blob.read(range.count, at: range.lowerBound)
    for line in bytes.split(separator: UInt8(ascii: "\n")) where line.starts(with: beginning) {
      return try Manifest.parse(line)
    }
    return nil
  }

  /// Where the line of `path` is, if there is one: whole lines, and few of them.
  ///
  /// - Parameter start: the start of a line that is not behind it.
  func range(of path: BundlePath, from start: Int64) async throws -> Range<Int64> {
    var low = start
    var high = blob.size
    // Invariant: the line of `path`, if there is one, starts in [low, high), and both are ends of lines.
    while high - low > Self.scannedBytes {
      let line = try await line(at: low + (high - low) / 2, notBefore: low)
      let entry = try Manifest.parse(line.bytes)
      if entry.path == path { return line.start..<line.end }
      if entry.path < path { low = line.end } else { high = line.start }
    }
    return low..<high
  }

  /// All entries, a page at a time.
  package func visit(_ body: (Entry) async throws -> Void) async throws {
    var position: Int64? = Self.start
    while let from = position {
      let page = try await page(from: from, limit: 500)
      for entry in page.entries { try await body(entry) }
      position = page.next
    }
  }

  /// A line in its place; `end` is where the next one starts.
  struct Line {
    var start: Int64
    var bytes: [UInt8]
    var end: Int64 { start + Int64(bytes.count) + 1 }
  }

  /// The line that has the byte at `position`, or ends there.
  ///
  /// - Parameter floor: the start of some line that is not behind `position`.
  func line(at position: Int64, notBefore floor: Int64) async throws -> Line {
    // Most lines are short, and are asked for many times.
    var reach = 1024
    while true {
      let from = max(floor, position - Int64(reach))
      let middle = Int(position - from)
      let bytes = try await blob.read(middle + reach, at: from)
      let before = bytes.prefix(middle).lastIndex(of: UInt8(ascii: "\n"))
      if before != nil || from == floor, let end = bytes.dropFirst(middle).firstIndex(of: UInt8(ascii: "\n"))
      {
        let start = before.map { $0 + 1 } ?? 0
        return Line(start: from + Int64(start), bytes: Array(bytes[start..<end]))
      }
      guard reach <= Manifest.maximumLineBytes else { throw ManifestError.malformed("a line has no end") }
      reach *= 4
    }
  }
}
