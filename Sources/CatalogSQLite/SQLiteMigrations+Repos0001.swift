extension SQLiteMigrations {
  /// Repos, bundles, and labels with their history.
  ///
  /// - `bundles.push` refers to no row: a catalog rebuilt from stored bundles has no pushes.
  /// - The key (repo, id) serves prefixes of ids, and lets a label refer only to a bundle of its own repo.
  static let repos0001 = """
    CREATE TABLE repos (
      name TEXT NOT NULL PRIMARY KEY,
      description TEXT,
      createdAt INTEGER NOT NULL,
      bundleCount INTEGER NOT NULL DEFAULT 0,
      lastSequence INTEGER NOT NULL DEFAULT 0
    ) STRICT;

    CREATE TABLE bundles (
      id TEXT NOT NULL PRIMARY KEY,
      repo TEXT NOT NULL REFERENCES repos (name),
      sequence INTEGER NOT NULL,
      digest BLOB NOT NULL CHECK (length(digest) = 32),
      message TEXT NOT NULL,
      label TEXT,
      author TEXT,
      push TEXT NOT NULL,
      fileCount INTEGER NOT NULL,
      byteCount INTEGER NOT NULL,
      createdAt INTEGER NOT NULL,
      UNIQUE (repo, sequence),
      UNIQUE (repo, id)
    ) STRICT;

    CREATE TRIGGER bundleInserted AFTER INSERT ON bundles BEGIN
      UPDATE repos SET bundleCount = bundleCount + 1, lastSequence = max(lastSequence, NEW.sequence)
      WHERE name = NEW.repo;
    END;

    CREATE TABLE labels (
      repo TEXT NOT NULL,
      label TEXT NOT NULL,
      bundle TEXT NOT NULL,
      PRIMARY KEY (repo, label),
      FOREIGN KEY (repo, bundle) REFERENCES bundles (repo, id)
    ) STRICT, WITHOUT ROWID;

    CREATE INDEX labelsByBundle ON labels (bundle, label);

    CREATE TABLE labelHistory (
      sequence INTEGER NOT NULL PRIMARY KEY,
      repo TEXT NOT NULL,
      label TEXT NOT NULL,
      bundle TEXT NOT NULL,
      author TEXT,
      at INTEGER NOT NULL
    ) STRICT;
    """
}
