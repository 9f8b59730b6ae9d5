import Blobs
import Catalog
import Platform
import Vocabulary

extension Examination {
  /// Takes down what the catalog says is in packs; it counts as stored once its record was seen.
  mutating func readPackedObjects() throws {
    try forEachPackedObject { (check, packed) in
      let number = check.objects.number(of: packed.extent.pack)
      check.objects[packed.digest] = StoredObject(
        size: packed.extent.length, offset: packed.extent.offset, pack: Int32(number), isPresent: false)
      check.counts.packedObjects += 1
      check.counts.packedBytes += packed.extent.length
    }
  }

  private mutating func forEachPackedObject(_ body: (inout Self, PackedObject) throws -> Void) throws {
    var after: Digest?
    while true {
      let page = try catalog.packedObjects(after: after, limit: Self.pageSize)
      for packed in page { try body(&self, packed) }
      guard let last = page.last, page.count == Self.pageSize else { return }
      after = last.digest
    }
  }

  mutating func checkPacks() throws(FileError) {
    for member in try members(of: layout.packs) {
      let path = "\(layout.packs)/\(member.shownName)"
      guard member.info.kind == .file, let id = PackID(member.shownName) else {
        findings.add(.packForeign, shown(path), "it is no pack: it has another name, or is no file")
        continue
      }
      checkMode(of: member, in: layout.packs, isReadOnly: member.info.mode & 0o222 == 0)
      counts.packs += 1
      let number = objects.number(of: id)
      objects.packs[number].size = member.info.size
      checkPack(number, path: path, size: member.info.size)
    }
  }

  private mutating func checkPack(_ number: Int, path: String, size: Int64) {
    do throws(FileError) {
      let file = try files.open(path, .read)
      defer { file.close() }
      switch try walk(file, number, size: size) {
      case .whole: break
      case .torn(let position): objects.packs[number].tornAt = position
      case .foreign:
        findings.add(.packForeign, shown(path), "\(size) bytes that do not begin as a pack does")
      }
    } catch {
      reportUnreadable(path, error)
    }
  }

  /// Goes through the records of one pack and sees which of them the catalog has.
  private mutating func walk(
    _ file: any OpenFile, _ number: Int, size: Int64
  ) throws(FileError) -> PackFormat.End {
    var failure: FileError?
    let end = try PackFormat.walk(
      size: size, isDeep: false,
      read: { (count, offset) throws(FileError) in try file.readBytes(count, at: offset) },
      visit: { record in
        guard objects.see(record, in: number) else {
          objects.packs[number].deadCount += 1
          objects.packs[number].deadBytes += record.length + Int64(PackFormat.headBytes)
          return
        }
        guard isDeep else { return }
        do throws(FileError) {
          try checkContent(of: record, file)
        } catch { failure = error }
      })
    if let failure { throw failure }
    return end
  }

  private mutating func checkContent(
    of record: PackFormat.Record, _ file: any OpenFile
  ) throws(FileError) {
    let content = StoredContent(file: file, start: record.offset, size: record.length)
    guard try content.digest() != record.digest else { return }
    objects[record.digest]?.isDamaged = true
    reportDamage(record.digest)
  }

  /// Looks at the places of what going through the packs did not come upon.
  mutating func findUnseenObjects() throws {
    try forEachPackedObject { (check, packed) in
      guard let object = check.objects[packed.digest], !object.isPresent else { return }
      let number = Int(object.pack)
      check.objects.packs[number].unseen += 1
      guard let size = check.objects.packs[number].size else { return }
      if let tornAt = check.objects.packs[number].tornAt, object.offset > tornAt {
        check.objects.packs[number].unseenBehindTear += 1
      }
      check.examinePlace(of: packed, packSize: size)
    }
  }

  private mutating func examinePlace(of packed: PackedObject, packSize: Int64) {
    let extent = packed.extent
    let path = layout.pack(extent.pack)
    let first = Int64(PackFormat.firstLine.count + PackFormat.headBytes)
    guard extent.offset >= first, extent.offset <= packSize, extent.length >= 0,
      extent.length <= packSize - extent.offset
    else {
      let name = shown(path)
      findings.add(
        .extentOutside, packed.digest.hex,
        "its \(extent.length) bytes from \(extent.offset) on are not all in \(name), which has \(packSize)")
      return
    }
    do throws(FileError) {
      let file = try files.open(path, .read)
      defer { file.close() }
      let content = StoredContent(file: file, start: extent.offset, size: extent.length)
      let isWhole = try content.digest() == packed.digest
      let head = PackFormat.parseHead(
        try file.readBytes(PackFormat.headBytes, at: extent.offset - Int64(PackFormat.headBytes)))
      judge(packed, isWhole: isWhole, head: head)
    } catch {
      reportUnreadable(path, error)
    }
  }

  private mutating func judge(
    _ packed: PackedObject, isWhole: Bool, head: (length: Int, digest: Digest)?
  ) {
    let place = "\(packed.extent.offset) of \(shown(layout.pack(packed.extent.pack)))"
    let content = isWhole ? "its bytes are right" : "its bytes are not there"
    if let head, head.digest == packed.digest, head.length == packed.extent.length {
      // Right in itself, but something in front of it in the pack is not: that is the pack's finding.
      objects[packed.digest]?.isPresent = true
      objects[packed.digest]?.isDamaged = !isWhole
      if !isWhole { reportDamage(packed.digest) }
      return
    }
    objects[packed.digest]?.isPresent = isWhole
    if let head, head.digest != packed.digest {
      findings.add(
        .extentDigest, packed.digest.hex, "the record at \(place) is of \(head.digest); \(content)")
    } else {
      findings.add(.extentBroken, packed.digest.hex, "no record of its length begins at \(place); \(content)")
    }
  }

  mutating func reportPacks() {
    for pack in objects.packs {
      let path = shown(layout.pack(pack.id))
      guard let size = pack.size else {
        findings.add(.packMissing, path, "there is no such pack, and \(pack.unseen) objects are in it")
        continue
      }
      if let tornAt = pack.tornAt {
        if pack.unseenBehindTear > 0 {
          findings.add(
            .packBroken, path,
            "at byte \(tornAt) is no whole record, though \(pack.unseenBehindTear) objects lie behind that")
        } else {
          counts.deadPackBytes += size - tornAt
          findings.add(
            .packTorn, path, "its last \(size - tornAt) bytes are no whole record, as a crash leaves them")
        }
      }
      if pack.deadCount > 0 {
        counts.deadPackBytes += pack.deadBytes
        findings.add(
          .packDead, path,
          "\(pack.deadCount) records of \(pack.deadBytes) bytes that the catalog does not know")
      }
    }
  }
}
