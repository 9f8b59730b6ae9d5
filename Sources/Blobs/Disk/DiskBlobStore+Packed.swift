import Platform
import Vocabulary

extension DiskBlobStore {
  /// Of one read: neighbours in a pack come together.
  private static let readBytes: Int64 = 1 << 20

  package func packedContents(_ digests: [Digest]) async throws(BlobError) -> [Digest: [UInt8]] {
    let places = try await index.extents(of: digests).sorted {
      ($0.value.pack.text, $0.value.offset) < ($1.value.pack.text, $1.value.offset)
    }
    return try await perform { () throws(FileError) in
      var contents: [Digest: [UInt8]] = [:]
      var next = places.startIndex
      while next < places.endIndex {
        let pack = places[next].value.pack
        let end = places[next...].firstIndex { $0.value.pack != pack } ?? places.endIndex
        try read(places[next..<end], of: pack, into: &contents)
        next = end
      }
      return contents
    }
  }

  /// A pack that a collection has just emptied is not there; what is not read here is asked for on its own.
  private func read(
    _ places: ArraySlice<(key: Digest, value: Extent)>, of pack: PackID,
    into contents: inout [Digest: [UInt8]]
  ) throws(FileError) {
    let file: any OpenFile
    do throws(FileError) { file = try files.open(layout.pack(pack), .read) } catch {
      if error.kind == .notFound { return }
      throw error
    }
    defer { file.close() }
    var rest = places
    while let first = rest.first?.value {
      var end = first.offset + first.length
      let run = rest.prefix { _, extent in
        let isNear = extent.offset - end <= Int64(PackFormat.headBytes)
        guard isNear, extent.offset + extent.length - first.offset <= max(Self.readBytes, first.length) else {
          return false
        }
        end = max(end, extent.offset + extent.length)
        return true
      }
      let bytes = try file.readBytes(Int(end - first.offset), at: first.offset)
      for (digest, extent) in run {
        let start = Int(extent.offset - first.offset)
        let stop = start + Int(extent.length)
        if stop <= bytes.count { contents[digest] = Array(bytes[start..<stop]) }
      }
      rest = rest.dropFirst(run.count)
    }
  }
}
