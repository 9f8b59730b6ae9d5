import UploadProtocol
import Vocabulary

/// What a parser of many files finds: content, in square brackets whatever is not, and at last how it ended.
struct ArchiveTrace {
  private(set) var found: [UInt8] = []
  private var isOpen = false

  mutating func content(_ bytes: ArraySlice<UInt8>) {
    precondition(isOpen && !bytes.isEmpty, "content belongs to an item")
    found += bytes
  }

  mutating func begin(_ item: some Any) {
    precondition(!isOpen, "an item ends before the next one begins")
    isOpen = true
    note("\(item)")
  }

  mutating func end() {
    precondition(isOpen, "what ends has begun")
    isOpen = false
    note("end")
  }

  mutating func note(_ text: String) { found += Array("[\(text)]".utf8) }

  /// All that `parser` tells of the pieces; `add` writes one event down.
  static func of<Parser: ItemParser>(
    _ pieces: [ArraySlice<UInt8>], by parser: Parser, add: (Parser.Event, inout ArchiveTrace) -> Void
  ) -> [UInt8] {
    var (parser, trace) = (parser, ArchiveTrace())
    do throws(ProblemError) {
      for piece in pieces {
        var rest = piece
        while let event = try parser.next(&rest) { add(event, &trace) }
        precondition(rest.isEmpty, "all of the input is taken")
      }
      try parser.finish()
      precondition(!trace.isOpen, "no item is open at a clean end")
    } catch {
      trace.note(error.problem.code)
    }
    return trace.found
  }

  mutating func add(_ event: ArchiveEvent) {
    switch event {
    case .content(let bytes): content(bytes)
    case .file(let item): begin(item)
    case .endOfFile: end()
    case .refused(let name, let problem): note("\(name) \(problem.problem.code)")
    }
  }
}

/// The first two bytes choose where the rest is cut: what is read must not depend on it.
func checkCut(_ start: UnsafePointer<UInt8>?, _ count: Int, read: ([ArraySlice<UInt8>]) -> [UInt8]) -> CInt {
  var input = FuzzInput(start, count)
  let place = Int(input.byte()) << 8 | Int(input.byte())
  let bytes = input.bytes
  let cut = bytes.isEmpty ? 0 : place % bytes.count
  precondition(read([bytes[...]]) == read([bytes[..<cut], bytes[cut...]]), "a cut changes nothing")
  return 0
}
