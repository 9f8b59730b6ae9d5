import Client
import Foundation
import Platform
import TestSupport
import Testing
import Vocabulary

/// RFC 8493 §3: what is no valid bag is told, before anything is made of it.
@Suite struct BagCheckTests {
  private let folder: TemporaryFolder
  private let files = ["a.txt": "one", "sub/b%0A.bin": "two!", "empty": ""]

  /// A valid bag with all kinds of manifests.
  init() throws {
    folder = try TemporaryFolder()
    for (path, text) in files { try folder.write(text, to: "bag/data/\(path)") }
    try folder.write(BagFormat.declaration, to: "bag/bagit.txt")
    try folder.write("Source-Organization: me\n and others\nPayload-Oxum: 7.3\n", to: "bag/bag-info.txt")
    for algorithm in [ChecksumAlgorithm.md5, .sha1, .sha256, .sha512] {
      let lines = files.map { BagFormat.line(checksum(algorithm, $0.value), "data/\($0.key)") }
      try folder.write(lines.joined(), to: "bag/manifest-\(algorithm.rawValue).txt")
    }
    try writeTags()
  }

  private func checksum(_ algorithm: ChecksumAlgorithm, _ text: String) -> String {
    let stream = ChecksumStream(algorithm)
    stream.update(Array(text.utf8))
    return Hexadecimal.encode(stream.finish())
  }

  private func writeTags() throws {
    var tags = ""
    for name in try folder.files() where name.hasPrefix("bag/") && !name.hasPrefix("bag/data/") {
      guard !name.hasPrefix("bag/tag") else { continue }
      tags += BagFormat.line(checksum(.sha256, try folder.text(of: name)), String(name.dropFirst(4)))
    }
    try folder.write(tags, to: "bag/tagmanifest-sha256.txt")
  }

  private func check() async throws -> BagCheck.Payload {
    try await BagCheck(folder: folder.child("bag"), io: ThreadedExecutor(name: "test", threads: 2)).run()
  }

  /// What the check says after the change; tag manifests are made anew.
  private func flaws(after change: () throws -> Void) async throws -> String {
    try change()
    try? FileManager.default.removeItem(atPath: folder.child("bag/tagmanifest-sha256.txt"))
    do {
      _ = try await check()
      return "valid"
    } catch let flaws as BagFlaws {
      return flaws.description
    }
  }

  private func remove(_ name: String) throws {
    try FileManager.default.removeItem(atPath: folder.child(name))
  }

  @Test("a valid bag gives its files and their SHA-256")
  func valid() async throws {
    let payload = try await check()
    #expect(payload.files.map(\.path.text) == ["a.txt", "empty", "sub/b%0A.bin"])
    for file in payload.files {
      #expect(payload.digests[file.path]?.hex == checksum(.sha256, try #require(files[file.path.text])))
    }
  }

  @Test("manifests of other programs are understood: stars, tabs, dots, CR LF, and percent signs as they are")
  func spellings() async throws {
    let lines = [
      "\(checksum(.sha256, "one").uppercased()) *data/a.txt\r\n",
      "\(checksum(.sha256, ""))\t./data/empty\r\n",
      "\(checksum(.sha256, "two!"))   data/sub/b%0A.bin\r\n",
    ]
    let said = try await flaws {
      for name in ["md5", "sha1", "sha512"] { try remove("bag/manifest-\(name).txt") }
      try folder.write(lines.joined(), to: "bag/manifest-sha256.txt")
      try folder.write("BagIt-Version: 0.97\r\nTag-File-Character-Encoding: utf-8\r\n", to: "bag/bagit.txt")
    }
    #expect(said == "valid")
  }

  @Test("a changed, a missing and an extra file are named")
  func payload() async throws {
    let changed = try await flaws { try folder.write("onE", to: "bag/data/a.txt") }
    for name in ["md5", "sha1", "sha256", "sha512"] {
      #expect(changed.contains("\"data/a.txt\" does not match manifest-\(name).txt"))
    }
    let missing = try await flaws { try remove("bag/data/a.txt") }
    #expect(missing.contains("\"data/a.txt\" of manifest-sha256.txt is missing"))
    #expect(missing.contains("Payload-Oxum is \"7.3\", the payload has 4.2"))
    let extra = try await flaws {
      try folder.write("one", to: "bag/data/a.txt")
      try folder.write("x", to: "bag/data/.sheaf/x")
      try remove("bag/bag-info.txt")
    }
    #expect(extra.contains("\"data/.sheaf/x\" is not in manifest-sha512.txt"))
  }

