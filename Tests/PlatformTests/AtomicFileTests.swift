import Platform
import TestSupport
import Testing

@Suite struct AtomicFileTests {
  @Test("MUST-2 a file appears by temp, write, fsync, rename, fsync of the folder, in this order")
  func order() throws {
    let folder = try TemporaryFolder()
    let files = FaultyFileSystem(in: folder)
    try AtomicFile.write(Array("new".utf8), to: "name", in: folder.path, permissions: 0o600, on: files)
    #expect(
      files.trace == [
        "unlink .name.tmp", "open-create .name.tmp", "write .name.tmp", "chmod .name.tmp", "fsync .name.tmp",
        "rename name", "fsync-folder .",
      ])
    #expect(try folder.files() == ["name"])
    #expect(try folder.text(of: "name") == "new")
    #expect(try #require(try FileInfo.of(folder.child("name"))).mode == 0o600)
  }

  @Test(
    "MUST-2 whatever call fails, the file has its old or its new content, and the next attempt succeeds",
    arguments: 1...7, [false, true])
  func faults(call: Int, isLasting: Bool) throws {
    let old = [UInt8](repeating: 1, count: 1000)
    let new = [UInt8](repeating: 2, count: 2000)
    for hasOld in [false, true] {
      let folder = try TemporaryFolder()
      if hasOld { try folder.write(old, to: "name") }
      let files = FaultyFileSystem(in: folder)
      files.fail(call: call, isLasting: isLasting)
      #expect(throws: FileError.self) { try AtomicFile.write(new, to: "name", in: folder.path, on: files) }
      if folder.exists("name") {
        let content = try folder.bytes(of: "name")
        #expect(content == new || hasOld && content == old)
        #expect(call > 6 || content == old)
      } else {
        #expect(!hasOld)
      }
      files.heal()
      try AtomicFile.write(new, to: "name", in: folder.path, on: files)
      #expect(try folder.bytes(of: "name") == new)
      #expect(try folder.files() == ["name"])
    }
  }

  @Test("an eighth call does not exist")
  func complete() throws {
    let folder = try TemporaryFolder()
    let files = FaultyFileSystem(in: folder)
    files.fail(call: 8)
    try AtomicFile.write([1], to: "name", in: folder.path, on: files)
    #expect(!files.wasHit)
  }

  @Test("a symbolic link in the temporary file's place is replaced, not followed")
  func link() throws {
    let folder = try TemporaryFolder()
    try folder.write("victim", to: "victim")
    try makeLink(at: folder.child(".name.tmp"), to: folder.child("victim"))
    try AtomicFile.write(Array("new".utf8), to: "name", in: folder.path, on: LinuxFileSystem())
    #expect(try folder.text(of: "victim") == "victim")
    #expect(try folder.text(of: "name") == "new")
  }
}
