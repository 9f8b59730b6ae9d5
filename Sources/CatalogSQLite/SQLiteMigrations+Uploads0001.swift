extension SQLiteMigrations {
  /// Uploads, their counts, and the triggers that carry an upload's state to its push.
  ///
  /// - `metadataPairs` is a JSON list of [key, value in base 64], NULL when empty.
  /// - Paths compare by bytes (collation BINARY, the default), as file systems do.
  /// - Every index but the primary key leaves out most of history: committed uploads are in `uploadsByPath` alone.
  /// - A query uses a partial index only when it repeats the index's condition word by word.
  /// - `uploadMovedOn` skips verified → committed, where progress and occupied paths stay: a commit of many files then
  ///   costs one trigger for each.
  static let uploads0001 = """
    CREATE TABLE uploads (
      id TEXT NOT NULL PRIMARY KEY,
      state TEXT NOT NULL,
      length INTEGER,
      metadataRaw TEXT,
      metadataPairs TEXT,
      push TEXT REFERENCES pushes (id),
      path TEXT NOT NULL,
      filename TEXT,
      declaredDigest BLOB CHECK (length(declaredDigest) = 32),
      digest BLOB CHECK (length(digest) = 32),
      modifiedAt INTEGER,
      mode INTEGER,
      hashState BLOB,
      hashedBytes INTEGER NOT NULL,
      unverifiedFrom INTEGER,
      client TEXT,
      createdAt INTEGER NOT NULL,
      updatedAt INTEGER NOT NULL,
      expiresAt INTEGER,
      reason TEXT
    ) STRICT;

    CREATE UNIQUE INDEX uploadsByPath ON uploads (push, path)
      WHERE push IS NOT NULL AND state NOT IN ('cancelled', 'expired', 'rejected');
    CREATE INDEX uploadsRejected ON uploads (push, path, id) WHERE push IS NOT NULL AND state = 'rejected';
    CREATE INDEX uploadsUnfinished ON uploads (push, path)
      WHERE push IS NOT NULL AND state IN ('created', 'receiving', 'received');
    CREATE INDEX uploadsByState ON uploads (state, id) WHERE state <> 'committed';
    CREATE INDEX uploadsExpiring ON uploads (expiresAt, id)
      WHERE state IN ('created', 'receiving') AND expiresAt IS NOT NULL;

    CREATE TABLE uploadCounts (
      state TEXT NOT NULL PRIMARY KEY,
      count INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    INSERT INTO uploadCounts (state, count) VALUES
      ('created', 0), ('receiving', 0), ('received', 0), ('verified', 0),
      ('committed', 0), ('rejected', 0), ('cancelled', 0), ('expired', 0);

    CREATE TRIGGER uploadCounted AFTER INSERT ON uploads BEGIN
      UPDATE uploadCounts SET count = count + 1 WHERE state = NEW.state;
    END;

    CREATE TRIGGER uploadChangedState AFTER UPDATE OF state ON uploads WHEN OLD.state <> NEW.state BEGIN
      UPDATE uploadCounts SET count = count - 1 WHERE state = OLD.state;
      UPDATE uploadCounts SET count = count + 1 WHERE state = NEW.state;
    END;

    CREATE TRIGGER uploadJoined AFTER INSERT ON uploads WHEN NEW.push IS NOT NULL BEGIN
      \(carry("NEW", "+"))
    END;

    CREATE TRIGGER uploadMovedOn AFTER UPDATE OF state, push, path, length ON uploads
      WHEN (OLD.push IS NOT NULL OR NEW.push IS NOT NULL)
      AND (
        OLD.push IS NOT NEW.push OR OLD.path <> NEW.path OR OLD.length IS NOT NEW.length
        OR (OLD.state <> NEW.state AND NOT (OLD.state = 'verified' AND NEW.state = 'committed'))
      )
    BEGIN
      \(carry("OLD", "-"))
      \(carry("NEW", "+"))
    END;
    """

  /// What one upload adds to its push (`+`) or takes from it (`-`). With no push, it matches no row.
  private static func carry(_ row: String, _ sign: String) -> String {
    """
    UPDATE pushProgress SET
        total = total \(sign) (\(row).state NOT IN ('cancelled', 'expired')),
        verified = verified \(sign) (\(row).state IN ('verified', 'committed')),
        rejected = rejected \(sign) (\(row).state = 'rejected'),
        finishedBytes = finishedBytes \(sign)
          (\(row).state IN ('received', 'verified', 'committed')) * coalesce(\(row).length, 0)
      WHERE push = \(row).push;
      UPDATE expectedFiles SET uploads = uploads \(sign) 1
      WHERE push = \(row).push AND path = \(row).path AND \(row).state NOT IN ('cancelled', 'expired');
    """
  }
}
