/// The bytes of one run, taken from the front.
struct FuzzInput {
  private(set) var rest: ArraySlice<UInt8>

  init(_ start: UnsafePointer<UInt8>?, _ count: Int) {
    rest = ArraySlice(UnsafeBufferPointer(start: start, count: count))
  }

  var bytes: [UInt8] { Array(rest) }
  /// What is left, read as the gateway reads text: bytes that are not UTF-8 become U+FFFD.
  var text: String { String(decoding: rest, as: UTF8.self) }

  /// The next byte, 0 when there is none.
  mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

  /// The next eight bytes as a little-endian integer, zeros where there are none.
  mutating func integer() -> Int64 {
    Int64(bitPattern: (0..<8).reduce(UInt64(0)) { $0 | UInt64(byte()) << UInt64(8 * $1) })
  }

  /// What is left, cut at line feeds; a carriage return before one belongs to it.
  func lines() -> [ArraySlice<UInt8>] {
    rest.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
      line.last == UInt8(ascii: "\r") ? line.dropLast() : line
    }
  }
}

/// What a function that may throw gave, to be compared.
func result<Value, Failure: Error>(_ body: () throws(Failure) -> Value) -> Result<Value, Failure> {
  do throws(Failure) { return .success(try body()) } catch { return .failure(error) }
}

func text(_ bytes: some Sequence<UInt8>) -> String { String(decoding: Array(bytes), as: UTF8.self) }

/// Equal bytes: `==` of strings also takes two spellings of a character for one.
func isSame(_ left: some StringProtocol, _ right: some StringProtocol) -> Bool {
  left.utf8.elementsEqual(right.utf8)
}
