import Glibc

/// What tells that an open file is as it was: two stamps of a file that nobody changed in between are equal.
package struct FileStamp: Sendable, Equatable {
  package let info: FileInfo
  /// Time of the last change of content or attributes, in nanoseconds since 1970; nobody can set it.
  package let changedNanoseconds: Int64

  package init(info: FileInfo, changedNanoseconds: Int64) {
    self.info = info
    self.changedNanoseconds = changedNanoseconds
  }

  init(_ status: stat) {
    info = FileInfo(status)
    changedNanoseconds = Int64(status.st_ctim.tv_sec) * 1_000_000_000 + Int64(status.st_ctim.tv_nsec)
  }
}

/// An open file that can be looked at again.
package protocol StampedFile: OpenFile {
  func stamp() throws(FileError) -> FileStamp
}
