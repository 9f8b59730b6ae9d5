import Foundation
import Platform
import TestSupport
import Testing

@Suite struct DirectoryWalkTests {
  @Test("members come in byte order with their kinds, and links are not followed")
  func members() throws {
    let folder = try TemporaryFolder()
    for name in ["b", "a", "Z", "ä", "a-b", ".hidden"] { try folder.write("12345", to: name) }
    try folder.write("", to: "sub/file")
    try makeLink(at: folder.child("link"), to: folder.child("sub"))
    let members = try DirectoryWalk.members(of: folder.path)
    #expect(members.map(\.name) == [".hidden", "Z", "a", "a-b", "b", "link", "sub", "ä"])
    let kinds = members.map(\.info.kind)
    #expect(kinds == [.file, .file, .file, .file, .file, .link, .folder, .file])
    #expect(members[0].info.size == 5)
  }

  @Test("a name that is not UTF-8 is shown, but not used")
  func foreignNames() async throws {
    let folder = try TemporaryFolder()
    let script = "import os, sys; open(os.fsencode(sys.argv[1]) + b'/f\\xff', 'w')"
    let result = try await blocking {
      try runProgram("/usr/bin/env", ["python3", "-c", script, folder.path])
    }
    try #require(result.status == 0, "\(result.errors)")
    let member = try #require(try DirectoryWalk.members(of: folder.path).first)
    #expect(member.name == nil)
    #expect(member.shownName == "f\u{fffd}")
  }

  @Test("a folder that is not there is an error; a file that is not there is nil")
  func missing() throws {
    let folder = try TemporaryFolder()
    let error = #expect(throws: FileError.self) { try DirectoryWalk.members(of: folder.child("none")) }
    #expect(error?.kind == .notFound)
    #expect(try FileInfo.of(folder.child("none")) == nil)
    #expect(try FileInfo.of(folder.child("none/below")) == nil)
  }
}

@Suite struct FileAttributesTests {
  @Test(
    "permissions and times are restored, also before 1970",
    arguments: [0, 1, 1_700_000_000_123_456_789, -1, -1_000_000_000, -1_500_000_000] as [Int64])
  func restore(nanoseconds: Int64) throws {
    let folder = try TemporaryFolder()
    try folder.write("x", to: "a")
    try FileAttributes.restore(folder.child("a"), mode: 0o640, modifiedNanoseconds: nanoseconds)
    let info = try #require(try FileInfo.of(folder.child("a")))
    #expect(info.mode == 0o640)
    #expect(info.modifiedNanoseconds == nanoseconds)
    try FileAttributes.restore(folder.child("a"), mode: 0o600, modifiedNanoseconds: nil)
    #expect(try FileInfo.of(folder.child("a"))?.modifiedNanoseconds == nanoseconds)
  }

  @Test("nothing is restored through a symbolic link")
  func link() throws {
    let folder = try TemporaryFolder()
    try folder.write("x", to: "a")
    try FileAttributes.restore(folder.child("a"), mode: 0o600, modifiedNanoseconds: nil)
    try makeLink(at: folder.child("link"), to: folder.child("a"))
    #expect(throws: FileError.self) {
      try FileAttributes.restore(folder.child("link"), mode: 0o777, modifiedNanoseconds: 0)
    }
    #expect(try FileInfo.of(folder.child("a"))?.mode == 0o600)
  }
}
