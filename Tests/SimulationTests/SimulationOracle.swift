import Blobs
import Bundles
import Catalog
import CatalogSQLite
import Foundation
import Platform
import TestSupport
import Vocabulary

/// What must hold, whatever happens; it looks at the platter and the catalog by themselves, not through the product.
struct SimulationOracle {
  let machine: SimulatedMachine
  /// True: what was told must survive the loss of power, and not only the end of the process.
  let isSynced: Bool

  private var database: SQLiteCatalog { machine.database }

  private func bytes(_ path: String) -> [UInt8]? {
    let path = "\(SimulatedMachine.root)/\(path)"
    return isSynced ? machine.disk.durableBytes(path) : machine.disk.bytes(path)
  }

  /// The bytes that the storage format says an upload has; nil when they are not where they must be.
  private func bytes(of record: UploadRecord) throws -> [UInt8]? {
    guard let digest = record.digest else { return bytes("partial/\(record.id.text.suffix(2))/\(record.id)") }
    return try object(digest)
  }

  private func object(_ digest: Digest) throws -> [UInt8]? {
    guard let extent = try database.readNow({ try $0.extents(of: [digest]) })[digest] else {
      return bytes("objects/\(digest.hex.prefix(2))/\(digest.hex)")
    }
    guard let pack = bytes("packs/\(extent.pack)"), Int64(pack.count) >= extent.offset + extent.length else {
      return nil
    }
    return Array(pack[Int(extent.offset)..<Int(extent.offset + extent.length)])
  }

  /// As `==`, which is slow without optimization.
  private func isEqual(_ first: [UInt8], _ second: [UInt8], upTo count: Int) -> Bool {
    first.withUnsafeBytes { first in
      second.withUnsafeBytes { second in
        guard let left = first.baseAddress, let right = second.baseAddress else { return count == 0 }
        return memcmp(left, right, count) == 0
      }
    }
  }

  /// A reply told `offset` of an upload of `file`: so many of the file's bytes are durable at this moment.
  func flaw(acknowledged offset: Int64, of id: UploadID, _ file: ClientFile) throws -> String? {
    guard let record = try database.readNow({ try $0.upload(id) }) else { return "\(id) has no row" }
    switch record.state {
    case .cancelled, .expired, .rejected: return nil
    case .created, .receiving, .received, .verified, .committed: break
    }
    if offset == 0 && !record.state.isFinished { return nil }
    guard let stored = try bytes(of: record) else {
      return "\(id) (\(record.state)): \(offset) bytes were acknowledged, none are durable"
    }
    guard stored.count >= offset else {
      return "\(id) (\(record.state)): \(offset) bytes were acknowledged, \(stored.count) are durable"
    }
    guard isEqual(stored, file.content, upTo: Int(offset)) else {
      let first = zip(stored, file.content).prefix { $0 == $1 }.count
      return "\(id) (\(record.state)): byte \(first) of \(offset) acknowledged ones is not the client's"
    }
    return nil
  }

  /// What is wrong between and in the catalog and the disk; empty when nothing is. Holds at every moment.
  func flaws(_ files: [ClientFile]) throws -> [String] {
    try eventFlaws() + uploadFlaws(files) + bundleFlaws() + objectFlaws()
  }

  /// Sequence numbers are dense, and what can happen once happened once.
  private func eventFlaws() throws -> [String] {
    let events = try database.readNow { try $0.events(after: 0, limit: 1_000_000) }
    var flaws: [String] = []
    if events.map(\.sequence) != (0..<events.count).map({ Int64($0) + 1 }) {
      flaws.append("event numbers are not dense")
    }
    let once: Set<EventKind> = [
      .uploadCreated, .uploadReceiving, .uploadVerified, .uploadCancelled, .pushCommitted,
    ]
    var seen: Set<String> = []
    for event in events.map(\.event) where once.contains(event.kind) {
      if !seen.insert("\(event.kind.rawValue) \(event.subject)").inserted {
        flaws.append("event \(event.kind.rawValue) of \(event.subject) was recorded twice")
      }
    }
    return flaws
  }

