import Blobs
import Bundles
import Vocabulary

/// The input: a byte for the number of entries of a page, eight for a client's cursor, then the lines of a manifest, or,
/// when the first byte is odd, paths to make such lines of.
@_cdecl("LLVMFuzzerTestOneInput")
public func checkManifest(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var input = FuzzInput(start, count)
  let choice = input.byte()
  let cursor = input.integer()
  let limit = Int(choice >> 1) + 1
  guard choice & 1 == 1 else {
    let blob = MemoryBlob(Array(Manifest.header.utf8) + input.bytes)
    blocking { await checkAny(blob, cursor, limit) }
    return 0
  }
  let paths = Set(input.lines().compactMap { try? BundlePath(text($0)) }).sorted()
  let entries = paths.compactMap(entry)
  let blob = MemoryBlob(Array((Manifest.header + entries.map(Manifest.line).joined()).utf8))
  blocking { await checkWhole(blob, entries, cursor, limit) }
  return 0
}

private func entry(_ path: BundlePath) -> Entry? {
  let size = path.text.utf8.reduce(Int64(0)) { $0 &* 31 &+ Int64($1) } & .max
  return Digest(bytes: [UInt8](repeating: UInt8(truncatingIfNeeded: size), count: 32)).map { digest in
    Entry(path: path, size: size, digest: digest, mode: size & 1 == 0 ? nil : 0o644, modifiedAt: nil)
  }
}

/// Any bytes end in entries that are there or in an error, and soon.
private func checkAny(_ blob: MemoryBlob, _ cursor: Int64, _ limit: Int) async {
  let reader = ManifestReader(blob)
  _ = try? await reader.page(from: cursor, limit: limit)
  if let path = try? BundlePath("m/n") { _ = try? await reader.entry(at: path) }
  var text = Manifest.header
  do {
    try await reader.visit { text += Manifest.line($0) }
  } catch { return }
  precondition(text.utf8.elementsEqual(blob.bytes), "a manifest has one spelling")
}

private func checkWhole(_ blob: MemoryBlob, _ entries: [Entry], _ cursor: Int64, _ limit: Int) async {
  let reader = ManifestReader(blob)
  // Every page and every step of a bisection reads 64 KiB, so a long list has long pages, and few paths are looked up.
  let limit = max(limit, entries.count / 8)
  do {
    var found: [Entry] = []
    var position: Int64? = ManifestReader.start
    while let from = position {
      let page = try await reader.page(from: from, limit: limit)
      precondition(page.next == nil || page.entries.count == limit, "a page is full, or the last")
      precondition(page.next ?? .max > from, "pages go on")
      found += page.entries
      position = page.next
    }
    precondition(found == entries, "pages together are the manifest")
    let chosen = entries.isEmpty ? 0 : Int(cursor & .max) % entries.count
    for entry in entries.prefix(2) + entries.suffix(2) + entries.dropFirst(chosen).prefix(1) {
      let found = try await reader.entry(at: entry.path)
      precondition(found == entry, "every entry is found by its path")
      guard let other = try? BundlePath(String(entry.path.text.prefix(50)) + "\u{301}0") else { continue }
      let neighbour = try await reader.entry(at: other)
      precondition(neighbour == entries.first { $0.path == other }, "and no other path is")
    }
  } catch {
    preconditionFailure("a manifest as it is written is read: \(error)")
  }
  await checkCursor(reader, entries, blob.start + (cursor & .max) % (blob.size - blob.start + 2), limit)
}

/// A cursor of our own gives the page; any other is a bad request.
private func checkCursor(_ reader: ManifestReader, _ entries: [Entry], _ cursor: Int64, _ limit: Int) async {
  var position = ManifestReader.start
  var index = 0
  while position < cursor, index < entries.count {
    position += Int64(Manifest.line(entries[index]).utf8.count)
    index += 1
  }
  do {
    let page = try await reader.page(from: cursor, limit: limit)
    precondition(position == cursor && page.entries == Array(entries[index...].prefix(limit)))
  } catch let error as ProblemError {
    precondition(position != cursor && error.problem == .badRequest, "a cursor of ours is good")
  } catch {
    preconditionFailure("a bad cursor is the client's fault: \(error)")
  }
}

/// Bytes in memory, read as the protocol promises.
private final class MemoryBlob: BlobReader {
  let bytes: [UInt8]
  var size: Int64 { Int64(bytes.count) }
  var start: Int64 { ManifestReader.start }

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  func read(_ count: Int, at offset: Int64) async throws(BlobError) -> [UInt8] {
    precondition(count >= 0 && offset >= 0 && offset <= size, "a reader stays inside")
    return Array(bytes[Int(offset)...].prefix(count))
  }
  func close() {}
}

/// Runs jobs where they are handed in: one thread, so that a run is the same every time.
private final class InlineExecutor: TaskExecutor {
  func enqueue(_ job: consuming ExecutorJob) {
    job.runSynchronously(on: asUnownedTaskExecutor())
  }
}

private let executor = InlineExecutor()

private func blocking(_ body: @escaping @Sendable () async -> Void) {
  let isDone = Flag()
  Task(executorPreference: executor) {
    await body()
    isDone.value = true
  }
  precondition(isDone.value, "nothing here waits")
}

private final class Flag: @unchecked Sendable {
  // Sendable because all of it happens on one thread.
  var value = false
}
