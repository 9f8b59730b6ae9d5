import Vocabulary

/// What comes next in a form.
package enum FormEvent: Sendable, Equatable {
  /// A part begins; its content follows in any number of pieces, then `endOfPart`.
  case part(FormPart)
  case content(ArraySlice<UInt8>)
  case endOfPart
}

/// Reads `multipart/form-data` (RFC 7578, RFC 2046 §5.1) that arrives in pieces. Pure.
///
/// Lines end with CR LF and nothing else. Of content no more than a boundary is ever held back, and that only as a
/// count; of a part's header fields at most `maximumHeaderBytes`.
package struct MultipartParser: ItemParser {
  package static let maximumHeaderBytes = 16 << 10
  package static let maximumFieldCount = 32

  private enum State {
    case preamble
    /// Behind a boundary: blanks and the line's end, or the two hyphens of the last.
    case boundaryEnd(Ending)
    case header
    case content
    case epilogue
  }
  private enum Ending { case open, blank, carriageReturn, hyphen }

  /// CR LF `--` boundary: only its first byte is a CR, so a mismatch can only begin anew with the byte at hand.
  private let delimiter: [UInt8]
  private var state = State.preamble
  /// How much of the delimiter the input so far ends with. The form may begin with its boundary, without a line's end.
  private var matched = 2
  private var header: [UInt8] = []

  /// `boundary` as of `MultipartBoundary`.
  package init(boundary: [UInt8]) { delimiter = Array("\r\n--".utf8) + boundary }

  /// Takes from the front of `input` and tells what was found; nil once all of `input` is taken and more is needed.
  ///
  /// - Throws: `ProblemError` with `bad-archive`; nothing can be read after it.
  package mutating func next(_ input: inout ArraySlice<UInt8>) throws(ProblemError) -> FormEvent? {
    while true {
      switch state {
      case .preamble:
        guard !input.isEmpty else { return nil }
        if case .delimiter = scan(&input) { state = .boundaryEnd(.open) }
      case .boundaryEnd(let ending):
        guard let byte = input.popFirst() else { return nil }
        try advance(ending, byte)
      case .header:
        guard !input.isEmpty else { return nil }
        if let part = try readHeader(&input) {
          state = .content
          return .part(part)
        }
      case .content:
        guard !input.isEmpty else { return nil }
        switch scan(&input) {
        case .delimiter:
          state = .boundaryEnd(.open)
          return .endOfPart
        case .bytes(let piece): if !piece.isEmpty { return .content(piece) }
        }
      case .epilogue:
        input = input.dropFirst(input.count)
        return nil
      }
    }
  }

  /// To be called when no more input comes.
  ///
  /// - Throws: `ProblemError` with `bad-archive` when the last boundary is missing.
  package func finish() throws(ProblemError) {
    switch state {
    case .epilogue: return
    case .preamble: throw badArchive("the form never has the boundary that Content-Type names")
    case .boundaryEnd, .header, .content:
      throw badArchive("the form is cut off: its last boundary is missing")
    }
  }

  private enum Found {
    case delimiter
    /// Possibly none: then what was taken may yet turn out to be a delimiter.
    case bytes(ArraySlice<UInt8>)
  }

  /// Takes content up to a delimiter, or all but a beginning of one. The input has at least a byte.
  private mutating func scan(_ input: inout ArraySlice<UInt8>) -> Found {
    if matched > 0 {
      while let byte = input.first, byte == delimiter[matched] {
        input.removeFirst()
        matched += 1
        if matched == delimiter.count {
          matched = 0
          return .delimiter
        }
      }
      if input.isEmpty { return .bytes([]) }
      defer { matched = 0 }
      return .bytes(delimiter[..<matched])
    }
    let (start, length) = Self.find(delimiter, in: input)
    let piece = input[..<start]
    if length == delimiter.count && !piece.isEmpty {
      // The content goes first; the delimiter is met again at the front of what is left.
      input = input[start...]
      return .bytes(piece)
    }
    input = input[(start + length)...]
    if length == delimiter.count { return .delimiter }
    matched = length
    return .bytes(piece)
  }

  /// Where the first delimiter begins, or a beginning of one that the input ends with, and how much of it is there.
  private static func find(_ delimiter: [UInt8], in input: ArraySlice<UInt8>) -> (start: Int, length: Int) {
    input.withUnsafeBufferPointer { bytes in
      var index = 0
      while index < bytes.count {
        guard bytes[index] == 0x0d else {
          index += 1
          continue
        }
        var length = 1
        while length < delimiter.count, index + length < bytes.count,
          bytes[index + length] == delimiter[length]
        {
          length += 1
        }
        if length == delimiter.count || index + length == bytes.count {
          return (input.startIndex + index, length)
        }
        index += length
      }
      return (input.endIndex, 0)
    }
  }

  private mutating func advance(_ ending: Ending, _ byte: UInt8) throws(ProblemError) {
    switch (ending, byte) {
    case (.open, UInt8(ascii: "-")): state = .boundaryEnd(.hyphen)
    case (.hyphen, UInt8(ascii: "-")): state = .epilogue
    case (.open, 0x20), (.open, 0x09), (.blank, 0x20), (.blank, 0x09): state = .boundaryEnd(.blank)
    case (.open, 0x0d), (.blank, 0x0d): state = .boundaryEnd(.carriageReturn)
    case (.carriageReturn, 0x0a): state = .header
    default: throw badArchive("a boundary of the form is followed by something else than a line's end")
    }
  }

  /// Takes header fields up to the empty line behind them; nil while that has not come.
  private mutating func readHeader(_ input: inout ArraySlice<UInt8>) throws(ProblemError) -> FormPart? {
    while let byte = input.popFirst() {
      header.append(byte)
      if byte == 0x0a, header.count == 2 || header.suffix(4).elementsEqual([0x0d, 0x0a, 0x0d, 0x0a]),
        header[header.count - 2] == 0x0d
      {
        defer { header = [] }
        return try FormPart(fields: header.dropLast(2))
      }
      guard header.count < Self.maximumHeaderBytes else {
        throw badArchive("the header fields of a part have more than \(Self.maximumHeaderBytes) bytes")
      }
    }
    return nil
  }
}
