import Platform
import Vocabulary

/// The bytes of a pack (docs/storage-format.md): a first line, then records of a fixed head and the content.
///
/// A record proves itself: its head has the content's SHA-256, so what a crash tore is told from what is whole.
package enum PackFormat {
  package static let firstLine = Array("sheaf pack 1\n".utf8)
  /// Magic, length, digest.
  package static let headBytes = 4 + 4 + 32
  /// No content of a record is longer.
  package static let maximumContentBytes = 16 << 20
  private static let magic = Array("SHR1".utf8)

  /// What stands in front of content of `length` bytes with this digest.
  package static func head(length: Int, digest: Digest) -> [UInt8] {
    precondition(length <= maximumContentBytes)
    let count = UInt32(length)
    return magic + (0..<4).map { UInt8(truncatingIfNeeded: count >> UInt32(8 * $0)) } + digest.bytes
  }

  /// The length and digest that a record's head tells; nil when it is none.
  package static func parseHead(_ bytes: some Collection<UInt8>) -> (length: Int, digest: Digest)? {
    let bytes = Array(bytes)
    guard bytes.count == headBytes, Array(bytes[..<4]) == magic else { return nil }
    let length = (0..<4).reduce(0) { $0 | Int(bytes[4 + $1]) << (8 * $1) }
    guard length <= maximumContentBytes, let digest = Digest(bytes: Array(bytes[8...])) else { return nil }
    return (length, digest)
  }

  /// A whole record of a pack.
  package struct Record: Sendable, Equatable {
    package var digest: Digest
    /// Of the content.
    package var offset: Int64
    package var length: Int64
  }

  /// How a walk over a pack ended.
  package enum End: Sendable, Equatable {
    /// Every byte belongs to a whole record.
    case whole
    /// The bytes from this offset on are no whole record.
    case torn(Int64)
    /// The file does not begin like a pack.
    case foreign
  }

  /// Visits the whole records of a pack in order, up to the first that is none. `read` gives up to `count` bytes from
  /// an offset, fewer only at the end. With `isDeep` the content is compared with its digest; else only the last
  /// record's is, which alone a crash can have torn in a way its head does not show.
  package static func walk(
    size: Int64, isDeep: Bool, read: (_ count: Int, _ offset: Int64) throws(FileError) -> [UInt8],
    visit: (Record) -> Void
  ) throws(FileError) -> End {
    guard size >= Int64(firstLine.count), try read(firstLine.count, 0) == firstLine else { return .foreign }
    var position = Int64(firstLine.count)
    while position < size {
      guard let head = parseHead(try read(headBytes, position)) else { return .torn(position) }
      let start = position + Int64(headBytes)
      let next = start + Int64(head.length)
      guard next <= size else { return .torn(position) }
      if isDeep || next == size {
        guard SHA256Stream.digest(of: try read(head.length, start)) == head.digest else {
          return .torn(position)
        }
      }
      visit(Record(digest: head.digest, offset: start, length: Int64(head.length)))
      position = next
    }
    return .whole
  }
}
