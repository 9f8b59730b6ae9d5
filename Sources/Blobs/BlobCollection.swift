import Vocabulary

/// Finding and removing what nothing refers to (docs/upkeep.md). Only a collector calls this.
package protocol BlobCollection: Sendable {
  /// The objects that are files of their own and whose digests begin with this byte, with their sizes.
  func objectFiles(beginningWith byte: UInt8) async throws(BlobError) -> [Digest: Int64]
  /// Runs `remove` with those of the digests that nobody holds; until it returns, whoever wants to hold one waits.
  func withUnheld<Result: Sendable>(
    _ digests: [Digest], _ remove: @Sendable ([Digest]) async throws -> Result
  ) async throws -> Result
  /// Removes the files of these objects, durably; done for those that are not there.
  func removeObjectFiles(_ digests: [Digest]) async throws(BlobError)
  /// Packs that nothing is appended to any more, with their sizes in bytes.
  func sealedPacks() async throws(BlobError) -> [PackID: Int64]
  /// What lies in a pack, as far as it can be gone through.
  func records(of pack: PackID) async throws(BlobError) -> PackRecords
  /// The content of a record, compared with its digest.
  func content(of record: PackFormat.Record, in pack: PackID) async throws(BlobError) -> [UInt8]
  /// Makes the bytes and names of these packs durable, also where the store is not configured to.
  ///
  /// - Throws: `missing` when one of them is not there.
  func makeDurable(_ packs: Set<PackID>) async throws(BlobError)
  /// Removes a pack's file, durably; done when it is not there.
  func removePack(_ id: PackID) async throws(BlobError)
  /// The folders of descriptors.
  func descriptorFolders() async throws(BlobError) -> [RepoName]
  /// The bytes of a descriptor; nil when there is none, or it has more than `maximumBytes`.
  func descriptor(
    name: String, folder: RepoName, maximumBytes: Int
  ) async throws(BlobError) -> [UInt8]?
}

/// The whole records of a pack, in order, and where going through them ended: what is behind damage is not among them.
package struct PackRecords: Sendable, Equatable {
  package var records: [PackFormat.Record]
  package var end: PackFormat.End
}

/// Keeps objects from being removed for as long as it lives, or until it is released.
package final class BlobHold: Sendable {
  private let end: @Sendable () -> Void

  package init(end: @escaping @Sendable () -> Void) { self.end = end }
  deinit { end() }
}
