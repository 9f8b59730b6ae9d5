import Platform
import Uploads
import Vocabulary

/// Small files that are gathered to be stored together, and what was refused between them.
struct BatchGroup: Sendable {
  static let maximumFiles = 256
  /// One group is stored while the next is gathered: together at most 4 MiB.
  static let maximumBytes = 2 << 20
  /// What a file costs beside its content.
  private static let overheadBytes = 1 << 10

  private enum Entry: Sendable {
    case file
    case refused(BatchResult)
  }
  private var entries: [Entry] = []
  private(set) var files: [WholeFile] = []
  private(set) var heldBytes = 0

  var isEmpty: Bool { entries.isEmpty }
  var isFull: Bool { entries.count >= Self.maximumFiles || heldBytes >= Self.maximumBytes }

  /// The memory a file of this size takes.
  static func cost(of size: Int64) -> Int { Int(size) + overheadBytes }

  mutating func append(_ file: WholeFile) {
    heldBytes += Self.cost(of: Int64(file.content.count))
    files.append(file)
    entries.append(.file)
  }

  mutating func append(refused result: BatchResult) { entries.append(.refused(result)) }

  /// All results in the order of the archive.
  func results(_ stored: [BatchResult]) -> [BatchResult] {
    var rest = stored[...]
    return entries.map { entry in
      switch entry {
      case .refused(let result): return result
      case .file:
        guard let result = rest.popFirst() else { preconditionFailure("every file has a result") }
        return result
      }
    }
  }
}
