/// Fills the catalog of a data folder with years of history.
///
/// Every row is a copy of one that the server itself wrote (a committed push with one file, an unfinished upload), with an
/// id, path and time of its own, and the catalog's own triggers keep its counts: a new column or table of a later version
/// needs no change here. Content is shared by all, as equal content always is.
struct HistoryCatalog: Sendable {
  let finished: Int
  let pushes: Int
  let unfinished: Int

  /// - Parameters:
  ///   - push: a committed push with one upload.
  ///   - upload: an upload that has some of its bytes.
  func fill(_ folder: String, push: String, upload: String, log: String) throws {
    _ = try Program.output(
      of: "/usr/bin/env",
      [
        "python3", "-c", Self.script, folder, push, upload, "\(finished)", "\(pushes)", "\(unfinished)",
      ], log: log)
  }

  private static let script = #"""
    import hashlib, os, shutil, sqlite3, sys, time

    folder, push_id, upload_id = sys.argv[1:4]
    finished, pushes, unfinished = map(int, sys.argv[4:7])
    year = 365 * 86400 * 1000
    now = int(time.time() * 1000)
    alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
    db = sqlite3.connect(folder + "/catalog.sqlite", isolation_level=None)
    db.row_factory = sqlite3.Row
    # Nobody else has it open, and a crash here loses only a benchmark.
    for pragma in ["journal_mode = OFF", "synchronous = OFF", "cache_size = -500000"]:
        db.execute("PRAGMA " + pragma)

    def moment(number, count):
        return now - year + year * number // (count + 1)

    def make_id(kind, number, count):
        random = int.from_bytes(hashlib.sha256(b"%s%d" % (kind, number)).digest()[:10], "big")
        value = moment(number, count) << 80 | 7 << 76 | (random >> 68) << 64 | 2 << 62 | random & (1 << 62) - 1
        return "".join(alphabet[value >> shift & 31] for shift in range(125, -1, -5))

    def rows(table, where, *values):
        return [dict(row) for row in db.execute(f"SELECT * FROM {table} WHERE {where}", values)]

    def insert(table, template, changes):
        """`changes` yields dictionaries with the same keys."""
        names = list(template)
        marks = ", ".join("?" * len(names))
        statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})"
        db.executemany(statement, ([change.get(name, template[name]) for name in names] for change in changes))

    [push] = rows("pushes", "id = ?", push_id)
    [bundle] = rows("bundles", "push = ?", push_id)
    [repo] = rows("repos", "name = ?", push["repo"])
    [upload] = rows("uploads", "push = ?", push_id)
    [open_upload] = rows("uploads", "id = ?", upload_id)
    assert push["state"] == "committed" and upload["state"] == "committed", (push["state"], upload["state"])
    assert open_upload["state"] == "receiving", open_upload["state"]
    tables = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    packed = rows("packedObjects", "digest = ?", upload["digest"]) if "packedObjects" in tables else []

    per_push = max(1, finished // pushes)
    repos = max(1, min(100, pushes // 10))
    push_ids = [make_id(b"push", number, pushes) for number in range(pushes)]
    bundle_ids = [make_id(b"bundle", number, pushes) for number in range(pushes)]
    upload_ids = [make_id(b"upload", number, finished) for number in range(finished)]

    def digest(number):
        return hashlib.sha256(b"content%d" % number).digest() if packed else upload["digest"]

    def upload_rows():
        for number, id in enumerate(upload_ids):
            at = moment(number, finished)
            yield {
                "id": id, "push": push_ids[min(number // per_push, pushes - 1)], "path": f"files/{number:08}",
                "digest": digest(number), "createdAt": at, "updatedAt": at,
            }

    def push_rows():
        for number, id in enumerate(push_ids):
            at = moment(number, pushes)
            yield {
                "id": id, "repo": f"history-{number % repos}", "bundle": bundle_ids[number], "createdAt": at,
                "sealedAt": at, "finishedAt": at,
            }

    def bundle_rows():
        for number, id in enumerate(bundle_ids):
            yield {
                "id": id, "repo": f"history-{number % repos}", "sequence": number // repos + 1, "label": None,
                "push": push_ids[number], "createdAt": moment(number, pushes),
            }

    def event_rows(subject, ids):
        templates = rows("events", "subject = ? ORDER BY sequence", subject)
        last = db.execute("SELECT max(sequence) FROM events").fetchone()[0]
        for number, id in enumerate(ids):
            for template in templates:
                last += 1
                yield {**template, "sequence": last, "at": moment(number, len(ids)), "subject": id}

    db.execute("BEGIN")
    insert("repos", repo, ({"name": f"history-{number}", "bundleCount": 0, "lastSequence": 0} for number in range(repos)))
    insert("pushes", push, push_rows())
    insert("bundles", bundle, bundle_rows())
    insert("uploads", upload, upload_rows())
    if packed:
        insert("packedObjects", packed[0], ({"digest": digest(number)} for number in range(finished)))
    [event] = rows("events", "subject = ? LIMIT 1", push_id) [:1]
    insert("events", event, event_rows(upload["id"], upload_ids))
    insert("events", event, event_rows(push_id, push_ids))

    open_ids = [make_id(b"open", number, unfinished) for number in range(unfinished)]
    insert("uploads", open_upload, ({"id": id, "expiresAt": now + year} for id in open_ids))
    db.execute("COMMIT")

    for kind in ["upload", "push"]:
        counts = dict(db.execute(f"SELECT state, count FROM {kind}Counts WHERE count > 0"))
        counted = dict(db.execute(f"SELECT state, count(*) FROM {kind}{'es' if kind == 'push' else 's'} GROUP BY state"))
        assert counts == counted, (counts, counted)
    assert not db.execute("PRAGMA foreign_key_check").fetchone()
    db.execute("PRAGMA journal_mode = WAL")
    db.close()

    for id in open_ids:
        os.makedirs(f"{folder}/partial/{id[-2:]}", exist_ok=True)
        shutil.copyfile(f"{folder}/partial/{upload_id[-2:]}/{upload_id}", f"{folder}/partial/{id[-2:]}/{id}")
    os.sync()
    """#
}
