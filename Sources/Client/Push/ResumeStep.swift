import Vocabulary

/// What to do with a file of a push that an earlier run began; a pure decision.
package enum ResumeStep: Sendable, Equatable {
  /// Nothing of it is there.
  case send
  /// Some or all of it is there: ask for the offset and compare before going on.
  case resume(UploadID)
  /// What is there cannot become the file: delete it, then send.
  case replace(UploadID)
  /// It is there, verified, and the local file has not changed since.
  case done

  package static func decide(
    file: SourceFile, remembered: JournalRecord.File?, server: UploadAnswer?
  ) -> ResumeStep {
    guard let server, let id = UploadID(server.id) else { return .send }
    switch server.uploadState {
    case .cancelled, .expired: return .send
    case .rejected: return .replace(id)
    case .created, .receiving, .received, .verified, .committed, nil: break
    }
    guard server.length == file.size else { return .replace(id) }
    if server.uploadState?.isFinished == true, remembered?.isUntouched(file) == true { return .done }
    return .resume(id)
  }

  /// Whether the push of an earlier run still fits: it takes exactly the files it was opened with.
  package static func fits(_ record: JournalRecord, _ files: [SourceFile]) -> Bool {
    record.announced.count == files.count
      && Set(record.announced) == Set(files.map { AnnouncedFile(path: $0.path.text, size: $0.size) })
  }

  /// Whether all files of an earlier run were sent and none has changed since.
  package static func isUnchanged(_ record: JournalRecord, _ files: [SourceFile]) -> Bool {
    guard fits(record, files) else { return false }
    var sent: [BundlePath: JournalRecord.File] = [:]
    for file in record.files { if let path = try? BundlePath(file.path) { sent[path] = file } }
    return files.allSatisfy { sent[$0.path]?.isUntouched($0) == true }
  }
}
