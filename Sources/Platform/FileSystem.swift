/// The calls of the file system that Sheaf makes: synchronous, throwing, each one a place where a fault can be put.
///
/// Paths are absolute, or relative to the working folder. A final symbolic link is never followed. Call only on an
/// `IOExecutor`'s threads.
package protocol FileSystem: Sendable {
  func open(_ path: String, _ mode: OpenMode) throws(FileError) -> any OpenFile
  /// Size in bytes, or nil when there is nothing at `path`.
  func size(_ path: String) throws(FileError) -> Int64?
  /// Names in the folder, without `.` and `..`, in no order.
  func list(_ folder: String) throws(FileError) -> [String]
  /// Makes the folder and those above it; done when it is there already.
  func makeFolder(_ path: String) throws(FileError)
  /// Replaces `new` in one step.
  func rename(_ old: String, to new: String) throws(FileError)
  /// A second name for the file; throws `exists` when `new` is taken.
  func link(_ old: String, to new: String) throws(FileError)
  /// Done when there is nothing at `path`.
  func remove(_ path: String) throws(FileError)
  /// Makes the folder's entries durable.
  func syncFolder(_ path: String) throws(FileError)
  /// Bytes that are free for this process, and bytes in all, of the file system that holds `path`.
  func space(_ path: String) throws(FileError) -> (free: Int64, total: Int64)
}

/// How a file is opened.
package enum OpenMode: Sendable {
  case read
  case readWrite
  /// Makes the file; throws `exists` when it is there.
  case create
}

/// An open file; closed by `close`, or when the last reference goes.
package protocol OpenFile: AnyObject, Sendable {
  /// Writes all bytes of all chunks one after the other from `offset`; on a throw some may have been written.
  func write(_ chunks: [any ByteChunk], at offset: Int64) throws(FileError)
  /// Reads up to `buffer.count` bytes from `offset`; 0 at the end of the file.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(FileError) -> Int
  /// Copies up to `count` bytes of another file from its `offset` to `position` here; fewer only at that file's end.
  ///
  /// File systems that can make both share the bytes instead.
  func copy(_ count: Int64, of other: any OpenFile, from offset: Int64, to position: Int64)
    throws(FileError) -> Int64
  func size() throws(FileError) -> Int64
  func truncate(to size: Int64) throws(FileError)
  /// Makes the bytes (and the size) durable.
  func sync() throws(FileError)
  /// Names the file has.
  func linkCount() throws(FileError) -> Int
  func setPermissions(_ mode: UInt32) throws(FileError)
  func close()
}

extension OpenFile {
  /// By reading and writing.
  package func copy(
    _ count: Int64, of other: any OpenFile, from offset: Int64, to position: Int64
  ) throws(FileError) -> Int64 {
    try copyByReading(count, of: other, from: offset, to: position)
  }

  /// Copies up to `count` bytes through this process; fewer only at the other's end.
  func copyByReading(
    _ count: Int64, of other: any OpenFile, from offset: Int64, to position: Int64
  ) throws(FileError) -> Int64 {
    var copied: Int64 = 0
    while copied < count {
      let bytes = try other.readBytes(Int(min(count - copied, 1 << 20)), at: offset + copied)
      if bytes.isEmpty { break }
      try write([bytes], at: position + copied)
      copied += Int64(bytes.count)
    }
    return copied
  }

  /// Reads exactly `count` bytes unless the file ends before.
  package func readBytes(_ count: Int, at offset: Int64) throws(FileError) -> [UInt8] {
    var failure: FileError?
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      do throws(FileError) {
        while filled < count {
          let rest = UnsafeMutableRawBufferPointer(
            rebasing: UnsafeMutableRawBufferPointer(buffer)[filled..<count])
          let got = try read(into: rest, at: offset + Int64(filled))
          if got == 0 { break }
          filled += got
        }
      } catch { failure = error }
    }
    if let failure { throw failure }
    return bytes
  }
}

/// A failed call of the file system.
package struct FileError: Error, Sendable, CustomStringConvertible {
  package enum Kind: Sendable { case notFound, exists, full, denied, other }
  package let kind: Kind
  /// The call, as its manual names it.
  package let call: String
  package let path: String
  package let code: Int32
  package let explanation: String

  package init(kind: Kind, call: String, path: String, code: Int32, explanation: String) {
    self.kind = kind
    self.call = call
    self.path = path
    self.code = code
    self.explanation = explanation
  }
  package var description: String { "\(call) \(path): \(explanation)" }
}
