import Blobs
import Catalog
import Platform
import Vocabulary

/// Partial files that no upload was found for yet.
typealias PartialFiles = [UploadID: FileInfo]

extension Examination {
  /// Takes the names of all partial files down: there are only as many as uploads under way.
  mutating func readPartials() throws(FileError) -> PartialFiles {
    var partials: PartialFiles = [:]
    for folder in try members(of: layout.partials) {
      let path = "\(layout.partials)/\(folder.shownName)"
      guard folder.info.kind == .folder else {
        reportForeignPartial(path)
        continue
      }
      for member in try members(of: path) {
        guard member.info.kind == .file, let id = UploadID(member.shownName),
          id.text.suffix(2) == folder.shownName
        else {
          reportForeignPartial("\(path)/\(member.shownName)")
          continue
        }
        counts.partialFiles += 1
        checkMode(of: member, in: path, isReadOnly: member.info.mode & 0o222 == 0)
        partials[id] = member.info
      }
    }
    return partials
  }

  private mutating func reportForeignPartial(_ path: String) {
    findings.add(.partialForeign, shown(path), "its name is not that of a partial file; it is left alone")
  }

  mutating func reportUnknown(_ partials: PartialFiles) {
    guard isCatalogWhole else { return }
    for (id, info) in partials.sorted(by: { $0.key < $1.key }) {
      findings.add(
        .partialUnknown, id.text,
        info.size == 0
          ? "an empty partial file without an upload, which the next start removes"
          : "a partial file of \(info.size) bytes without an upload, which is left alone")
    }
  }

  /// Goes through all uploads; what is left in `partials` belongs to none.
  mutating func checkUploads(_ partials: inout PartialFiles) throws {
    let kept = try catalog.uploadCounts()
    // A state after the other: asked for all at once, every page looks for committed ones through all the others.
    for state in UploadState.allCases {
      var count = 0
      var after: UploadID?
      while true {
        let page = try catalog.uploads(in: [state], after: after, limit: Self.pageSize)
        for upload in page { check(upload, partial: partials.removeValue(forKey: upload.id)) }
        count += page.count
        guard let last = page.last, page.count == Self.pageSize else { break }
        after = last.id
      }
      counts.uploads += count
      compareCount("uploads \(state.rawValue)", kept: kept[state] ?? 0, counted: count)
    }
  }

  mutating func compareCount(_ subject: String, kept: Int, counted: Int) {
    if kept != counted {
      findings.add(.countWrong, subject, "the catalog keeps the number \(kept), but there are \(counted)")
    }
  }

  private mutating func check(_ upload: UploadRecord, partial: FileInfo?) {
    switch upload.state {
    case .created, .receiving, .received: checkUnfinished(upload, size: partial?.size)
    case .verified, .committed, .rejected, .cancelled, .expired:
      if let partial {
        findings.add(
          .partialEnded, upload.id.text,
          "\(partial.size) bytes of an upload that is \(upload.state.rawValue); the next start removes the file"
        )
      }
      if upload.state == .verified || upload.state == .committed { checkObject(of: upload) }
    }
  }

  private mutating func checkUnfinished(_ upload: UploadRecord, size: Int64?) {
    let id = upload.id.text
    if size == nil && upload.state != .created {
      findings.add(.partialMissing, id, "the upload is \(upload.state.rawValue), but has no partial file")
      return
    }
    let size = size ?? 0
    if let length = upload.length, size > length {
      findings.add(.partialTooLong, id, "the partial file has \(size) bytes, the upload \(length)")
    }
    if upload.state == .received, let length = upload.length, size < length {
      findings.add(.partialIncomplete, id, "all was received, but only \(size) of \(length) bytes are there")
    }
    if let unverifiedFrom = upload.unverifiedFrom, unverifiedFrom > size {
      findings.add(
        .unverifiedBeyondEnd, id, "bytes up to \(unverifiedFrom) are verified, but only \(size) are there")
    }
    checkHashState(of: upload, size: size)
  }

  private mutating func checkHashState(of upload: UploadRecord, size: Int64) {
    guard let state = upload.hashState else { return }
    guard let stream = SHA256Stream(savedState: state) else {
      findings.add(
        .hashStateMalformed, upload.id.text, "its saved hash state is none; the file is hashed again")
      return
    }
    if stream.byteCount > size {
      findings.add(
        .hashStateAhead, upload.id.text,
        "its saved hash state covers \(stream.byteCount) of \(size) bytes; the file is hashed again")
    }
  }

  private mutating func checkObject(of upload: UploadRecord) {
    guard let digest = upload.digest, let object = objects.refer(to: digest) else {
      findings.add(
        .objectMissing, upload.digest?.hex ?? upload.id.text,
        "upload \(upload.id) is \(upload.state.rawValue), but its object is not stored")
      return
    }
    if let length = upload.length, object.size != length {
      findings.add(
        .objectSize, digest.hex, "it has \(object.size) bytes, but upload \(upload.id) had \(length)")
    }
  }
}
