/** What a file of sessions looks like inside, in every version that there has been. */
import type { Database } from './file-sqlite.ts'

/** Stands in the header of every file of ours, and of no other program’s: `Saly`. */
const applicationId = 0x53616c79

/** Where the header of a SQLite file has it (https://www.sqlite.org/fileformat.html#the_database_header). */
const magic = Buffer.from('SQLite format 3\0')
const applicationIdAt = 68

/**
 * From each version to the next, beginning with nothing. What is here has been written to people’s disks: it is never
 * changed, only added to.
 * The tokens stand apart, so that the sign of life of a session does not write them again.
 */
const steps: readonly string[] = [
  `CREATE TABLE sessions (
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
  ) STRICT;`,
]

const schemaVersion = steps.length

export type Beginning = 'nothing' | 'ours' | 'other_database' | 'text' | 'bytes'

/** @param bytes the first of a file, up to some thousand. */
export function judgeBeginning(bytes: Buffer): Beginning {
  if (bytes.length === 0) return 'nothing'
  if (bytes.length >= 100 && bytes.subarray(0, magic.length).equals(magic)) {
    return bytes.readUInt32BE(applicationIdAt) === applicationId ? 'ours' : 'other_database'
  }
  return isText(bytes) ? 'text' : 'bytes'
}

function isText(bytes: Buffer): boolean {
  // A character may have been cut at the end.
  const text = bytes.toString('utf8').slice(0, -1)
  return bytes.length > 1 && !/[^\t\n\r\P{Cc}]|\uFFFD/u.test(text)
}

/** Why a file cannot be used: all of it must be set aside. */
export class Unusable extends Error {
  readonly why: 'damaged' | 'newer_version' | 'other_database'

  constructor(why: Unusable['why']) {
    super(`the file of sessions cannot be used: ${why}`)
    this.why = why
  }
}

/** Makes a new file one of ours, in one step, so that nothing that is not finished looks like another program’s. */
export function claim(database: Database): void {
  database.exec(`PRAGMA auto_vacuum = INCREMENTAL; PRAGMA application_id = ${applicationId}`)
}

/** Looks through all of it. @throws Unusable, or what SQLite throws for a file that is damaged. */
export function examine(database: Database): void {
  const id = number(database, 'application_id')
  if (id !== applicationId) throw new Unusable('other_database')
  if (number(database, 'user_version') > schemaVersion) throw new Unusable('newer_version')
  const found = database.prepare('PRAGMA quick_check(1)').get()
  if (found?.quick_check !== 'ok') throw new Unusable('damaged')
}

/** Brings an older file up to this version, in one step. */
export function migrate(database: Database): void {
  const from = number(database, 'user_version')
  if (from === schemaVersion) return
  database.exec('BEGIN IMMEDIATE')
  try {
    for (const step of steps.slice(from)) database.exec(step)
    database.exec(`PRAGMA user_version = ${schemaVersion}; COMMIT`)
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

/** For those who only come by: they neither repair nor migrate. */
export function isOfThisVersion(database: Database): boolean {
  return number(database, 'application_id') === applicationId && number(database, 'user_version') === schemaVersion
}

function number(database: Database, pragma: 'application_id' | 'user_version'): number {
  const value = database.prepare(`PRAGMA ${pragma}`).get()?.[pragma]
  return typeof value === 'number' ? value : 0
}
