import Client
import Platform
import Testing
import Vocabulary

@Suite struct ResumeStepTests {
  private let done: JournalRecord.File

  init() throws { done = JournalRecord.File(try sourceFile("a"), uploadURL: "u", state: .done) }

  @Test("what the server does not have is sent", arguments: ["cancelled", "expired"])
  func send(state: String) throws {
    let file = try sourceFile("a")
    #expect(ResumeStep.decide(file: file, remembered: done, server: nil) == .send)
    #expect(ResumeStep.decide(file: file, remembered: done, server: try uploadAnswer(state: state)) == .send)
  }

  @Test("what cannot become the file is replaced")
  func replace() throws {
    let file = try sourceFile("a")
    let rejected = try uploadAnswer(state: "rejected")
    let longer = try uploadAnswer(state: "receiving", length: 4)
    #expect(ResumeStep.decide(file: file, remembered: nil, server: rejected) == .replace(uploadID))
    #expect(ResumeStep.decide(file: file, remembered: nil, server: longer) == .replace(uploadID))
  }

  @Test(
    "a verified file is done only when the local one is as it was then", arguments: ["verified", "committed"])
  func finished(state: String) throws {
    let server = try uploadAnswer(state: state, offset: 3)
    #expect(ResumeStep.decide(file: try sourceFile("a"), remembered: done, server: server) == .done)
    // Another file that took the name, or one whose time was set back, has the same size and time.
    let others = try [sourceFile("a", mtime: 2), sourceFile("a", inode: 9), sourceFile("a", ctime: 9)]
    for file in others {
      #expect(ResumeStep.decide(file: file, remembered: done, server: server) == .resume(uploadID))
    }
    var older = done
    (older.ctime, older.inode) = (nil, nil)
    #expect(
      ResumeStep.decide(file: try sourceFile("a"), remembered: older, server: server) == .resume(uploadID))
    #expect(
      ResumeStep.decide(file: try sourceFile("a"), remembered: nil, server: server) == .resume(uploadID))
  }

  @Test("an unfinished upload is resumed", arguments: ["created", "receiving"])
  func unfinished(state: String) throws {
    let server = try uploadAnswer(state: state, offset: 1)
    #expect(
      ResumeStep.decide(file: try sourceFile("a"), remembered: done, server: server) == .resume(uploadID))
  }

  @Test("a push fits exactly the files it was opened with")
  func fits() throws {
    let record = JournalRecord(
      server: "s", push: pushID.text,
      announced: [AnnouncedFile(path: "a", size: 3), AnnouncedFile(path: "b", size: 4)])
    let same = [try sourceFile("b", size: 4), try sourceFile("a", mtime: 99)]
    #expect(ResumeStep.fits(record, same))
    #expect(!ResumeStep.fits(record, [try sourceFile("a")]))
    #expect(!ResumeStep.fits(record, same + [try sourceFile("c")]))
    #expect(!ResumeStep.fits(record, [try sourceFile("b", size: 5), try sourceFile("a")]))
  }

  @Test("everything was sent only when each file is done and untouched")
  func unchanged() throws {
    var record = JournalRecord(
      server: "s", push: pushID.text, announced: [AnnouncedFile(path: "a", size: 3)], files: [done])
    #expect(ResumeStep.isUnchanged(record, [try sourceFile("a")]))
    #expect(!ResumeStep.isUnchanged(record, [try sourceFile("a", mtime: 2)]))
    #expect(!ResumeStep.isUnchanged(record, [try sourceFile("a", ctime: 9)]))
    record.files[0].state = .sending
    #expect(!ResumeStep.isUnchanged(record, [try sourceFile("a")]))
    record.files = []
    #expect(!ResumeStep.isUnchanged(record, [try sourceFile("a")]))
  }

  @Test("going back in a file finds the nearest hash state at or below")
  func ladder() {
    let spacing = 8 << 20
    var ladder = HashLadder(fileSize: 100 << 20)
    var stream = SHA256Stream()
    let zeros = [UInt8](repeating: 0, count: spacing / 2)
    for _ in 0..<5 {
      zeros.withUnsafeBytes { stream.update($0) }
      ladder.offer(stream)
    }
    #expect(ladder.state(atOrBelow: 0).byteCount == 0)
    #expect(ladder.state(atOrBelow: Int64(spacing) - 1).byteCount == 0)
    #expect(ladder.state(atOrBelow: Int64(spacing)).byteCount == Int64(spacing))
    #expect(ladder.state(atOrBelow: .max).byteCount == Int64(2 * spacing))
    #expect(HashLadder(fileSize: 1 << 50).spacing == 1 << 40)
  }
}
