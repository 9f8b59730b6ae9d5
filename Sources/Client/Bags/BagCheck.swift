import Platform
import Vocabulary

/// Proves a bag whole (RFC 8493 §3) before anything is made of it.
package struct BagCheck: Sendable {
  /// What a valid bag holds.
  package struct Payload: Sendable {
    /// By their paths below `data/`.
    package var files: [SourceFile]
    package var digests: [BundlePath: Digest]
  }

  private static let mostTagBytes = 512 << 20
  private static let versions: Set = ["0.97", "1.0"]

  private let folder: String
  private let io: any IOExecutor
  private let parallel: Int
  private let fileSystem: any FileSystem

  /// - Parameter folder: absolute.
  package init(
    folder: String, io: any IOExecutor, parallel: Int = 4, fileSystem: any FileSystem = LinuxFileSystem()
  ) {
    self.folder = folder
    self.io = io
    self.parallel = parallel
    self.fileSystem = fileSystem
  }

  /// - Throws: `BagFlaws` with what is wrong, `FileError`, `CancellationError`.
  package func run() async throws -> Payload {
    let (scan, manifests, flaws) = try await io.run { try look() }
    guard flaws.texts.isEmpty else { throw flaws }
    let found = try await inParallel(scan.files, limit: parallel) { file in
      try Task.checkCancellation()
      return Optional(try await io.run { try check(file, manifests) })
    }
    var bad = BagFlaws()
    for flaw in found.flatMap(\.flaws).sorted() { bad.add(flaw) }
    guard bad.texts.isEmpty else { throw bad }
    return Payload(
      files: scan.files, digests: Dictionary(found.map { ($0.path, $0.digest) }) { first, _ in first })
  }

  private typealias Checksums = (name: String, algorithm: ChecksumAlgorithm, byPath: [BundlePath: [UInt8]])

  /// Everything but the payload's bytes.
  private func look() throws -> (FolderScan, [Checksums], BagFlaws) {
    var flaws = BagFlaws()
    try checkDeclaration(&flaws)
    guard flaws.texts.isEmpty else { throw flaws }
    let data = "\(folder)/\(BagFormat.payloadFolder)"
    guard try FileInfo.of(data)?.kind == .folder else { throw BagFlaws(["there is no folder data"]) }
    let scan = FolderScan(contentsOf: data, takesNotes: true)
    for text in scan.errors + scan.warnings { flaws.add(text) }
    if try FileInfo.of("\(folder)/fetch.txt") != nil {
      flaws.add("fetch.txt names content to load from elsewhere, which Sheaf does not do; fill the bag first")
    }
    try checkOxum(scan, &flaws)
    let manifests = try payloadManifests(scan, &flaws)
    try checkTags(&flaws)
    return (scan, manifests, flaws)
  }

  /// `bagit.txt` (§2.1.1).
  private func checkDeclaration(_ flaws: inout BagFlaws) throws {
    guard let text = try text(of: "bagit.txt") else { throw BagFlaws(["there is no bagit.txt"]) }
    let fields = Self.fields(text)
    let version = fields.first { $0.name == "BagIt-Version" }?.value ?? ""
    if !Self.versions.contains(version) {
      flaws.add("bagit.txt has BagIt-Version \(quoted(version)); this program takes 0.97 and 1.0")
    }
    let encoding = fields.first { $0.name == "Tag-File-Character-Encoding" }?.value ?? ""
    if encoding.uppercased() != "UTF-8" {
      flaws.add("bagit.txt has Tag-File-Character-Encoding \(quoted(encoding)); this program takes UTF-8")
    }
  }

  /// Payload-Oxum of `bag-info.txt` (§2.2.2): bytes and files, before any byte is read.
  private func checkOxum(_ scan: FolderScan, _ flaws: inout BagFlaws) throws {
    let fields = Self.fields(try text(of: "bag-info.txt") ?? "")
    for field in fields where field.name.lowercased() == "payload-oxum" {
      let actual = "\(scan.byteCount).\(scan.files.count)"
      if field.value != actual {
        flaws.add("Payload-Oxum is \(quoted(field.value)), the payload has \(actual)")
      }
    }
  }

  private func payloadManifests(_ scan: FolderScan, _ flaws: inout BagFlaws) throws -> [Checksums] {
    let there = Set(scan.files.map(\.path))
    var manifests: [Checksums] = []
    for (name, algorithm) in try manifestNames("manifest-", &flaws) {
      let manifest = try BagManifest(algorithm, try text(of: name) ?? "", name: name)
      let byPath = manifest.checksums(
        below: "\(BagFormat.payloadFolder)/", name: name, isThere: there.contains, &flaws)
      for path in byPath.keys.filter({ !there.contains($0) }).sorted() {
        flaws.add("\(quoted("data/\(path.text)")) of \(name) is missing")
      }
      for path in there.filter({ byPath[$0] == nil }).sorted() {
        flaws.add("\(quoted("data/\(path.text)")) is not in \(name)")
      }
      manifests.append((name, algorithm, byPath))
    }
    if !manifests.contains(where: { $0.algorithm == .sha256 || $0.algorithm == .sha512 }) {
      flaws.add("the bag has no manifest-sha256.txt or manifest-sha512.txt; MD5 and SHA-1 prove nothing")
    }
    return manifests
  }

  /// The tag manifests (§2.2.1): what they list is there and unchanged.
  private func checkTags(_ flaws: inout BagFlaws) throws {
    let copy = LocalCopy(folder: folder, fileSystem: fileSystem)
    for (name, algorithm) in try manifestNames("tagmanifest-", &flaws) {
      let manifest = try BagManifest(algorithm, try text(of: name) ?? "", name: name)
      let isThere: (BundlePath) -> Bool = { (try? copy.info($0))?.kind == .file }
      for (path, checksum) in manifest.checksums(below: "", name: name, isThere: isThere, &flaws) {
        guard isThere(path) else {
          flaws.add("\(quoted(path.text)) of \(name) is missing")
          continue
        }
        let found = try FileChecksums.of(copy.location(path), [algorithm], fileSystem)
        if found[algorithm] != checksum { flaws.add("\(quoted(path.text)) does not match \(name)") }
      }
    }
  }

  private func check(
    _ file: SourceFile, _ manifests: [Checksums]
  ) throws -> (path: BundlePath, digest: Digest, flaws: [String]) {
    let algorithms = Set(manifests.map(\.algorithm)).union([.sha256])
    let found = try FileChecksums.of(file.localPath, algorithms, fileSystem)
    let flaws = manifests.filter { $0.byPath[file.path] != found[$0.algorithm] }.map {
      "\(quoted("data/\(file.path.text)")) does not match \($0.name)"
    }
    guard let digest = found[.sha256].flatMap({ Digest(bytes: $0) }) else {
      throw LocalProblem("\(file.localPath) has no SHA-256")
    }
    return (file.path, digest, flaws)
  }

  /// Names and algorithms of all manifests of a kind.
  private func manifestNames(
    _ prefix: String, _ flaws: inout BagFlaws
  ) throws -> [(name: String, algorithm: ChecksumAlgorithm)] {
    var names: [(name: String, algorithm: ChecksumAlgorithm)] = []
    for name in try fileSystem.list(folder).sorted() where name.hasPrefix(prefix) && name.hasSuffix(".txt") {
      let word = name.dropFirst(prefix.count).dropLast(".txt".count).lowercased()
      guard let algorithm = ChecksumAlgorithm(rawValue: word), algorithm != .crc32 else {
        flaws.add(
          "\(quoted(name)) has an algorithm that this program does not know; it takes sha256, sha512, sha1 and md5"
        )
        continue
      }
      names.append((name, algorithm))
    }
    return names
  }

  /// A tag file, nil when there is none.
  private func text(of name: String) throws -> String? {
    let path = "\(folder)/\(name)"
    guard let info = try FileInfo.of(path) else { return nil }
    guard info.kind == .file else { throw BagFlaws(["\(name) is no file"]) }
    guard info.size <= Self.mostTagBytes else { throw BagFlaws(["\(name) is too large"]) }
    let file = try fileSystem.open(path, .read)
    defer { file.close() }
    let bytes = try file.readBytes(Int(info.size), at: 0)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw BagFlaws(["\(name) is not UTF-8"])
    }
    return text
  }

  /// `Name: value` lines; those that begin with a blank continue the one before (§2.2.2).
  private static func fields(_ text: String) -> [(name: String, value: String)] {
    var fields: [(name: String, value: String)] = []
    for line in text.split(whereSeparator: \.isNewline) {
      if let first = line.first, first == " " || first == "\t", !fields.isEmpty {
        fields[fields.count - 1].value += " " + line.trimmed
      } else if let colon = line.firstIndex(of: ":") {
        fields.append((line[..<colon].trimmed, line[line.index(after: colon)...].trimmed))
      }
    }
    return fields
  }
}

/// Checksums of one local file, read once. Call only on an `IOExecutor`'s threads.
enum FileChecksums {
  static func of(
    _ path: String, _ algorithms: Set<ChecksumAlgorithm>, _ fileSystem: any FileSystem
  ) throws -> [ChecksumAlgorithm: [UInt8]] {
    let file = try fileSystem.open(path, .read)
    defer { file.close() }
    let streams = algorithms.map { ChecksumStream($0) }
    var offset: Int64 = 0
    while true {
      let bytes = try file.readBytes(1 << 20, at: offset)
      if bytes.isEmpty { break }
      for stream in streams { stream.update(bytes) }
      offset += Int64(bytes.count)
    }
    return Dictionary(streams.map { ($0.algorithm, $0.finish()) }) { first, _ in first }
  }
}

extension Substring {
  fileprivate var trimmed: String {
    var text = self
    while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
    while let last = text.last, last == " " || last == "\t" { text.removeLast() }
    return String(text)
  }
}
