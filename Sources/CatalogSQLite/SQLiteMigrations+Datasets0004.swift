extension SQLiteMigrations {
  /// The life of repos, bundles and labels; who asked for what; pushes from sources and of several clients.
  ///
  /// - `repos.folder` is where the repo's descriptors are: it stays when the repo is renamed.
  /// - `parents` and `contributors` are JSON lists, NULL when empty.
  /// - A NULL bundle in `labelHistory` says that the label was removed then.
  /// - A pack in `closedPacks` takes no more extents: it is being emptied, or is gone.
  /// - A number of a planned step is given once, so that finishing one never ends the same step planned again.
  /// - `repoObjects` is derived from manifests: it can be emptied and made again (`indexedSequence` = 0).
  static let datasets0004 = """
    ALTER TABLE repos ADD COLUMN folder TEXT;
    UPDATE repos SET folder = name;
    CREATE UNIQUE INDEX reposByFolder ON repos (folder);
    ALTER TABLE repos ADD COLUMN weight INTEGER NOT NULL DEFAULT 1 CHECK (weight BETWEEN 1 AND 100);
    ALTER TABLE repos ADD COLUMN keepLatest INTEGER CHECK (keepLatest >= 1);
    ALTER TABLE repos ADD COLUMN keepSeconds INTEGER CHECK (keepSeconds >= 0);
    ALTER TABLE repos ADD COLUMN indexedSequence INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE repos ADD COLUMN objectBytes INTEGER NOT NULL DEFAULT 0;

    ALTER TABLE bundles ADD COLUMN parents TEXT;
    ALTER TABLE bundles ADD COLUMN contributors TEXT;
    CREATE TRIGGER bundleDeleted AFTER DELETE ON bundles BEGIN
      UPDATE repos SET bundleCount = bundleCount - 1 WHERE name = OLD.repo;
    END;

    CREATE TABLE deletedBundles (
      id TEXT NOT NULL PRIMARY KEY,
      repo TEXT NOT NULL,
      sequence INTEGER NOT NULL,
      actor TEXT,
      at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX deletedBundlesByRepo ON deletedBundles (repo, sequence);

    CREATE TABLE labelMoves (
      sequence INTEGER NOT NULL PRIMARY KEY,
      repo TEXT NOT NULL,
      label TEXT NOT NULL,
      bundle TEXT,
      author TEXT,
      at INTEGER NOT NULL
    ) STRICT;
    INSERT INTO labelMoves SELECT sequence, repo, label, bundle, author, at FROM labelHistory;
    DROP TABLE labelHistory;
    ALTER TABLE labelMoves RENAME TO labelHistory;
    CREATE INDEX labelHistoryByLabel ON labelHistory (repo, label, sequence);
    CREATE INDEX labelHistoryByRepo ON labelHistory (repo, sequence);

    ALTER TABLE events ADD COLUMN actor TEXT;
    CREATE INDEX eventsAudited ON events (sequence) WHERE actor IS NOT NULL;
    CREATE INDEX eventsAuditedByRepo ON events (repo, sequence) WHERE actor IS NOT NULL;

    ALTER TABLE pushes ADD COLUMN conflictPolicy TEXT NOT NULL DEFAULT 'refuse';
    ALTER TABLE pushes ADD COLUMN allowsEmpty INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE pushes ADD COLUMN source TEXT;
    ALTER TABLE pushes ADD COLUMN sourcePath TEXT;
    ALTER TABLE pushes ADD COLUMN concurrencyFactor INTEGER;
    ALTER TABLE pushes ADD COLUMN notBefore INTEGER;

    CREATE TABLE repoObjects (
      repo TEXT NOT NULL,
      digest BLOB NOT NULL CHECK (length(digest) = 32),
      size INTEGER NOT NULL,
      PRIMARY KEY (repo, digest)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE plannedSteps (
      sequence INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
      kind TEXT NOT NULL,
      subject TEXT NOT NULL,
      UNIQUE (kind, subject)
    ) STRICT;
    INSERT INTO plannedSteps (kind, subject)
      SELECT 'release-uploads', id FROM pushes WHERE state IN ('cancelled', 'expired') AND status <> 'complete';

    CREATE TABLE scrub (
      id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
      startedAt INTEGER,
      finishedAt INTEGER,
      cursor BLOB CHECK (length(cursor) = 32),
      checkedObjects INTEGER NOT NULL DEFAULT 0,
      checkedBytes INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    INSERT INTO scrub (id) VALUES (1);
    CREATE TABLE scrubFindings (
      digest BLOB NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
      reason TEXT NOT NULL,
      at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE closedPacks (pack TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;
    """
}
