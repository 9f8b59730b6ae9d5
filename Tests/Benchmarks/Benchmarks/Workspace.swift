import Glibc
import Platform

/// The folder that all servers store below; it is gone when the program ends.
final class Workspace: Sendable {
  let root: String
  private let count = Locked(0)

  /// - Parameter parent: on the file system to measure.
  init(in parent: String) throws {
    root = "\(parent)/benchmark-data-\(getpid())"
    guard mkdir(root, 0o755) == 0 else { throw BenchmarkError.call("mkdir \(root)") }
  }

  /// A new folder.
  func makeFolder(_ name: String) throws -> String {
    let number = count.withLock { count in
      count += 1
      return count
    }
    let folder = "\(root)/\(number)-\(name)"
    guard mkdir(folder, 0o755) == 0 else { throw BenchmarkError.call("mkdir \(folder)") }
    return folder
  }

  /// Deletes a folder with all it holds.
  func remove(_ folder: String) throws { _ = try Program.output(of: "/bin/rm", ["-rf", folder]) }

  func removeAll() throws { try remove(root) }
}
