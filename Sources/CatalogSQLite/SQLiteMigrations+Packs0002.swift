extension SQLiteMigrations {
  /// Where small objects lie in packs; a digest has one place, the first that was recorded.
  static let packs0002 = """
    CREATE TABLE packedObjects (
      digest BLOB NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
      pack TEXT NOT NULL,
      offset INTEGER NOT NULL,
      length INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    """
}
