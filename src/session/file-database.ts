/** Opens the file of sessions in a thread of its own; for its keeper that means to make, repair or migrate it first. */
import { statSync } from 'node:fs'
import type { SetAside, ThreadSettings } from './file-messages.ts'
import { makeOwn, setAside } from './file-place.ts'
import { claim, examine, isOfThisVersion, migrate, Unusable } from './file-schema.ts'
import { type Database, resultCode, results, sqlite } from './file-sqlite.ts'

export interface Opened {
  readonly database: Database
  /** Where the file that was there before lies now, since it could not be used. */
  readonly setAside: SetAside | null
}

/** While another process writes; a walk of `sallyport sessions` takes no more than moments. */
const busyMilliseconds = 5_000
/** What the write-ahead log is cut back to when all of it is in the file. */
const logBytes = 16 * 1024 * 1024

/** @throws what SQLite throws where the file cannot be opened at all, such as for want of space. */
export function openFile(settings: ThreadSettings): Opened {
  if (settings.role !== 'keeper') return { database: openKept(settings), setAside: null }
  try {
    return { database: openOwn(settings), setAside: null }
  } catch (error) {
    const why = reasonToSetAside(error)
    if (why === null) throw error
    const to = setAside(settings.path)
    return { database: openOwn(settings), setAside: { to, why } }
  }
}

/** Nothing else has the file: its place is held. */
function openOwn({ path, maxPages }: ThreadSettings): Database {
  // It may have been taken away, or replaced, since the place was taken.
  makeOwn(path)
  const database = new (sqlite().DatabaseSync)(path)
  try {
    database.exec(`PRAGMA busy_timeout = ${busyMilliseconds}`)
    if (statSync(path).size === 0) claim(database)
    examine(database)
    // Every transaction is on the disk before it counts as done, and readers need not wait for it.
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = ${logBytes}`)
    migrate(database)
    // Nobody here holds a session open yet, so there is nothing to be told.
    database.exec('DELETE FROM changes')
    if (maxPages !== null) database.exec(`PRAGMA max_page_count = ${maxPages}`)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

function openKept({ path, role }: ThreadSettings): Database {
  const database = new (sqlite().DatabaseSync)(path, { readOnly: role === 'reader' })
  try {
    database.exec(`PRAGMA busy_timeout = ${busyMilliseconds}; PRAGMA synchronous = FULL`)
    if (!isOfThisVersion(database)) throw new Error('no file of sessions of this version')
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

function reasonToSetAside(error: unknown): SetAside['why'] | null {
  if (error instanceof Unusable) return error.why
  const code = resultCode(error)
  return code === results.corrupt || code === results.notADatabase ? 'damaged' : null
}
