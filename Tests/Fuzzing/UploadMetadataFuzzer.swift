import UploadProtocol
import Uploads
import Vocabulary

/// The input is read twice: as the value of `Upload-Metadata`, and as pairs to write such a value of.
@_cdecl("LLVMFuzzerTestOneInput")
public func checkUploadMetadata(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = FuzzInput(start, count)
  if let metadata = try? UploadMetadataParser.parse(input.text) {
    if let raw = metadata.raw { precondition(isSame(raw, input.text), "the raw text stays as it came") }
    check(metadata)
  }
  let pairs = pairs(input)
  let isAllowed =
    Set(pairs.map(\.key)).count == pairs.count && pairs.count <= UploadMetadataParser.maximumPairCount
    && pairs.allSatisfy { $0.value.count <= UploadMetadataParser.maximumValueByteCount }
    && written(pairs).utf8.count <= UploadMetadataParser.maximumByteCount
  let parsed = try? UploadMetadataParser.parse(written(pairs))
  precondition((parsed != nil) == isAllowed, "pairs within the limits are taken, others are not")
  if let parsed {
    precondition(parsed.pairs == pairs, "what is written is read")
    check(parsed)
  }
  return 0
}

/// Every line: a byte that chooses the key, then the value.
private func pairs(_ input: FuzzInput) -> [UploadMetadata.Pair] {
  let keys = ["push", "path", "filename", "name", "sha256", "mtime", "mode", "filetype", "~!@#"]
  return input.lines().filter { !$0.isEmpty }.map { line in
    let choice = Int(line[line.startIndex]) % (keys.count + 1)
    let key = choice < keys.count ? keys[choice] : "key\(line.count)"
    return UploadMetadata.Pair(key: key, value: Array(line.dropFirst()))
  }
}

private func written(_ pairs: [UploadMetadata.Pair], padded: Bool = true, comma: String = ",") -> String {
  pairs.map { pair in
    let value = Base64.encode(pair.value)
    return "\(pair.key) \(padded ? value : String(value.prefix { $0 != "=" }))"
  }.joined(separator: comma)
}

private func check(_ metadata: UploadMetadata) {
  precondition((metadata.raw == nil) == metadata.pairs.isEmpty, "no pairs, no text")
  precondition(Set(metadata.pairs.map(\.key)).count == metadata.pairs.count, "keys are unique")
  for pair in metadata.pairs {
    precondition((1...UploadMetadataParser.maximumKeyByteCount).contains(pair.key.utf8.count))
    precondition(pair.value.count <= UploadMetadataParser.maximumValueByteCount)
    let isPlain = pair.key.utf8.allSatisfy { (0x21...0x7e).contains($0) && $0 != UInt8(ascii: ",") }
    precondition(isPlain, "a key is printable ASCII without a comma")
    precondition(metadata.value(pair.key) == pair.value)
  }
  for spelling in [
    written(metadata.pairs), written(metadata.pairs, padded: false),
    " \t" + written(metadata.pairs, comma: "\t , ") + " ",
  ] where spelling.utf8.count <= UploadMetadataParser.maximumByteCount {
    let again = try? UploadMetadataParser.parse(spelling)
    precondition(again?.pairs == metadata.pairs, "another spelling is the same metadata")
  }
  if let description = try? UploadDescription(metadata) { check(description, of: metadata) }
}

private func check(_ description: UploadDescription, of metadata: UploadMetadata) {
  precondition(description.push == nil || description.path != nil, "a file of a push has a place in it")
  if let path = description.path, metadata.value("path") == nil {
    precondition(path.components.count == 1, "a file name names no folder")
  }
  if let mode = description.mode { precondition((0...0o777).contains(mode), "a mode is permission bits") }
  if let time = description.modifiedAt {
    precondition(abs(time.milliseconds) <= 253_402_300_800_000, "a time has a year of four digits")
  }
  precondition((description.digest == nil) == (metadata.value("sha256") == nil), "a digest is never dropped")
}
