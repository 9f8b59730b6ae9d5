import UploadProtocol
import Vocabulary

/// What a parser made of its input, written down: one line for each file, part, or refusal.
struct BulkReading: Equatable {
  var lines: [String] = []
  /// The code of the problem that ended it.
  var failure: String?
  /// Whether an item was left open.
  var isOpen = false

  private mutating func begin(_ line: String) {
    lines.append(line)
    isOpen = true
  }
  private mutating func add(_ bytes: ArraySlice<UInt8>) {
    lines[lines.count - 1] += String(decoding: bytes, as: UTF8.self)
  }

  /// Feeds `input` in pieces that end at `cuts`.
  static func archive(_ input: [UInt8], cuts: [Int] = [], _ parser: some ArchiveParser) -> BulkReading {
    var reading = BulkReading()
    var parser = parser
    do throws(ProblemError) {
      for var piece in pieces(input, cuts) {
        while let event = try parser.next(&piece) {
          switch event {
          case .file(let file):
            var line = "\(file.path) \(file.size)"
            if let mode = file.mode { line += " 0" + String(mode, radix: 8) }
            if let time = file.modifiedAt { line += " @\(time.milliseconds)" }
            if let digest = file.digest { line += " \(digest.hex.prefix(4))" }
            reading.begin(line + ": ")
          case .content(let bytes): reading.add(bytes)
          case .endOfFile: reading.isOpen = false
          case .refused(let name, let problem):
            reading.lines.append("refused \(name): \(problem.problem.code)")
          }
        }
        if !piece.isEmpty { reading.lines.append("input was left") }
      }
      try parser.finish()
    } catch { reading.failure = error.problem.code }
    return reading
  }

  static func form(_ input: [UInt8], cuts: [Int] = [], boundary: String = "b") -> BulkReading {
    var reading = BulkReading()
    var parser = MultipartParser(boundary: Array(boundary.utf8))
    do throws(ProblemError) {
      for var piece in pieces(input, cuts) {
        while let event = try parser.next(&piece) {
          switch event {
          case .part(let part):
            var line = part.name
            if let filename = part.filename { line += " file=" + filename }
            if part.hasUnreadableName { line += " unreadable" }
            if let type = part.mediaType { line += " type=" + type }
            reading.begin(line + ": ")
          case .content(let bytes): reading.add(bytes)
          case .endOfPart: reading.isOpen = false
          }
        }
        if !piece.isEmpty { reading.lines.append("input was left") }
      }
      try parser.finish()
    } catch { reading.failure = error.problem.code }
    return reading
  }

  private static func pieces(_ input: [UInt8], _ cuts: [Int]) -> [ArraySlice<UInt8>] {
    var pieces: [ArraySlice<UInt8>] = []
    var start = 0
    for cut in cuts + [input.count] {
      pieces.append(input[start..<cut])
      start = cut
    }
    return pieces
  }
}

/// Tar archives, block by block.
enum TarBytes {
  static let end = [UInt8](repeating: 0, count: 1024)

  static func entry(
    _ name: [UInt8], _ content: [UInt8] = [], type: Character = "0", size: [UInt8]? = nil,
    time: [UInt8]? = nil, mode: String = "0000644", magic: String = "ustar\u{0}00", prefix: [UInt8] = []
  ) -> [UInt8] {
    var block = [UInt8](repeating: 0, count: 512)
    func put(_ bytes: some Collection<UInt8>, at offset: Int) {
      for (index, byte) in bytes.enumerated() { block[offset + index] = byte }
    }
    put(name.prefix(100), at: 0)
    put(mode.utf8, at: 100)
    put(size ?? octal(content.count, width: 11), at: 124)
    put(time ?? octal(0, width: 11), at: 136)
    put([UInt8](repeating: 0x20, count: 8), at: 148)
    put(String(type).utf8, at: 156)
    put(magic.utf8, at: 257)
    put(prefix, at: 345)
    let sum = block.reduce(0) { $0 + Int($1) }
    put(octal(sum, width: 6) + [0], at: 148)
    return block + content + [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
  }

  static func entry(_ name: String, _ content: String = "", type: Character = "0") -> [UInt8] {
    entry(Array(name.utf8), Array(content.utf8), type: type)
  }

  static func pax(_ records: [(String, String)], type: Character = "x") -> [UInt8] {
    entry(Array("pax".utf8), records.flatMap { record($0.0, Array($0.1.utf8)) }, type: type)
  }

  static func record(_ key: String, _ value: [UInt8]) -> [UInt8] {
    let rest = Array(" \(key)=".utf8) + value + [0x0a]
    var length = rest.count
    while String(length).utf8.count + rest.count != length { length = String(length).utf8.count + rest.count }
    return Array(String(length).utf8) + rest
  }

  private static func octal(_ value: Int, width: Int) -> [UInt8] {
    let digits = String(value, radix: 8)
    return Array((String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits).utf8)
  }
}
