extension SQLiteMigrations {
  /// Turns of repos, retries that wait, and lists of pushes by more than repo and status.
  ///
  /// - A repo's `turnStarts` count in the round `turnRound` only; in any other round it has none.
  /// - A queued push with `notBefore` waits for its retry: it is in `pushesDelayed` and not in `pushesReady`.
  static let scheduling0006 = """
    ALTER TABLE repos ADD COLUMN turnRound INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE repos ADD COLUMN turnStarts INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE repos ADD COLUMN turnAt INTEGER;
    ALTER TABLE scheduler ADD COLUMN round INTEGER NOT NULL DEFAULT 1;
    ALTER TABLE scheduler ADD COLUMN roundStarts INTEGER NOT NULL DEFAULT 0;

    DROP INDEX pushesQueued;
    CREATE INDEX pushesReady ON pushes (repo, sealedAt, id) WHERE state = 'queued' AND notBefore IS NULL;
    CREATE INDEX pushesDelayed ON pushes (notBefore, id) WHERE state = 'queued' AND notBefore IS NOT NULL;

    CREATE INDEX pushesByLabel ON pushes (label, id) WHERE label IS NOT NULL;
    CREATE INDEX pushesByOrigin ON pushes (origin, id);
    CREATE INDEX pushesBySource ON pushes (source, id) WHERE source IS NOT NULL;
    """
}