  @Test(
    "no manifest leads out of the bag",
    arguments: [
      "../a.txt", "data/../../x", "/etc/hostname", "data/", "data//a.txt", "~/x", "data/a%0D%0A.txt/../..",
    ])
  func traversal(path: String) async throws {
    let said = try await flaws {
      let text = try folder.text(of: "bag/manifest-sha256.txt")
      try folder.write(text + "\(checksum(.sha256, "x"))  \(path)\n", to: "bag/manifest-sha256.txt")
    }
    #expect(said.contains("manifest-sha256.txt has \(quoted(path)), which"), "\(said)")
  }

  @Test("links in the payload are refused")
  func links() async throws {
    let said = try await flaws {
      try FileManager.default.createSymbolicLink(
        atPath: folder.child("bag/data/link"), withDestinationPath: "/etc/hostname")
    }
    #expect(said.contains("symbolic link"))
  }

  @Test("a bag with weak checksums alone, with unknown ones, or with content elsewhere is refused")
  func unsupported() async throws {
    let fetch = try await flaws { try folder.write("http://h/ 3 data/x\n", to: "bag/fetch.txt") }
    #expect(fetch.contains("fetch.txt"))
    try remove("bag/fetch.txt")
    let unknown = try await flaws { try folder.write("", to: "bag/manifest-blake3.txt") }
    #expect(unknown.contains("manifest-blake3.txt"))
    try remove("bag/manifest-blake3.txt")
    let twice = try await flaws {
      let text = try folder.text(of: "bag/manifest-sha512.txt")
      try folder.write(text + text, to: "bag/manifest-sha512.txt")
    }
    #expect(twice.contains("twice"))
    let weak = try await flaws {
      for name in ["sha256", "sha512"] { try remove("bag/manifest-\(name).txt") }
    }
    #expect(weak.contains("MD5 and SHA-1 prove nothing"))
  }

  @Test(
    "a declaration that is missing, of another version or encoding is refused, and a line that is none is named"
  )
  func declaration() async throws {
    for (text, part) in [
      ("BagIt-Version: 2.0\nTag-File-Character-Encoding: UTF-8\n", "\"2.0\""),
      ("BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-16\n", "\"UTF-16\""), ("", "BagIt-Version \"\""),
    ] {
      let said = try await flaws { try folder.write(text, to: "bag/bagit.txt") }
      #expect(said.contains(part))
    }
    let none = try await flaws { try remove("bag/bagit.txt") }
    #expect(none.contains("there is no bagit.txt"))
    try folder.write(BagFormat.declaration, to: "bag/bagit.txt")
    for line in [
      "abcd  data/a.txt", "data/a.txt", checksum(.sha256, "one"), "\(checksum(.sha512, "one"))  data/a.txt",
    ] {
      let said = try await flaws { try folder.write("\n\(line)\n", to: "bag/manifest-sha256.txt") }
      #expect(said.contains("manifest-sha256.txt line 2 is not a checksum and a path"), "\(line): \(said)")
    }
    try remove("bag/data")
    #expect(try await flaws {}.contains("there is no folder data"))
  }

  @Test("a tag file that was changed or is missing is named")
  func tags() async throws {
    try folder.write("Payload-Oxum: 7.3\n", to: "bag/bag-info.txt")
    let flaws = await #expect(throws: BagFlaws.self) { _ = try await check() }
    #expect(flaws?.description.contains("\"bag-info.txt\" does not match tagmanifest-sha256.txt") == true)
    try remove("bag/bag-info.txt")
    let missing = await #expect(throws: BagFlaws.self) { _ = try await check() }
    #expect(missing?.description.contains("\"bag-info.txt\" of tagmanifest-sha256.txt is missing") == true)
  }
}
