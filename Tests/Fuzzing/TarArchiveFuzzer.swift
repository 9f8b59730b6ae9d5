import UploadProtocol
import Vocabulary

/// The first two bytes choose where the rest is cut: what is read must not depend on it.
@_cdecl("LLVMFuzzerTestOneInput")
public func checkTarArchive(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var input = FuzzInput(start, count)
  let place = Int(input.byte()) << 8 | Int(input.byte())
  let bytes = input.bytes
  let cut = bytes.isEmpty ? 0 : place % bytes.count
  precondition(read([bytes[...]]) == read([bytes[..<cut], bytes[cut...]]), "a cut changes nothing")
  return 0
}

/// All that is found: content, in square brackets whatever is not, and at last how it ended.
private func read(_ pieces: [ArraySlice<UInt8>]) -> [UInt8] {
  var parser = TarParser()
  var found: [UInt8] = []
  var isOpen = false
  do throws(ProblemError) {
    for piece in pieces {
      var rest = piece
      while let event = try parser.next(&rest) {
        switch event {
        case .content(let bytes):
          precondition(isOpen && !bytes.isEmpty, "content belongs to an item")
          found += bytes
        case .file(let item):
          precondition(!isOpen, "an item ends before the next one begins")
          isOpen = true
          found += Array("[\(item)]".utf8)
        case .endOfFile:
          precondition(isOpen, "what ends has begun")
          isOpen = false
          found += Array("[end]".utf8)
        case .refused(let name, let problem): found += Array("[\(name) \(problem.problem.code)]".utf8)
        }
      }
      precondition(rest.isEmpty, "all of the input is taken")
    }
    try parser.finish()
    precondition(!isOpen, "no item is open at a clean end")
    return found
  } catch {
    return found + Array("[\(error.problem.code)]".utf8)
  }
}
