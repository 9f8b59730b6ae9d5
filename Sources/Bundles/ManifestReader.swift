import Blobs
import Vocabulary

/// Reads a manifest in pages, and finds a path by bisection: cost does not grow with the bundle.
package struct ManifestReader: Sendable {
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
  package func entry(at path: BundlePath) async throws -> Entry? {
    var low = Self.start
    var high = blob.size
    // Invariant: the line of `path`, if there is one, starts in [low, high).
    while low < high {
      let middle = low + (high - low) / 2
      let lineStart = try await self.lineStart(atOrBefore: middle, notBefore: low)
      guard let entry = try await page(from: lineStart, limit: 1).entries.first else { return nil }
      if entry.path == path { return entry }
      if entry.path < path {
        low = lineStart + Int64(Manifest.line(entry).utf8.count)
      } else {
        high = lineStart
      }
    }
    return nil
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

  func lineStart(atOrBefore position: Int64, notBefore floor: Int64) async throws -> Int64 {
    let from = max(floor, position - Int64(Manifest.maximumLineBytes))
    let bytes = try await blob.read(Int(position - from), at: from)
    guard let newline = bytes.lastIndex(of: UInt8(ascii: "\n")) else { return from }
    return from + Int64(newline + 1)
  }
}
