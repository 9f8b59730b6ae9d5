import Client
import Foundation
import Platform
import TestSupport
import Testing
import Vocabulary

@Suite struct PushJournalTests {
  let folder: TemporaryFolder
  let io = ThreadedExecutor(name: "test", threads: 1)
  private var record: JournalRecord {
    JournalRecord(
      server: "http://127.0.0.1:8773", push: pushID.text, announced: [AnnouncedFile(path: "a", size: 3)])
  }
  private let file: JournalRecord.File

  init() throws {
    folder = try TemporaryFolder()
    file = JournalRecord.File(
      try sourceFile("a", mtime: 12_345), uploadURL: "http://127.0.0.1:8773/files/\(uploadID)", state: .done)
  }

  @Test("a record of a version that did not note inodes is read, and its files count as changed")
  func older() async throws {
    let text =
      #"{"version":1,"server":"s","push":"\#(pushID)","announced":[],"files":["#
      + #"{"path":"a","size":3,"mtime":12345,"uploadURL":"u","state":"done"}]}"#
    try folder.write(text, to: "state/pushes/key.json")
    let journal = try await open()
    let found = try #require(journal.file(try BundlePath("a")))
    #expect(found.inode == nil && found.ctime == nil && journal.complaint == nil)
  }

  @Test("D38 the files that a shared push takes can become others, and what was sent stays known")
  func announce() async throws {
    let files = [AnnouncedFile(path: "a", size: 3), AnnouncedFile(path: "b", size: 1)]
    do {
      let journal = try await open()
      try await journal.begin(record)
      journal.note(file)
      journal.announce(files)
      try await journal.flush()
    }
    let journal = try await open()
    #expect(journal.record?.announced == files && journal.record?.files == [file])
  }

  private func open() async throws -> PushJournal {
    try await PushJournal.open(folder: folder.child("state/pushes"), key: "key", io: io)
  }

  @Test("what is written is read back by the next run")
  func roundTrip() async throws {
    do {
      let journal = try await open()
      #expect(journal.record == nil)
      try await journal.begin(record)
      journal.note(file)
      try await journal.flush()
    }
    let journal = try await open()
    #expect(journal.record?.push == pushID.text)
    #expect(journal.record?.announced == record.announced)
    #expect(journal.record?.files == [file])
    #expect(journal.file(try BundlePath("a")) == file)
    #expect(try FileInfo.of(folder.child("state/pushes/key.json"))?.mode == 0o600)
  }

  @Test("the push is on disk as soon as it began, its files only with the next batch")
  func batches() async throws {
    do {
      let journal = try await open()
      try await journal.begin(record)
      journal.note(file)
    }
    let journal = try await open()
    #expect(journal.record?.push == pushID.text)
    #expect(journal.record?.files == [])
  }

  @Test("a temporary file that a crash left does not disturb and is replaced")
  func leftover() async throws {
    try folder.write("{\"half", to: "state/pushes/.key.json.tmp")
    let journal = try await open()
    #expect(journal.record == nil && journal.complaint == nil)
    try await journal.begin(record)
    #expect(try folder.files().map { $0.split(separator: "/").last } == ["key.json", "key.lock"])
  }

  @Test(
    "a damaged or foreign record is reported and not used", arguments: ["", "{", "[]", #"{"version":1}"#])
  func damaged(text: String) async throws {
    try folder.write(text, to: "state/pushes/key.json")
    let journal = try await open()
    #expect(journal.record == nil)
    #expect(journal.complaint != nil)
  }

  @Test("a record of another version is not used")
  func version() async throws {
    var other = record
    other.version += 1
    try folder.write(Array(try JSONEncoder().encode(other)), to: "state/pushes/key.json")
    let journal = try await open()
    #expect(journal.record == nil && journal.complaint != nil)
  }

  @Test("a second client cannot open the journal while the first has it")
  func lock() async throws {
    let first = try await open()
    await #expect(throws: PushJournal.InUse.self) { _ = try await open() }
    try await first.begin(record)
    try await first.remove()
  }

  @Test("a committed push leaves nothing behind")
  func remove() async throws {
    let journal = try await open()
    try await journal.begin(record)
    journal.note(file)
    try await journal.remove()
    try await journal.flush()
    #expect(try folder.files() == [])
  }

  @Test("a forgotten file is not resumed")
  func forget() async throws {
    let journal = try await open()
    try await journal.begin(record)
    journal.note(file)
    journal.forget(try BundlePath("a"))
    #expect(journal.record?.files == [])
  }

  @Test("the key is the same for the same push in any order of its sources, and another for any other")
  func key() throws {
    let server = try ServerURL("http://127.0.0.1:8773/")
    let repo = try RepoName("films")
    func key(_ message: String, _ sources: [String], label: LabelName? = nil) -> String {
      StateFolder.key(server: server, repo: repo, label: label, message: message, sources: sources)
    }
    #expect(key("m", ["/a", "/b"]) == key("m", ["/b", "/a"]))
    let others = [
      key("m", ["/a"]), key("m/", ["a"]), key("n", ["/a"]), key("m", ["/a/"]), key("m", ["/a", "/b"]),
    ]
    #expect(Set(others + [key("m", ["/a"], label: try LabelName("x"))]).count == 6)
    let options: [(Bool, String?)] = [(true, nil), (false, nil), (true, "refuse"), (false, "keep-first")]
    let keys = options.map { seals, conflicts in
      StateFolder.key(
        server: server, repo: repo, label: nil, message: "m", sources: ["/a"], seals: seals,
        conflicts: conflicts)
    }
    #expect(Set(keys).count == 4 && keys[0] == key("m", ["/a"]))
  }

  @Test("the journal lies in the state folder of the user")
  func stateFolder() {
    #expect(StateFolder.pushes(environment: ["HOME": "/h"]) == "/h/.local/state/sheaf/pushes")
    #expect(StateFolder.pushes(environment: ["HOME": "/h", "XDG_STATE_HOME": "/s"]) == "/s/sheaf/pushes")
    #expect(
      StateFolder.pushes(environment: ["HOME": "/h", "XDG_STATE_HOME": "s"]) == "/h/.local/state/sheaf/pushes"
    )
    #expect(StateFolder.pushes(environment: [:]) == nil)
  }
}
