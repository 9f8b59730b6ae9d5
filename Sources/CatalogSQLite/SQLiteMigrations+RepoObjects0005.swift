extension SQLiteMigrations {
  /// The index of what a repo has, kept up; and pushes in which several clients bring a file of one path.
  ///
  /// - `indexGeneration` rises when a bundle goes: an index that was being filled meanwhile is then begun anew.
  /// - `contends` is 1 for an upload whose path another upload of the push has: which of them counts is decided when it
  ///   is verified. It stays when the upload ends.
  /// - `supersededFiles` are those that were left out of a push for another file at their path.
  static let repoObjects0005 = """
    ALTER TABLE repos ADD COLUMN indexGeneration INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX reposUnindexed ON repos (name) WHERE indexedSequence < lastSequence;
    CREATE TRIGGER bundleLeftIndex AFTER DELETE ON bundles BEGIN
      UPDATE repos SET indexGeneration = indexGeneration + 1 WHERE name = OLD.repo;
    END;

    ALTER TABLE uploads ADD COLUMN contends INTEGER CHECK (contends = 1);
    DROP INDEX uploadsByPath;
    CREATE UNIQUE INDEX uploadsByPath ON uploads (push, path)
      WHERE push IS NOT NULL AND contends IS NULL AND state NOT IN ('cancelled', 'expired', 'rejected');
    CREATE INDEX uploadsContending ON uploads (push, path, id)
      WHERE contends = 1 AND state IN ('created', 'receiving', 'received');

    CREATE TABLE supersededFiles (
      push TEXT NOT NULL REFERENCES pushes (id),
      number INTEGER NOT NULL,
      path TEXT NOT NULL,
      digest BLOB NOT NULL CHECK (length(digest) = 32),
      size INTEGER NOT NULL,
      upload TEXT NOT NULL,
      supersededBy TEXT NOT NULL,
      at INTEGER NOT NULL,
      PRIMARY KEY (push, number)
    ) STRICT, WITHOUT ROWID;
    """
}
