import Vocabulary

/// The bytes of a zip archive around its files: PKWARE's APPNOTE 6.3.10, with ZIP64 where the older fields are too small.
package enum ZIPFormat {
  package enum Method: UInt16, Sendable {
    case stored = 0
    case deflated = 8
  }
  /// What only writing a file's content tells.
  package struct Content: Sendable, Equatable {
    package var crc: UInt32
    /// Bytes in the archive.
    package var compressedSize: Int64
    package init(crc: UInt32, compressedSize: Int64) {
      self.crc = crc
      self.compressedSize = compressedSize
    }
  }

  private static let mostPlainSize: Int64 = 0xffff_ffff
  /// From here on a file gets fields for larger sizes: deflating can make it a little longer than it is.
  private static let largeFileBytes: Int64 = 0xf000_0000
  private static let mostPlainCount: Int64 = 0xffff
  private static let utf8Names: UInt16 = 1 << 11
  private static let descriptorBehind: UInt16 = 1 << 3
  private static let zip64Version: UInt16 = 45
  private static let plainVersion: UInt16 = 20
  private static let unixSystem: UInt16 = 3 << 8

  private static func isLarge(_ entry: Entry) -> Bool { entry.size >= largeFileBytes }

  /// What stands before a file's content (§4.3.7); without `content`, a `descriptor` must stand behind it.
  package static func header(_ entry: Entry, _ method: Method, content: Content?) -> [UInt8] {
    var bytes = Fields()
    let isLarge = isLarge(entry)
    var extra = Fields()
    if isLarge {
      extra.short(0x0001)
      extra.short(16)
      extra.quad(content == nil ? 0 : entry.size)
      extra.quad(content?.compressedSize ?? 0)
    }
    extra.time(entry)
    bytes.word(0x0403_4b50)
    bytes.short(isLarge ? zip64Version : plainVersion)
    bytes.short(utf8Names | (content == nil ? descriptorBehind : 0))
    bytes.short(method.rawValue)
    bytes.civilTime(entry)
    bytes.word(content?.crc ?? 0)
    bytes.word(isLarge ? .max : UInt32(content?.compressedSize ?? 0))
    bytes.word(isLarge ? .max : content == nil ? 0 : UInt32(entry.size))
    bytes.name(entry, extra)
    return bytes.bytes
  }

  /// What stands behind the content of a file whose header came without it (§4.3.9).
  package static func descriptor(_ entry: Entry, _ content: Content) -> [UInt8] {
    var bytes = Fields()
    bytes.word(0x0807_4b50)
    bytes.word(content.crc)
    if isLarge(entry) {
      bytes.quad(content.compressedSize)
      bytes.quad(entry.size)
    } else {
      bytes.word(UInt32(content.compressedSize))
      bytes.word(UInt32(entry.size))
    }
    return bytes.bytes
  }

  /// A file's record in the central directory (§4.3.12).
  ///
  /// - Parameter offset: where its header begins in the archive.
  package static func record(
    _ entry: Entry, _ method: Method, _ content: Content, hasDescriptor: Bool, offset: Int64
  ) -> [UInt8] {
    let isLarge = isLarge(entry)
    let isFar = offset >= mostPlainSize
    var extra = Fields()
    if isLarge || isFar {
      extra.short(0x0001)
      extra.short((isLarge ? 16 : 0) + (isFar ? 8 : 0))
      if isLarge {
        extra.quad(entry.size)
        extra.quad(content.compressedSize)
      }
      if isFar { extra.quad(offset) }
    }
    extra.time(entry)
    var bytes = Fields()
    bytes.word(0x0201_4b50)
    bytes.short(unixSystem | zip64Version)
    bytes.short(isLarge || isFar ? zip64Version : plainVersion)
    bytes.short(utf8Names | (hasDescriptor ? descriptorBehind : 0))
    bytes.short(method.rawValue)
    bytes.civilTime(entry)
    bytes.word(content.crc)
    bytes.word(isLarge ? .max : UInt32(content.compressedSize))
    bytes.word(isLarge ? .max : UInt32(entry.size))
    bytes.short(UInt16(entry.path.text.utf8.count))
    bytes.short(UInt16(extra.bytes.count))
    bytes.short(0)
    bytes.short(0)
    bytes.short(0)
    // A regular file with its permission bits, as unix systems write it.
    bytes.word(UInt32(0o100000 | (entry.mode ?? 0o644) & 0o777) << 16)
    bytes.word(isFar ? .max : UInt32(offset))
    bytes.bytes += Array(entry.path.text.utf8) + extra.bytes
    return bytes.bytes
  }

  /// The end of the archive (§4.3.14 to §4.3.16).
  ///
  /// - Parameters:
  ///   - offset: where the central directory begins.
  ///   - size: bytes of the central directory.
  package static func end(count: Int64, offset: Int64, size: Int64) -> [UInt8] {
    var bytes = Fields()
    if count >= mostPlainCount || offset >= mostPlainSize || size >= mostPlainSize {
      bytes.word(0x0606_4b50)
      bytes.quad(44)
      bytes.short(unixSystem | zip64Version)
      bytes.short(zip64Version)
      bytes.word(0)
      bytes.word(0)
      bytes.quad(count)
      bytes.quad(count)
      bytes.quad(size)
      bytes.quad(offset)
      bytes.word(0x0706_4b50)
      bytes.word(0)
      bytes.quad(offset + size)
      bytes.word(1)
    }
    bytes.word(0x0605_4b50)
    bytes.short(0)
    bytes.short(0)
    let shownCount = UInt16(min(count, mostPlainCount))
    bytes.short(shownCount)
    bytes.short(shownCount)
    bytes.word(UInt32(min(size, mostPlainSize)))
    bytes.word(UInt32(min(offset, mostPlainSize)))
    bytes.short(0)
    return bytes.bytes
  }
}

/// Little-endian fields one after the other.
private struct Fields {
  var bytes: [UInt8] = []

  mutating func short(_ value: UInt16) { append(value) }
  mutating func word(_ value: UInt32) { append(value) }
  mutating func quad(_ value: Int64) { append(value) }

  private mutating func append(_ value: some FixedWidthInteger) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  /// Lengths of name and extra fields, then both.
  mutating func name(_ entry: Entry, _ extra: Fields) {
    let name = Array(entry.path.text.utf8)
    short(UInt16(name.count))
    short(UInt16(extra.bytes.count))
    bytes += name + extra.bytes
  }

  /// The time in UTC as MS-DOS has it: from 1980 to 2107, in steps of two seconds.
  mutating func civilTime(_ entry: Entry) {
    let first = Timestamp(milliseconds: 315_532_800_000)
    let last = Timestamp(milliseconds: 4_354_819_198_000)
    let civil = min(max(entry.modifiedAt ?? first, first), last).utc
    short(UInt16(civil.hour << 11 | civil.minute << 5 | civil.second / 2))
    short(UInt16((civil.year - 1980) << 9 | civil.month << 5 | civil.day))
  }

  /// The extended timestamp of Info-ZIP: seconds since 1970, for times that fit.
  mutating func time(_ entry: Entry) {
    guard let milliseconds = entry.modifiedAt?.milliseconds else { return }
    let seconds = milliseconds / 1000 - (milliseconds % 1000 < 0 ? 1 : 0)
    guard let time = Int32(exactly: seconds) else { return }
    short(0x5455)
    short(5)
    bytes.append(1)
    append(time)
  }
}
