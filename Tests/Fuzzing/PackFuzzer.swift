import Blobs
import Platform
import Vocabulary

/// The input: a choice, four bytes for a place, then a pack as it lies on disk, or, when the choice is odd, contents to
/// make one of that is then cut or damaged at the place.
@_cdecl("LLVMFuzzerTestOneInput")
public func checkPack(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var input = FuzzInput(start, count)
  let choice = input.byte()
  let place = (0..<4).reduce(0) { $0 | Int(input.byte()) << (8 * $1) }
  switch choice % 4 {
  case 0: checkAny(input.bytes)
  case 1: checkCut(contents(input), at: place)
  case 2: checkAny(PackFormat.firstLine + input.bytes)
  default: checkDamage(contents(input), at: place, choice)
  }
  return 0
}

private func contents(_ input: FuzzInput) -> [[UInt8]] { input.lines().map(Array.init) }

private struct Walk: Equatable {
  var records: [PackFormat.Record] = []
  var end = PackFormat.End.foreign

  init(_ bytes: [UInt8], isDeep: Bool) {
    var records: [PackFormat.Record] = []
    let outcome = result { () throws(FileError) in
      try PackFormat.walk(size: Int64(bytes.count), isDeep: isDeep) { (count, offset) throws(FileError) in
        precondition(count >= 0 && offset >= 0 && offset <= Int64(bytes.count), "a walk stays inside")
        precondition(count <= PackFormat.maximumContentBytes, "a record is short")
        return Array(bytes[Int(offset)...].prefix(count))
      } visit: {
        records.append($0)
      }
    }
    guard case .success(let end) = outcome else { preconditionFailure("reading memory does not fail") }
    self.records = records
    self.end = end
  }
}

/// Records lie back to back from the first line to the end of the walk, and a deep walk proves each.
private func checkAny(_ bytes: [UInt8]) {
  let deep = Walk(bytes, isDeep: true)
  let quick = Walk(bytes, isDeep: false)
  precondition(quick.records.starts(with: deep.records), "a quick walk sees what a deep one does")
  for walk in [deep, quick] {
    var position = Int64(PackFormat.firstLine.count)
    for record in walk.records {
      precondition(record.offset == position + Int64(PackFormat.headBytes) && record.length >= 0)
      position = record.offset + record.length
    }
    switch walk.end {
    case .whole: precondition(position == Int64(bytes.count), "a whole pack has no other bytes")
    case .torn(let offset): precondition(position == offset && offset < Int64(bytes.count))
    case .foreign: precondition(walk.records.isEmpty && !bytes.starts(with: PackFormat.firstLine))
    }
  }
  let isWhole = quick.end == .whole
  for record in deep.records + (isWhole ? quick.records.suffix(1) : []) {
    let content = Array(bytes[Int(record.offset)...].prefix(Int(record.length)))
    precondition(SHA256Stream.digest(of: content) == record.digest, "a record proves itself")
  }
}

/// The pack of these contents, and where each of its records ends.
private func pack(_ contents: [[UInt8]]) -> (bytes: [UInt8], ends: [Int]) {
  contents.reduce(into: (PackFormat.firstLine, [Int]())) { pack, content in
    let head = PackFormat.head(length: content.count, digest: SHA256Stream.digest(of: content))
    let parsed = PackFormat.parseHead(head)
    precondition(parsed?.length == content.count && parsed?.digest == SHA256Stream.digest(of: content))
    pack.0 += head + content
    pack.1.append(pack.0.count)
  }
}

/// A pack cut anywhere, as by a crash, keeps its whole records and no others.
private func checkCut(_ contents: [[UInt8]], at place: Int) {
  let (bytes, ends) = pack(contents)
  let whole = Walk(bytes, isDeep: true)
  precondition(whole.end == .whole && whole.records.count == contents.count, "what is written is read")
  precondition(Walk(bytes, isDeep: false) == whole)
  let size = place % (bytes.count + 1)
  let cut = Walk(Array(bytes.prefix(size)), isDeep: false)
  precondition(cut == Walk(Array(bytes.prefix(size)), isDeep: true))
  precondition(cut.records == Array(whole.records.prefix(ends.count { $0 <= size })), "whole records stay")
  let boundary = ends.last { $0 <= size } ?? PackFormat.firstLine.count
  let expected: PackFormat.End =
    size < PackFormat.firstLine.count ? .foreign : size == boundary ? .whole : .torn(Int64(boundary))
  precondition(cut.end == expected, "the tail is torn from the last whole record on")
}

/// One changed byte is noticed by a deep walk in its record, wherever it is.
private func checkDamage(_ contents: [[UInt8]], at place: Int, _ choice: UInt8) {
  var (bytes, ends) = pack(contents)
  let index = place % bytes.count
  bytes[index] ^= max(1, choice >> 2)
  let walk = Walk(bytes, isDeep: true)
  guard index >= PackFormat.firstLine.count else { return precondition(walk.end == .foreign) }
  let damaged = ends.count { $0 <= index }
  let start = damaged == 0 ? PackFormat.firstLine.count : ends[damaged - 1]
  precondition(walk.records.count == damaged && walk.end == .torn(Int64(start)), "damage is seen where it is")
  checkAny(bytes)
}
