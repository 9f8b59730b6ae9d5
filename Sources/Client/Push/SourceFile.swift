import Platform
import Vocabulary

/// A local file and the path it gets in the bundle.
package struct SourceFile: Sendable, Equatable {
  package let path: BundlePath
  /// Where it is; absolute.
  package let localPath: String
  /// As it was when the folder was scanned.
  package let info: FileInfo

  package init(path: BundlePath, localPath: String, info: FileInfo) {
    self.path = path
    self.localPath = localPath
    self.info = info
  }

  package var size: Int64 { info.size }
  package var modifiedNanoseconds: Int64 { info.modifiedNanoseconds }
  package var mode: UInt32 { info.mode }
}

/// A local file that cannot be sent as it was announced.
package enum SourceError: Error, Sendable, CustomStringConvertible {
  case unreadable(FileError)
  /// Its size, its time or the file behind the name is another than at the scan.
  case changed(SourceFile, FileInfo?)

  package var description: String {
    switch self {
    case .unreadable(let error): return error.description
    case .changed(let file, let now):
      guard let now, now.kind == .file else { return "\(file.localPath) went away while it was being sent" }
      guard now.size == file.size else {
        return "\(file.localPath) changed from \(file.size) to \(now.size) bytes while it was being sent"
      }
      return "\(file.localPath) changed while it was being sent"
    }
  }

  /// Sending it again can succeed: the push still expects this many bytes.
  package var allowsAnotherTry: Bool {
    if case .changed(let file, let now?) = self { return now.kind == .file && now.size == file.size }
    return false
  }
}