  /// A verified upload has its client's digest, and its object; one whose declared digest was wrong never is.
  private func uploadFlaws(_ files: [ClientFile]) throws -> [String] {
    let finished = try database.readNow {
      try $0.uploads(in: [.verified, .committed], after: nil, limit: 1_000_000)
    }
    return try finished.compactMap { record in
      if record.concatenation == .partial { return "the part \(record.id) is \(record.state)" }
      guard let file = files.first(where: { $0.path == record.path }) else {
        return "\(record.id) has a path nobody sent"
      }
      guard record.digest == file.digest, record.length == Int64(file.content.count) else {
        return "\(record.id) was verified with \(record.length ?? -1) bytes of another content"
      }
      if case .final(let parts, _) = record.concatenation, parts.count != file.parts.count {
        return "\(record.id) was made of \(parts.count) parts"
      }
      if let declared = record.declaredDigest, declared != record.digest {
        return "\(record.id) was verified against its declared digest"
      }
      let stored = try object(file.digest)
      let isThere =
        stored?.count == file.content.count && isEqual(stored ?? [], file.content, upTo: file.content.count)
      return isThere ? nil : "\(record.id) is verified, its object is not durable"
    }
  }

  /// Every bundle has its descriptor and its manifest, its entries are the push's uploads, and no push has two.
  private func bundleFlaws() throws -> [String] {
    var flaws: [String] = []
    var pushes: Set<PushID> = []
    for bundle in try bundles() {
      let name = "bundle \(bundle.repo) #\(bundle.sequence)"
      if !pushes.insert(bundle.push).inserted { flaws.append("\(name) is the second of push \(bundle.push)") }
      let uploads = try database.readNow {
        try $0.uploads(ofPush: bundle.push, after: nil, limit: 1_000_000)
      }.filter { $0.state != .rejected }
      if uploads.contains(where: { $0.state != .committed }) { flaws.append("\(name) has an open upload") }
      let text = Manifest.header + uploads.compactMap(entry).map(Manifest.line).joined()
      if try object(bundle.digest) != Array(text.utf8) { flaws.append("\(name): the manifest is not right") }
      if SHA256Stream.digest(of: Array(text.utf8)) != bundle.digest { flaws.append("\(name): wrong digest") }
      let descriptor = bytes("bundles/\(bundle.repo)/\(BundleDescriptor.name(bundle))")
      if descriptor != Array(BundleDescriptor.text(bundle, folder: bundle.repo).utf8) {
        flaws.append("\(name): no descriptor")
      }
    }
    return flaws
  }

  private func entry(_ upload: UploadRecord) -> Entry? {
    guard let digest = upload.digest, let length = upload.length else { return nil }
    return Entry(
      path: upload.path, size: length, digest: digest, mode: upload.mode, modifiedAt: upload.modifiedAt)
  }

  func bundles() throws -> [BundleRecord] {
    try database.readNow { reader in
      try reader.repos(after: nil, limit: 1000).flatMap {
        try reader.bundles(of: $0.name, before: nil, limit: 1000)
      }
    }
  }

  /// A file below objects/ has the content that its name says (MUST-2).
  private func objectFlaws() throws -> [String] {
    machine.disk.paths(below: "\(SimulatedMachine.root)/objects").compactMap { path in
      let name = path.split(separator: "/").last ?? ""
      guard name.utf8.count == 64, let bytes = machine.disk.bytes(path) else { return nil }
      return SHA256Stream.digest(of: bytes).hex == name ? nil : "\(path) does not have its name's content"
    }
  }

  /// What is left undone when all clients are served and nothing fails any more.
  func unfinished(_ files: [ClientFile]) throws -> [String] {
    let committed = Set(try bundles().map(\.push))
    return try files.compactMap { file in
      if file.isPart { return nil }
      guard file.goal == .finished, let id = file.current else {
        return file.goal == .open ? "\(file.path) was never finished" : nil
      }
      guard let record = try database.readNow({ try $0.upload(id) }), record.state == .committed,
        let push = record.push, committed.contains(push)
      else { return "\(file.path) (\(id)) is in no bundle" }
      return nil
    }
  }
}
