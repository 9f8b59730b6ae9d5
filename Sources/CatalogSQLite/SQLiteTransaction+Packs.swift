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
    try run(
      """
      INSERT INTO packedObjects (digest, pack, offset, length) VALUES (?, ?, ?, ?)
      ON CONFLICT (digest) DO NOTHING
      """, [digest.data, extent.pack.text, extent.offset, extent.length])
  }

  private static func extent(_ row: inout RowReader) throws -> Extent {
    Extent(pack: try row.id(), offset: row.integer(), length: row.integer())
  }
}
