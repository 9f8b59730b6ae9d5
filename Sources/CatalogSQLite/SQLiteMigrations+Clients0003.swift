extension SQLiteMigrations {
  /// What further clients bring: uploads made of others, a second kind of digest, requests that can be told again.
  ///
  /// - `concatenation` is NULL, `partial`, or the field of a final upload as its client sent it.
  /// - `parts` is a JSON list of ids in their order, NULL for all but final uploads.
  static let clients0003 = """
    ALTER TABLE uploads ADD COLUMN declaredSHA512 BLOB CHECK (length(declaredSHA512) = 64);
    ALTER TABLE uploads ADD COLUMN concatenation TEXT;
    ALTER TABLE uploads ADD COLUMN parts TEXT;

    CREATE INDEX uploadsOfParts ON uploads (parts, createdAt, id) WHERE parts IS NOT NULL;
    CREATE INDEX uploadsAssembling ON uploads (id) WHERE parts IS NOT NULL AND state = 'created';

    CREATE TABLE uploadParts (
      part TEXT NOT NULL,
      final TEXT NOT NULL,
      PRIMARY KEY (part, final)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE idempotentRequests (
      key TEXT NOT NULL PRIMARY KEY,
      fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),
      subject TEXT NOT NULL,
      createdAt INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX idempotentRequestsByAge ON idempotentRequests (createdAt);
    """
}
