extension SQLiteMigrations {
  /// Events, and where the scheduler's round stands (one row). `details` is a JSON object
  /// with sorted keys, NULL when empty.
  static let events0001 = """
    CREATE TABLE events (
      sequence INTEGER NOT NULL PRIMARY KEY,
      at INTEGER NOT NULL,
      kind TEXT NOT NULL,
      subject TEXT NOT NULL,
      repo TEXT,
      details TEXT
    ) STRICT;

    CREATE INDEX eventsByKind ON events (kind, sequence);

    CREATE TABLE scheduler (
      id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
      cursor TEXT
    ) STRICT;

    INSERT INTO scheduler (id) VALUES (1);
    """
}
