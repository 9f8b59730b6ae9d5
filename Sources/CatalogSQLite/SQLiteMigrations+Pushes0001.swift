extension SQLiteMigrations {
  /// Pushes, what they expect, and counts kept by triggers.
  ///
  /// - `status` is the word of the state that lists filter by, derived by the writer.
  /// - `pushes.repo` refers to no row: a push may be there before its repo, which begins with the first bundle.
  /// - `pushProgress` has a row per push, apart from it so that an upload's progress does not rewrite the push.
  /// - `expectedFiles.uploads` counts the uploads at that path that were not cancelled or expired: the absent files of
  ///   a push are then the entries of a small index, however many files are there.
  static let pushes0001 = """
    CREATE TABLE pushes (
      id TEXT NOT NULL PRIMARY KEY,
      state TEXT NOT NULL,
      status TEXT NOT NULL,
      origin TEXT NOT NULL,
      repo TEXT NOT NULL,
      message TEXT NOT NULL,
      label TEXT,
      author TEXT,
      sealWhenComplete INTEGER NOT NULL,
      expectedCount INTEGER,
      expectedBytes INTEGER,
      createdAt INTEGER NOT NULL,
      sealedAt INTEGER,
      finishedAt INTEGER,
      expiresAt INTEGER,
      bundle TEXT,
      attempts INTEGER NOT NULL,
      errorCode TEXT,
      errorMessage TEXT,
      CHECK (state <> 'queued' OR sealedAt IS NOT NULL)
    ) STRICT;

    CREATE INDEX pushesByStatus ON pushes (status, id);
    CREATE INDEX pushesByRepo ON pushes (repo, id);
    CREATE INDEX pushesByRepoAndStatus ON pushes (repo, status, id);
    CREATE INDEX pushesByState ON pushes (state, id) WHERE status <> 'complete';
    CREATE INDEX pushesQueued ON pushes (repo, sealedAt, id) WHERE state = 'queued';
    CREATE INDEX pushesExpiring ON pushes (expiresAt, id) WHERE state = 'open' AND expiresAt IS NOT NULL;

    CREATE TABLE expectedFiles (
      push TEXT NOT NULL REFERENCES pushes (id),
      path TEXT NOT NULL,
      size INTEGER NOT NULL,
      digest BLOB CHECK (length(digest) = 32),
      uploads INTEGER NOT NULL DEFAULT 0,
      PRIMARY KEY (push, path)
    ) STRICT, WITHOUT ROWID;

    CREATE INDEX expectedFilesAbsent ON expectedFiles (push, path) WHERE uploads = 0;

    CREATE TABLE pushProgress (
      push TEXT NOT NULL PRIMARY KEY REFERENCES pushes (id),
      total INTEGER NOT NULL DEFAULT 0,
      verified INTEGER NOT NULL DEFAULT 0,
      rejected INTEGER NOT NULL DEFAULT 0,
      finishedBytes INTEGER NOT NULL DEFAULT 0
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE pushCounts (
      state TEXT NOT NULL PRIMARY KEY,
      count INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;

    INSERT INTO pushCounts (state, count) VALUES
      ('open', 0), ('queued', 0), ('admitted', 0), ('committing', 0),
      ('committed', 0), ('failed', 0), ('cancelled', 0), ('expired', 0);

    CREATE TRIGGER pushInserted AFTER INSERT ON pushes BEGIN
      INSERT INTO pushProgress (push) VALUES (NEW.id);
      UPDATE pushCounts SET count = count + 1 WHERE state = NEW.state;
    END;

    CREATE TRIGGER pushChangedState AFTER UPDATE OF state ON pushes WHEN OLD.state <> NEW.state BEGIN
      UPDATE pushCounts SET count = count - 1 WHERE state = OLD.state;
      UPDATE pushCounts SET count = count + 1 WHERE state = NEW.state;
    END;
    """
}
