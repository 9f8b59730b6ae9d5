import Bundles
import Vocabulary

/// The input is read twice: as a line of a manifest, and as the fields of an entry to write such a line of.
@_cdecl("LLVMFuzzerTestOneInput")
public func checkManifestLine(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var input = FuzzInput(start, count)
  if let entry = try? Manifest.parse(input.rest) {
    precondition(Manifest.line(entry).utf8.elementsEqual(input.bytes + [UInt8(ascii: "\n")]), "one spelling")
    check(entry)
  }
  let flags = input.byte()
  let size = input.integer() & .max
  let modifiedAt = input.integer()
  let filler = [UInt8](repeating: input.byte(), count: 32)
  guard let path = try? BundlePath(input.text), let digest = Digest(bytes: filler) else { return 0 }
  check(
    Entry(
      path: path, size: size, digest: digest, mode: flags & 1 == 0 ? nil : Int(flags) * 3 & 0o777,
      modifiedAt: flags & 2 == 0 ? nil : Timestamp(milliseconds: modifiedAt)))
  return 0
}

private func check(_ entry: Entry) {
  let line = Manifest.line(entry)
  precondition(line.utf8.count <= 9000, "no line is longer than the format says")
  precondition(line.utf8.last == UInt8(ascii: "\n") && !line.utf8.dropLast().contains(UInt8(ascii: "\n")))
  precondition((try? Manifest.parse(line.utf8.dropLast())) == entry, "what is written is read")
  precondition((try? Manifest.parse(Array(line.utf8))) == nil, "the end of a line is not in it")
  precondition(entry.size >= 0)
}
