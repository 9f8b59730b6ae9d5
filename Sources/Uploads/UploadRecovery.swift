import Blobs
import Catalog
import Platform
import Vocabulary

extension UploadEngine {
  /// Brings what a crash left to where it belongs; run before the first request. Idempotent.
  ///
  /// Cuts off unverified bytes, finishes complete uploads, removes partial files of uploads that have ended, and
  /// reports missing and unknown partial files.
  package func recover() async throws {
    var after: UploadID?
    while true {
      let cursor = after
      let page = try await catalog.read {
        try $0.uploads(in: [.created, .receiving, .received], after: cursor, limit: 256)
      }
      for record in page { await recover(record) }
      guard let last = page.last, page.count == 256 else { break }
      after = last.id
    }
    try await assembleWaiting()
    try await sweepPartials()
  }

  private func recover(_ record: UploadRecord) async {
    if record.state == .received {
      verifyLater(record.id)
      return
    }
    unfinished.add(record.id, client: client(of: record), bytes: record.length ?? 0)
    // What it has was put there by an assembly that begins anew.
    if record.isAssembling { return }
    do {
      guard let size = try await blobs.partialSize(record.id) else {
        if record.state != .created { await recordFault(record, "no partial file") }
        return
      }
      if record.length == nil { unfinished.update(record.id, bytes: size) }
      // Both are what HEAD does first, so HEAD is how they are done.
      if record.unverifiedFrom != nil || size == record.length { _ = try await inspect(record.id) }
    } catch {
      report("upload \(record.id) could not be recovered: \(error)")
    }
  }

  private func sweepPartials() async throws {
    for id in try await blobs.partialIDs() {
      guard let record = try await catalog.read({ try $0.upload(id) }) else {
        // An earlier version made the file before its row; anything but an empty file is not ours to judge.
        if try await blobs.partialSize(id) == 0 {
          try await blobs.removePartial(id)
        } else {
          report("partial file of the unknown upload \(id) left alone")
        }
        continue
      }
      if !record.state.isOpen && record.state != .received { try await blobs.removePartial(id) }
    }
  }
}
