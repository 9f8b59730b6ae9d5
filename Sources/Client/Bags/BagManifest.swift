import Platform
import Vocabulary

/// A manifest of a bag as text: checksums by path (RFC 8493 §2.1.3), paths as they are written.
struct BagManifest: Sendable {
  let algorithm: ChecksumAlgorithm
  /// By the path as written, in the order of the lines.
  private(set) var lines: [(path: String, checksum: [UInt8])] = []

  /// - Throws: `BagFlaws` naming the first line that is none.
  init(_ algorithm: ChecksumAlgorithm, _ text: String, name: String) throws(BagFlaws) {
    self.algorithm = algorithm
    var number = 0
    // Lines end with LF, CR LF or CR. By scalars: a combining mark hides the space before it from `Character`.
    let scalars = text.unicodeScalars
    for line in scalars.split(
      separator: scalars.contains("\n") ? "\n" : "\r", omittingEmptySubsequences: false)
    {
      number += 1
      let line = line.last == "\r" ? line.dropLast() : line
      if line.isEmpty { continue }
      let isBlank: (Unicode.Scalar) -> Bool = { $0 == " " || $0 == "\t" }
      guard let end = line.firstIndex(where: isBlank),
        let start = line[end...].firstIndex(where: { !isBlank($0) }),
        let checksum = Hexadecimal.decode(String(Substring(line[..<end]))),
        checksum.count == algorithm.byteCount
      else {
        throw BagFlaws(["\(name) line \(number) is not a checksum and a path"])
      }
      // A star is how checksum programs mark binary files (§2.4 of the older drafts).
      let path = line[start...]
      let isMarked = path.first == "*" && path.count > 1
      lines.append((String(Substring(isMarked ? path.dropFirst() : path)), checksum))
      guard lines.count <= FolderScan.maximumFiles else {
        throw BagFlaws(["\(name) has more than \(FolderScan.maximumFiles) files"])
      }
    }
  }

  /// The checksums by paths of files that are there, decoded where need be.
  ///
  /// - Parameters:
  ///   - folder: with its slash; what every path must begin with, and what is left away.
  ///   - isThere: whether there is a file at a path below the folder.
  func checksums(
    below folder: String, name: String, isThere: (BundlePath) -> Bool, _ flaws: inout BagFlaws
  ) -> [BundlePath: [UInt8]] {
    var found: [BundlePath: [UInt8]] = [:]
    for line in lines {
      let written = line.path.utf8.starts(with: "./".utf8) ? String(line.path.dropFirst(2)) : line.path
      guard written.utf8.starts(with: folder.utf8) else {
        flaws.add("\(name) has \(quoted(line.path)), which does not begin with \(quoted(folder))")
        continue
      }
      let rest = String(Substring(written.utf8.dropFirst(folder.utf8.count)))
      // Some programs leave percent signs as they are; then the file has the name as it is written.
      let spellings = [BagFormat.decoded(rest), rest].compactMap { try? BundlePath($0) }
      guard let path = spellings.first(where: isThere) ?? spellings.first else {
        flaws.add("\(name) has \(quoted(line.path)), which is no path inside of the bag")
        continue
      }
      guard found.updateValue(line.checksum, forKey: path) == nil else {
        flaws.add("\(name) has \(quoted(line.path)) twice")
        continue
      }
    }
    return found
  }
}
