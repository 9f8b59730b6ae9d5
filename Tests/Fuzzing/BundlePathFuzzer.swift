import HTTPEdge
import Vocabulary

/// The input is two paths, one a line.
@_cdecl("LLVMFuzzerTestOneInput")
public func checkBundlePath(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let lines = FuzzInput(start, count).rest.split(
    separator: UInt8(ascii: "\n"), maxSplits: 1, omittingEmptySubsequences: false)
  let paths = lines.compactMap { check(Array($0)) }
  if paths.count == 2 { compare(paths[0], paths[1]) }
  return 0
}

private func check(_ bytes: [UInt8]) -> BundlePath? {
  let path: BundlePath
  do throws(ProblemError) {
    path = try BundlePath(text(bytes))
  } catch {
    precondition(error.problem == .badPath && !error.detail.utf8.contains { $0 < 0x20 || $0 == 0x7f })
    precondition(!isSafe(bytes), "a safe path is taken")
    return nil
  }
  precondition(isSafe(bytes) && path.text.utf8.elementsEqual(bytes), "only a safe path is taken, as it is")
  precondition(path.components.joined(separator: "/").utf8.elementsEqual(bytes))
  precondition(path.components.allSatisfy { !$0.isEmpty && !$0.utf8.contains(UInt8(ascii: "/")) })
  precondition(path.components.last.map { isSame($0, path.lastComponent) } ?? false)
  precondition(!path.contains(path), "a path is not its own folder")
  let address = PageLinks.path(path.text)
  precondition(PageLinks.decoded(address).map { isSame($0, path.text) } ?? false, "its URL names it")
  return path
}

/// The rule of docs/storage-format.md in its plainest form.
private func isSafe(_ bytes: [UInt8]) -> Bool {
  guard let text = String(validating: bytes, as: UTF8.self), (1...4096).contains(bytes.count) else {
    return false
  }
  let parts = bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
  return parts.allSatisfy { part in
    (1...255).contains(part.count) && ![".", ".."].contains { $0.utf8.elementsEqual(part) }
  } && !bytes.contains { $0 < 0x20 || $0 == 0x7f } && !text.unicodeScalars.contains("\u{fffd}")
}

private func compare(_ left: BundlePath, _ right: BundlePath) {
  let isEqual = isSame(left.text, right.text)
  precondition((left == right) == isEqual && (!isEqual || left.hashValue == right.hashValue))
  precondition([left < right, right < left, isEqual].filter(\.self).count == 1, "paths are in one order")
  for (folder, file) in [(left, right), (right, left)] {
    let isInside = file.text.utf8.starts(with: folder.text.utf8 + [UInt8(ascii: "/")])
    precondition(folder.contains(file) == isInside, "a folder contains what begins with it")
    precondition(!isInside || folder < file, "a folder comes before its files")
  }
}
