import Catalog
import GRDB
import Vocabulary

extension SQLiteTransaction {
  func extents(of digests: [Digest]) throws -> [Digest: Extent] {
    var extents: [Digest: Extent] = [:]
    for digest in digests {
      extents[digest] = try one(
        "SELECT pack, offset, length FROM packedObjects WHERE digest = ?", [digest.data], Self.extent)
    }
    return extents
  }

  func insert(_ extent: Extent, of digest: Digest) throws {
    if try isClosed(extent.pack) {
      // Whoever found it there is right until it is moved, and after that too.
      if try !extents(of: [digest]).isEmpty { return }
      throw ProblemError(
        .busy, detail: "the content's place in storage is being cleared; send it again in a moment")
    }
    try run(
      """
      INSERT INTO packedObjects (digest, pack, offset, length) VALUES (?, ?, ?, ?)
      ON CONFLICT (digest) DO NOTHING
      """, [digest.data, extent.pack.text, extent.offset, extent.length])
  }

  func moveExtent(of digest: Digest, from old: Extent, to new: Extent) throws {
    try run(
      """
      UPDATE packedObjects SET pack = ?, offset = ?, length = ? WHERE digest = ? AND pack = ? AND offset = ?
      """,
      [new.pack.text, new.offset, new.length, digest.data, old.pack.text, old.offset])
  }

  func removeExtents(of digests: [Digest]) throws {
    for digest in digests { try run("DELETE FROM packedObjects WHERE digest = ?", [digest.data]) }
  }

  func close(_ pack: PackID) throws {
    try run("INSERT INTO closedPacks (pack) VALUES (?) ON CONFLICT (pack) DO NOTHING", [pack.text])
  }

  func isClosed(_ pack: PackID) throws -> Bool {
    try one("SELECT 1 FROM closedPacks WHERE pack = ?", [pack.text]) { _ in true } ?? false
  }

  private static func extent(_ row: inout RowReader) throws -> Extent {
    Extent(pack: try row.id(), offset: row.integer(), length: row.integer())
  }
}
