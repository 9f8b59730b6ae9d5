import Blobs
import Foundation
import Platform
import TestSupport
import Testing

@Suite struct DataFolderTests {
  private let temporary: TemporaryFolder
  private let files = LinuxFileSystem()

  init() throws { temporary = try TemporaryFolder() }

  /// The error of an opening that must be refused and change nothing.
  private func refusal(_ name: String) throws -> DataFolderError? {
    let before = try temporary.listing()
    let error = #expect(throws: DataFolderError.self) {
      _ = try DataFolder.open(temporary.child(name), on: files)
    }
    #expect(try temporary.listing() == before)
    return error
  }

  @Test(
    "a folder that is not there, and one that is empty, become a data folder",
    arguments: ["new", "a/b/new", "empty"])
  func fresh(name: String) throws {
    try files.makeFolder(temporary.child("empty"))
    let folder = try DataFolder.open(temporary.child(name), on: files)
    #expect(folder.layout.root == temporary.child(name))
    #expect(try temporary.text(of: "\(name)/format") == "sheaf 1\n")
    let names = try files.list(temporary.child(name))
    #expect(Set(names) == ["format", "lock", "partial", "objects", "packs", "bundles", "logs"])
    #expect(temporary.exists("\(name)/objects/.incoming"))
  }

  @Test("a data folder is opened again once it was let go, with all it holds")
  func again() throws {
    try withExtendedLifetime(DataFolder.open(temporary.child("data"), on: files)) {}
    try temporary.write("x", to: "data/objects/ab/abc")
    let before = try temporary.listing()
    try withExtendedLifetime(DataFolder.open(temporary.child("data"), on: files)) {}
    #expect(try temporary.listing() == before)
  }

  @Test("one server at a time: a second opening is refused, in this process and for another")
  func lock() async throws {
    let folder = try DataFolder.open(temporary.child("data"), on: files)
    guard case .inUse = try refusal("data") else {
      Issue.record("not refused as in use")
      return
    }
    let script = "import fcntl, sys; fcntl.flock(open(sys.argv[1]), fcntl.LOCK_EX | fcntl.LOCK_NB)"
    let lock = folder.layout.lock
    let held = try await blocking { try runProgram("/usr/bin/env", ["python3", "-c", script, lock]) }
    #expect(held.status != 0)
    withExtendedLifetime(folder) {}
  }

  @Test("a folder that another process holds is refused")
  func heldElsewhere() throws {
    try withExtendedLifetime(DataFolder.open(temporary.child("data"), on: files)) {}
    let script =
      "import fcntl, sys; f = open(sys.argv[1]); fcntl.flock(f, fcntl.LOCK_EX); print('held', flush=True); sys.stdin.read()"
    let process = ChildProcess()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", "-c", script, temporary.child("data/lock")]
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    #expect(try output.fileHandleForReading.nextData().first == UInt8(ascii: "h"))
    let error = try refusal("data")
    try input.fileHandleForWriting.close()
    process.waitUntilExit()
    guard case .inUse = error else {
      Issue.record("not refused as in use")
      return
    }
    _ = try DataFolder.open(temporary.child("data"), on: files)
  }

  @Test(
    "another format, older, newer or foreign, is refused and named",
    arguments: ["sheaf 2\n", "sheaf 1", "sheaf 11\n", "sheaf 1\nx", "", "PNG", "\u{0}"])
  func format(line: String) throws {
    try temporary.write(line, to: "data/format")
    try temporary.write("x", to: "data/objects/x")
    let error = try #require(try refusal("data"))
    guard case .foreignFormat = error else {
      Issue.record("\(error)")
      return
    }
    #expect("\(error)".contains("this version reads \"sheaf 1\" only"))
    if line == "sheaf 2\n" { #expect("\(error)".contains("has format \"sheaf 2\"")) }
  }

  @Test(
    "a folder that holds something else is refused",
    arguments: ["notes.txt", "catalog.sqlite", ".git/config"])
  func foreign(name: String) throws {
    try temporary.write("x", to: "data/\(name)")
    guard case .notOurs = try refusal("data") else {
      Issue.record("not refused as foreign")
      return
    }
  }

  @Test("a file, and a link whose target is missing, are refused")
  func noFolder() throws {
    try temporary.write("x", to: "file")
    try FileManager.default.createSymbolicLink(
      atPath: temporary.child("link"), withDestinationPath: temporary.child("nowhere"))
    for name in ["file", "link"] {
      guard case .unusable = try refusal(name) else {
        Issue.record("\(name) was not refused as unusable")
        return
      }
    }
  }

  @Test(
    "a folder that may not be written is refused", .enabled(if: getuid() != 0, "root may write everywhere"))
  func unwritable() throws {
    try files.makeFolder(temporary.child("data"))
    try FileManager.default.setAttributes([.posixPermissions: 0o500], ofItemAtPath: temporary.child("data"))
    guard case .unusable = try refusal("data") else {
      Issue.record("not refused as unusable")
      return
    }
  }

  @Test("whatever call of the first opening fails, the next attempt succeeds", arguments: [false, true])
  func faults(isLasting: Bool) throws {
    for call in 1... {
      let temporary = try TemporaryFolder()
      let files = FaultyFileSystem(in: temporary)
      files.fail(call: call, isLasting: isLasting)
      do {
        _ = try DataFolder.open(temporary.child("data"), on: files)
      } catch {
        #expect(files.wasHit)
      }
      let wasHit = files.wasHit
      files.heal()
      _ = try DataFolder.open(temporary.child("data"), on: files)
      #expect(try temporary.text(of: "data/format") == "sheaf 1\n")
      #expect(
        Set(try files.list(temporary.child("data"))) == [
          "format", "lock", "partial", "objects", "packs", "bundles", "logs",
        ])
      if !wasHit {
        #expect(call > 10)
        return
      }
    }
  }
}
