import Platform
import Vocabulary

/// A file, or a run of bytes in one, open for reading.
final class DiskReader: BlobReader {
  let size: Int64
  private let start: Int64
  private let file: any OpenFile
  private let executor: any IOExecutor

  init(file: any OpenFile, start: Int64, size: Int64, executor: any IOExecutor) {
    self.file = file
    self.start = start
    self.size = size
    self.executor = executor
  }

  func read(_ count: Int, at offset: Int64) async throws(BlobError) -> [UInt8] {
    let wanted = Int(max(0, min(Int64(count), size - offset)))
    return try await executor.blob { [file, start] () throws(FileError) in
      try file.readBytes(wanted, at: start + offset)
    }
  }

  func part(from start: Int64, count: Int64) -> any BlobReader {
    DiskReader(file: file, start: self.start + start, size: count, executor: executor)
  }

  /// Call on the executor.
  func copy(_ count: Int64, from offset: Int64, into target: any OpenFile, at position: Int64)
    throws(FileError) -> Int64
  {
    try target.copy(count, of: file, from: start + offset, to: position)
  }

  func close() { file.close() }
}
