extension SQLiteMigrations {
  /// - Where small objects lie in packs; a digest has one place, the first that was recorded.
  /// - Only uploads that still need something are in the index by state: a verified one then costs one entry less to
  ///   write, and one less to change when it is committed.
  static let packs0002 = """
    CREATE TABLE packedObjects (
      digest BLOB NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
      pack TEXT NOT NULL,
      offset INTEGER NOT NULL,
      length INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    DROP INDEX uploadsByState;
    CREATE INDEX uploadsInProgress ON uploads (state, id) WHERE state IN ('created', 'receiving', 'received');
    """
}
