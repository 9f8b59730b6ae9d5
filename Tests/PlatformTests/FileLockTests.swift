import Platform
import TestSupport
import Testing

/// Tries to take the lock in another process; true when it got it.
func canLockElsewhere(_ path: String) async throws -> Bool {
  let script = "import fcntl, sys; fcntl.flock(open(sys.argv[1]), fcntl.LOCK_EX | fcntl.LOCK_NB)"
  let result = try await blocking { try runProgram("/usr/bin/env", ["python3", "-c", script, path]) }
  return result.status == 0
}

@Suite struct FileLockTests {
  @Test("one holds the lock until its value goes; others are refused, in this process and in another")
  func exclusive() async throws {
    let folder = try TemporaryFolder()
    let path = folder.child("lock")
    var lock = try FileLock(path: path)
    #expect(lock != nil)
    #expect(try FileLock(path: path) == nil)
    #expect(try await canLockElsewhere(path) == false)
    withExtendedLifetime(lock) {}
    lock = nil
    #expect(try await canLockElsewhere(path))
    #expect(try FileLock(path: path) != nil)
  }

  @Test("a lock whose folder is missing is an error, not a lock held by another")
  func missing() throws {
    let folder = try TemporaryFolder()
    let error = #expect(throws: FileError.self) { try FileLock(path: folder.child("none/lock")) }
    #expect(error?.kind == .notFound)
  }

  @Test("B-21 a symbolic link is not followed to make a lock")
  func link() throws {
    let folder = try TemporaryFolder()
    try makeLink(at: folder.child("lock"), to: folder.child("elsewhere"))
    #expect(throws: FileError.self) { try FileLock(path: folder.child("lock")) }
    #expect(!folder.exists("elsewhere"))
  }
}
