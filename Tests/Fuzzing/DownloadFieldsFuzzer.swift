import HTTPEdge
import Vocabulary

/// The input: eight bytes for the size of a file, then lines: `Range`, `If-None-Match`, `If-Range`, and the rest is a
/// name and a component of a URL.
@_cdecl("LLVMFuzzerTestOneInput")
public func checkDownloadFields(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var input = FuzzInput(start, count)
  let size = input.integer() & .max
  let lines = input.lines().map(text)
  for size in [size, size & 0xff, 0, .max] { checkRange(lines[0], size: size) }
  if lines.count > 1 { checkTag(lines[1], ifRange: lines.count > 2 ? lines[2] : nil) }
  let name = lines.dropFirst(3).joined(separator: "\n")
  checkDisposition(name)
  checkComponent(name)
  return 0
}

private func checkRange(_ field: String, size: Int64) {
  let range = ByteRange(field, size: size)
  let wanted = bounds(field)
  switch range {
  case .whole: break
  case .unsatisfiable:
    precondition(
      wanted.map { $0.first ?? .max >= size || $0.last == 0 } ?? false, "only a range can be beyond")
  case .part(let part):
    precondition(!part.isEmpty && part.lowerBound >= 0 && part.upperBound <= size, "a part is inside")
    guard let wanted else { preconditionFailure("what is served was asked for") }
    if let first = wanted.first {
      precondition(part.lowerBound == first, "it begins where it was asked to")
      precondition(part.upperBound == size || part.upperBound - 1 == wanted.last, "and ends there")
    } else {
      precondition(part.upperBound == size && part.count <= wanted.last ?? 0, "a suffix ends at the end")
    }
  }
  let isPlain = wanted != nil && field.utf8.starts(with: "bytes=".utf8)
  if isPlain, let wanted, let first = wanted.first, first <= wanted.last ?? .max {
    precondition(range != .whole, "a plain range is obeyed")
  }
}

/// The one byte range of a field, read the plainest way: `bytes=1-2`, numbers too great cut to the greatest.
private func bounds(_ field: String) -> (first: Int64?, last: Int64?)? {
  let field = Array(field.utf8)
  guard text(field.prefix(6)).lowercased() == "bytes=" else { return nil }
  let blanks = [UInt8(ascii: " "), UInt8(ascii: "\t")]
  let parts = field.dropFirst(6).split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false).map {
    $0.filter { !blanks.contains($0) }
  }
  guard parts.count == 2, parts.joined().allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
  let numbers = parts.map { $0.isEmpty ? nil : Int64(text($0)) ?? .max }
  return numbers[0] == nil && numbers[1] == nil ? nil : (numbers[0], numbers[1])
}

private func checkTag(_ field: String, ifRange: String?) {
  guard let digest = Digest(bytes: [UInt8](repeating: 0xab, count: 32)) else { return }
  let tag = EntityTag(digest)
  if tag.isNamed(inIfNoneMatch: field) {
    let isThere = field.utf8.contains(UInt8(ascii: "*")) || field.contains(digest.hex)
    precondition(isThere, "a tag is named by itself")
  }
  precondition(tag.isNamed(inIfNoneMatch: "\"other\", W/\(tag.text)"))
  precondition(tag.allowsRange(ifRange: ifRange) == (ifRange.map { isSame($0, tag.text) } ?? true))
}

private func checkDisposition(_ name: String) {
  for kind in [ContentDisposition.attachment, .inline] {
    let value = kind.value(name: name)
    precondition(value.utf8.allSatisfy { (0x20...0x7e).contains($0) }, "a field's value is printable ASCII")
    let parts = value.utf8.split(separator: UInt8(ascii: "\""), omittingEmptySubsequences: false)
    precondition(parts.count == 3, "nothing ends the quotes")
    precondition(!parts[1].contains { "/\\%".utf8.contains($0) } && !parts[1].isEmpty, "a name is no path")
    let encoded = parts[2].dropFirst("; filename*=UTF-8''".count)
    guard let decoded = PageLinks.decoded(text(encoded)) else { preconditionFailure("a name is UTF-8") }
    precondition(
      ![".", "..", ""].contains(decoded) && !decoded.utf8.contains { $0 == 0x2f || $0 == 0x5c || $0 < 32 })
  }
}

private func checkComponent(_ name: String) {
  let encoded = PageLinks.component(name)
  precondition(encoded.utf8.allSatisfy { (0x21...0x7e).contains($0) && !"/?#\"<>&".utf8.contains($0) })
  precondition(PageLinks.decoded(encoded).map { isSame($0, name) } ?? false, "what is encoded is decoded")
  guard let decoded = PageLinks.decoded(name) else { return }
  let again = PageLinks.decoded(PageLinks.component(decoded))
  precondition(again.map { isSame($0, decoded) } ?? false, "what is decoded once stays")
}
