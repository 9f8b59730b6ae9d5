import Bundles
import Foundation
import Platform
import TestSupport
import Testing
import Vocabulary

@Suite struct TarFormatTests {
  private struct File {
    var entry: Entry
    var bytes: [UInt8]
  }
  private struct Member: Decodable, Equatable {
    var name: String
    var size: Int64
    var mode: Int
    var seconds: Int64
    var sha256: String
    var isFile: Bool
  }

  private func files(seed: UInt64) throws -> [File] {
    var random = SeededRandom(seed: seed)
    let long = String(repeating: "long/", count: 30) + "name"
    let fixed = [
      "plain", "empty", "ümläut/日本語", long, String(repeating: "x", count: 100),
      String(repeating: "y", count: 101),
      "a b/'q' \"d\" \\b", "-dash", "e\u{301}", String(repeating: "п", count: 120), "z=1",
    ]
    var paths = try fixed.map { try BundlePath($0) }
    for _ in 0..<40 {
      let path = random.path()
      if !paths.contains(where: { $0 == path || $0.contains(path) || path.contains($0) }) {
        paths.append(path)
      }
    }
    return paths.map { path in
      let size = path.text == "empty" ? 0 : random.element(of: [0, 1, 511, 512, 513, random.int(0...5000)])
      let bytes = random.bytes(size)
      let entry = Entry(
        path: path, size: Int64(size), digest: SHA256Stream.digest(of: bytes),
        mode: random.element(of: [nil, 0o600, 0o644, 0o755, 0o777, 0o400]),
        modifiedAt: random.element(of: [
          nil, Timestamp(milliseconds: Int64(random.int(0...1_700_000_000_000))),
        ]))
      return File(entry: entry, bytes: bytes)
    }
  }

  private func archive(_ files: [File]) -> [UInt8] {
    files.reduce(into: []) {
      $0 += TarFormat.header($1.entry) + $1.bytes + TarFormat.padding(after: $1.entry.size)
    }
      + TarFormat.end
  }

  private func run(_ arguments: [String]) async throws -> String {
    let result = try await blocking {
      try runProgram("/usr/bin/env", arguments, environment: ["LC_ALL": "C.UTF-8"])
    }
    try #require(result.status == 0, "\(arguments): \(result.errors)")
    #expect(result.errors == "")
    return result.output
  }

  @Test("Python's tarfile reads what was written", arguments: 0..<4 as Range<UInt64>)
  func python(seed: UInt64) async throws {
    let folder = try TemporaryFolder()
    let files = try files(seed: seed)
    try folder.write(archive(files), to: "bundle.tar")
    let script = """
      import hashlib, json, sys, tarfile
      with tarfile.open(sys.argv[1], 'r:') as tar:
        print(json.dumps([{
          'name': m.name, 'size': m.size, 'mode': m.mode, 'seconds': int(m.mtime), 'isFile': m.isreg(),
          'sha256': hashlib.sha256(tar.extractfile(m).read()).hexdigest()} for m in tar]))
      """
    let output = try await run(["python3", "-c", script, folder.child("bundle.tar")])
    let members = try JSONDecoder().decode([Member].self, from: Data(output.utf8))
    try #require(members.count == files.count)
    for (member, file) in zip(members, files) {
      #expect(member.name.utf8.elementsEqual(file.entry.path.text.utf8))
      #expect(member.size == file.entry.size)
      #expect(member.mode == file.entry.mode ?? 0o644)
      #expect(member.seconds == (file.entry.modifiedAt?.milliseconds ?? 0) / 1000)
      #expect(member.sha256 == file.entry.digest.hex)
      #expect(member.isFile)
    }
  }

  @Test("the system's tar unpacks what was written", arguments: 0..<4 as Range<UInt64>)
  func systemTar(seed: UInt64) async throws {
    let folder = try TemporaryFolder()
    let files = try files(seed: seed)
    try folder.write(archive(files), to: "bundle.tar")
    try LinuxFileSystem().makeFolder(folder.child("out"))
    _ = try await run(["tar", "-xpf", folder.child("bundle.tar"), "-C", folder.child("out")])
    for file in files {
      let path = folder.child("out/" + file.entry.path.text)
      let info = try #require(try FileInfo.of(path), "\(file.entry.path)")
      #expect(try folder.bytes(of: "out/" + file.entry.path.text) == file.bytes)
      #expect(info.mode == UInt32(file.entry.mode ?? 0o644))
      #expect(info.modifiedNanoseconds / 1_000_000_000 == (file.entry.modifiedAt?.milliseconds ?? 0) / 1000)
    }
    let names = try folder.files().filter { $0.utf8.starts(with: "out/".utf8) }
    #expect(names.count == files.count)
  }

  @Test(
    "sizes beyond eight gigabytes are told in a pax header",
    arguments: [0o77777777777, 0o100000000000, 1 << 40] as [Int64])
  func large(size: Int64) async throws {
    var random = SeededRandom(seed: 1)
    var entry = random.entry(path: try BundlePath("large"))
    entry.size = size
    let folder = try TemporaryFolder()
    try folder.write(TarFormat.header(entry), to: "bundle.tar")
    let script = "import sys, tarfile; print(tarfile.open(sys.argv[1], 'r:').next().size)"
    #expect(try await run(["python3", "-c", script, folder.child("bundle.tar")]) == "\(size)\n")
  }

  @Test("everything is whole blocks, and times out of range are cut, not wrapped")
  func blocks() throws {
    var random = SeededRandom(seed: 2)
    for size in [0, 1, 511, 512, 513, 1024] as [Int64] {
      #expect((size + Int64(TarFormat.padding(after: size).count)) % 512 == 0)
      #expect(TarFormat.padding(after: size).count < 512)
    }
    #expect(TarFormat.end == [UInt8](repeating: 0, count: 1024))
    for milliseconds in [Int64.min, -1, 0, .max] {
      var entry = random.entry()
      entry.modifiedAt = Timestamp(milliseconds: milliseconds)
      #expect(TarFormat.header(entry).count % 512 == 0)
    }
  }
}
