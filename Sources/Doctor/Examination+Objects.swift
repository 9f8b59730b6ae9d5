import Blobs
import Platform
import Vocabulary

extension Examination {
  mutating func checkRoot() throws(FileError) {
    for member in try members(of: layout.root) {
      let name = member.shownName
      if name == ".format.tmp" || name.hasPrefix(CatalogRebuild.temporaryName) {
        findings.add(.catalogLeftover, name, "an unfinished attempt left it; nothing reads it")
      }
    }
    for member in try members(of: layout.incoming) {
      findings.add(
        .incomingLeftover, shown("\(layout.incoming)/\(member.shownName)"),
        "\(member.info.size) bytes of an object that was never finished; the next start removes it")
    }
  }

  /// Takes all files of `objects/` down, and reads them when the check is deep.
  mutating func checkObjectFiles() throws(FileError) {
    for member in try members(of: layout.objects) where member.shownName != ".incoming" {
      let folder = "\(layout.objects)/\(member.shownName)"
      let isOurs = member.shownName.utf8.count == 2 && Hexadecimal.decode(member.shownName) != nil
      guard member.info.kind == .folder, isOurs else {
        reportForeignObject(folder)
        continue
      }
      for file in try members(of: folder) { checkObjectFile(file, in: folder, prefix: member.shownName) }
    }
  }

  private mutating func checkObjectFile(_ member: FolderMember, in folder: String, prefix: String) {
    let path = "\(folder)/\(member.shownName)"
    guard member.info.kind == .file, let digest = Digest(hex: member.shownName),
      digest.hex == member.shownName, member.shownName.hasPrefix(prefix)
    else { return reportForeignObject(path) }
    checkMode(of: member, in: folder, isReadOnly: true)
    var object = StoredObject(size: member.info.size)
    counts.objects += 1
    counts.objectBytes += object.size
    if isDeep {
      do throws(FileError) {
        let file = try files.open(path, .read)
        defer { file.close() }
        object.isDamaged = try StoredContent(file: file, size: object.size).digest() != digest
        if object.isDamaged { reportDamage(digest) }
      } catch {
        object.isDamaged = true
        reportUnreadable(path, error)
      }
    }
    objects[digest] = object
  }

  mutating func reportDamage(_ digest: Digest) {
    findings.add(.objectDigest, digest.hex, "its bytes do not have this digest")
  }

  private mutating func reportForeignObject(_ path: String) {
    findings.add(
      .objectForeign, shown(path), "it is no object: its name is not that of an object, or it is no file")
  }

  /// Where the object's content lies.
  func content(of digest: Digest, _ object: StoredObject) -> (path: String, start: Int64) {
    if object.pack >= 0 { return (layout.pack(objects.packs[Int(object.pack)].id), object.offset) }
    return ("\(layout.objects)/\(digest.hex.prefix(2))/\(digest.hex)", 0)
  }

  mutating func reportOrphans() {
    let orphans = objects.all.compactMap { key, object in
      object.isPresent && !object.isReferenced ? (key: key, size: object.size) : nil
    }
    for (key, size) in orphans.sorted(by: { $0.key < $1.key }) {
      findings.add(
        .objectOrphan, key.digest.hex, "\(size) bytes that no upload, bundle or manifest refers to")
    }
  }
}
