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
  /// The whole records of a pack, in order; damage ends them.
  func records(of pack: PackID) async throws(BlobError) -> [PackFormat.Record]
  /// The content of a record, compared with its digest.
  func content(of record: PackFormat.Record, in pack: PackID) async throws(BlobError) -> [UInt8]
  /// Removes a pack's file, durably; done when it is not there.
  func removePack(_ id: PackID) async throws(BlobError)
}

/// Keeps objects from being removed for as long as it lives, or until it is released.
package final class BlobHold: Sendable {
  private let end: @Sendable () -> Void

  package init(end: @escaping @Sendable () -> Void) { self.end = end }
  deinit { end() }
}
