-- A file of sessions as the first version wrote it. It is never changed: files like it are on people's disks.
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA application_id = 1398893689;
PRAGMA journal_mode = WAL;
CREATE TABLE sessions (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  version INTEGER NOT NULL,
  expires_at REAL NOT NULL,
  facts TEXT NOT NULL,
  stub TEXT NOT NULL
) STRICT;
CREATE INDEX sessions_by_end ON sessions (expires_at);
CREATE TABLE tokens (
  session INTEGER PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
  version INTEGER NOT NULL,
  value TEXT NOT NULL
) STRICT;
CREATE TABLE members (
  name TEXT NOT NULL,
  session INTEGER NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
  PRIMARY KEY (name, session)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_by_session ON members (session);
CREATE TABLE ended (
  name TEXT NOT NULL,
  remembered TEXT NOT NULL,
  at REAL NOT NULL,
  PRIMARY KEY (name, remembered)
) STRICT, WITHOUT ROWID;
CREATE TABLE notes (
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  expires_at REAL NOT NULL,
  PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX notes_by_end ON notes (expires_at);
CREATE TABLE changes (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  key TEXT NOT NULL
) STRICT;
PRAGMA user_version = 1;
INSERT INTO sessions VALUES (7, 'an-old-session', 3, 4000000000, 'sealed facts', 'sealed stub');
INSERT INTO tokens VALUES (7, 2, 'sealed tokens');
INSERT INTO members VALUES ('a-person', 7), ('a-tenant', 7);
INSERT INTO ended VALUES ('a-person', 'lasting', 1700000000.25);
INSERT INTO notes VALUES ('lease', 'a-lease', 'an owner', 4000000000);
