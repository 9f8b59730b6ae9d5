extension SQLiteMigrations {
  /// What a push takes of its source's folder, where that is not all of it; and the pushes that are being taken in.
  static let sources0007 = """
    CREATE TABLE selectedPaths (
      push TEXT NOT NULL REFERENCES pushes (id),
      path TEXT NOT NULL,
      PRIMARY KEY (push, path)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX pushesOfSources ON pushes (id) WHERE origin = 'source' AND state = 'open';
    """
}
