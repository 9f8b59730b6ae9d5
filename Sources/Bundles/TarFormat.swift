import Vocabulary

/// The bytes of a tar archive around its files: POSIX.1-2001 (pax) on top of ustar.
package enum TarFormat {
  static let blockBytes = 512
  /// Largest size the ustar field holds: eleven octal digits.
  private static let largestPlainSize: Int64 = 0o77777777777

  /// The header of one regular file, with a pax header before it when name or size do not fit the plain one.
  package static func header(_ entry: Entry) -> [UInt8] {
    header(name: entry.path.text, size: entry.size, mode: entry.mode, modifiedAt: entry.modifiedAt)
  }

  /// As above, for a file of any name.
  package static func header(name text: String, size: Int64, mode: Int?, modifiedAt: Timestamp?) -> [UInt8] {
    let name = Array(text.utf8)
    var records: [(String, String)] = []
    if name.count > 100 || name.contains(where: { $0 > 0x7e }) { records.append(("path", text)) }
    if size > largestPlainSize { records.append(("size", String(size))) }
    var bytes: [UInt8] = []
    if !records.isEmpty {
      let body = records.reduce(into: [UInt8]()) { $0 += paxRecord($1.0, $1.1) }
      bytes += block(
        name: Array("pax-header".utf8), size: Int64(body.count), mode: 0o644, seconds: 0, type: "x")
      bytes += body + padding(after: Int64(body.count))
    }
    let seconds = max(0, (modifiedAt?.milliseconds ?? 0) / 1000)
    bytes += block(
      name: Array(name.prefix(100)), size: min(size, largestPlainSize), mode: mode ?? 0o644,
      seconds: min(seconds, largestPlainSize), type: "0")
    return bytes
  }

  /// The header of a folder; `name` ends with a slash and has at most 100 bytes of ASCII.
  package static func folder(name: String, modifiedAt: Timestamp) -> [UInt8] {
    block(
      name: Array(name.utf8.prefix(100)), size: 0, mode: 0o755,
      seconds: min(max(0, modifiedAt.milliseconds / 1000), largestPlainSize), type: "5")
  }

  /// Zeros up to the next block after `size` bytes of content.
  package static func padding(after size: Int64) -> [UInt8] {
    let rest = Int(size % Int64(blockBytes))
    return [UInt8](repeating: 0, count: rest == 0 ? 0 : blockBytes - rest)
  }

  /// Two empty blocks.
  package static let end = [UInt8](repeating: 0, count: 2 * blockBytes)

  /// `<length> <key>=<value>\n`, where the length counts itself.
  private static func paxRecord(_ key: String, _ value: String) -> [UInt8] {
    let rest = " \(key)=\(value)\n"
    var length = rest.utf8.count
    while String(length).utf8.count + rest.utf8.count != length {
      length = String(length).utf8.count + rest.utf8.count
    }
    return Array("\(length)\(rest)".utf8)
  }

  private static func block(name: [UInt8], size: Int64, mode: Int, seconds: Int64, type: Character) -> [UInt8]
  {
    var block = [UInt8](repeating: 0, count: blockBytes)
    func put(_ bytes: some Collection<UInt8>, at offset: Int) {
      for (index, byte) in bytes.enumerated() { block[offset + index] = byte }
    }
    func octal(_ value: Int64, width: Int) -> [UInt8] {
      let digits = String(value, radix: 8)
      return Array((String(repeating: "0", count: width - digits.utf8.count) + digits).utf8)
    }
    put(name, at: 0)
    put(octal(Int64(mode & 0o777), width: 7), at: 100)
    put(octal(0, width: 7), at: 108)
    put(octal(0, width: 7), at: 116)
    put(octal(size, width: 11), at: 124)
    put(octal(seconds, width: 11), at: 136)
    put(Array("        ".utf8), at: 148)
    put(String(type).utf8, at: 156)
    put("ustar\u{0}00".utf8, at: 257)
    let sum = block.reduce(Int64(0)) { $0 + Int64($1) }
    put(octal(sum, width: 6) + [0, 0x20], at: 148)
    return block
  }
}
