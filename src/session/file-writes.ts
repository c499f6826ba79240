/** The changes of a file of sessions. Each is to be run within a transaction, alone or with others. */
import type { WriteOperations } from './file-messages.ts'
import type { Database } from './file-sqlite.ts'

/** As long as a session may live by the configuration at the very most: nothing can come back that began before. */
const lastingSeconds = 90 * 86_400
/** Longer than a sign-in may take; the groups find everything that was there. */
const passingSeconds = 900
/** So much later it is taken away: a sign of life that is just being written still finds its session. */
const sweepLateSeconds = 60
/** How much is taken away, and given back to the disk, in one step: what waits behind it waits for milliseconds. */
const sweepRows = 200
const sweepPages = 200

type Sessions = Pick<WriteOperations, 'touch' | 'create' | 'update' | 'end'>
type Notes = Pick<WriteOperations, 'markOnce' | 'lease' | 'release' | 'keep' | 'take'>

export interface FileWrites extends WriteOperations {
  /** To be called when a transaction was undone: what was counted in it does not count. */
  undone(): void
}

/** @param maxSessions where there are more, the one that ends first makes room. */
export function createFileWrites(database: Database, maxSessions: number): FileWrites {
  const count = database.prepare('SELECT count(*) AS count FROM sessions')
  const recount = () => Number(count.get()?.count ?? 0)
  let sessions = recount()
  const overSessions = database.prepare(
    `DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at <= ? ORDER BY expires_at LIMIT ${sweepRows})`,
  )
  const overNotes = database.prepare(
    `DELETE FROM notes WHERE (kind, key) IN (SELECT kind, key FROM notes WHERE expires_at <= ? ORDER BY expires_at LIMIT ${sweepRows})`,
  )
  const overEnded = database.prepare('DELETE FROM ended WHERE remembered = ? AND at <= ?')
  const heardChanges = database.prepare('DELETE FROM changes WHERE seq <= ?')
  const putEnded = database.prepare(
    `INSERT INTO ended (name, remembered, at) VALUES (?, ?, ?)
     ON CONFLICT DO UPDATE SET at = max(at, excluded.at)`,
  )

  return {
    ...sessionWrites(database, {
      added: () => ++sessions > maxSessions,
      removed: (rows) => {
        sessions -= rows
      },
    }),
    ...noteWrites(database),
    endBefore(name, at, remembered) {
      putEnded.run(name, remembered, at)
    },
    sweep(now, heard) {
      const gone = Number(overSessions.run(now - sweepLateSeconds).changes)
      const notes = Number(overNotes.run(now).changes)
      overEnded.run('lasting', now - lastingSeconds)
      overEnded.run('passing', now - passingSeconds)
      heardChanges.run(heard)
      const free = freePages(database)
      database.exec(`PRAGMA incremental_vacuum(${sweepPages})`)
      const left = freePages(database)
      sessions = recount()
      // Never again for what did not become less.
      return gone === sweepRows || notes === sweepRows || (left > 0 && left < free)
    },
    undone() {
      sessions = recount()
    },
  }
}

interface Counted {
  /** @returns whether there are too many now. */
  added(): boolean
  removed(rows: number): void
}

function sessionWrites(database: Database, counted: Counted): Sessions {
  const touch = database.prepare('UPDATE sessions SET expires_at = ? WHERE key = ?')
  const clear = database.prepare('DELETE FROM sessions WHERE key = ? AND expires_at <= ?')
  const put = database.prepare(
    `INSERT INTO sessions (key, version, expires_at, facts, stub) VALUES (?, 1, ?, ?, ?)
     ON CONFLICT DO NOTHING RETURNING id`,
  )
  const putTokens = database.prepare('INSERT INTO tokens (session, version, value) VALUES (?, 1, ?)')
  const putMember = database.prepare('INSERT INTO members (name, session) VALUES (?, ?) ON CONFLICT DO NOTHING')
  const displace = database.prepare(
    'DELETE FROM sessions WHERE id = (SELECT id FROM sessions WHERE id <> ? ORDER BY expires_at LIMIT 1) RETURNING key',
  )
  const find = database.prepare('SELECT id, version FROM sessions WHERE key = ? AND expires_at > ?')
  const setFacts = database.prepare('UPDATE sessions SET version = ?, facts = ? WHERE id = ?')
  const setTokens = database.prepare('UPDATE tokens SET version = ?, value = ? WHERE session = ?')
  const setStub = database.prepare('UPDATE sessions SET stub = ? WHERE id = ?')
  const end = database.prepare('DELETE FROM sessions WHERE key = ?')
  const tell = database.prepare('INSERT INTO changes (key) VALUES (?)')

  function makeRoom(except: number): readonly string[] {
    const key = displace.get(except)?.key
    if (key === undefined) return []
    counted.removed(1)
    return [String(key)]
  }

  return {
    touch(touches) {
      for (const [key, expiresAt] of touches) touch.run(expiresAt, key)
    },
    create(key, { facts, tokens, stub, names, ttlSeconds }, now) {
      counted.removed(Number(clear.run(key, now).changes))
      const row = put.get(key, now + ttlSeconds, facts, stub)
      if (row === undefined) return { created: false, displaced: [] }
      const id = Number(row.id)
      putTokens.run(id, tokens)
      for (const name of names) putMember.run(name, id)
      return { created: true, displaced: counted.added() ? [...makeRoom(id)] : [] }
    },
    update(key, { from, facts, tokens, stub }, now) {
      const row = find.get(key, now)
      if (row === undefined) return 'gone'
      if (row.version !== from) return 'conflict'
      const id = Number(row.id)
      setFacts.run(from + 1, facts, id)
      if (tokens !== undefined) setTokens.run(from + 1, tokens, id)
      if (stub !== undefined) setStub.run(stub, id)
      return 'updated'
    },
    end(key, isFromOutside) {
      counted.removed(Number(end.run(key).changes))
      // Told even where nothing is left: somebody may still hold it open.
      if (isFromOutside) tell.run(key)
    },
  }
}

function noteWrites(database: Database): Notes {
  const put = database.prepare(
    `INSERT INTO notes (kind, key, value, expires_at) VALUES (?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at`,
  )
  const mark = database.prepare(
    `INSERT INTO notes (kind, key, value, expires_at) VALUES ('once', ?, '', ?)
     ON CONFLICT DO UPDATE SET expires_at = excluded.expires_at WHERE expires_at <= ?`,
  )
  const lease = database.prepare(
    `INSERT INTO notes (kind, key, value, expires_at) VALUES ('lease', ?, ?, ?)
     ON CONFLICT DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at
     WHERE expires_at <= ? OR value = excluded.value`,
  )
  const holder = database.prepare(`SELECT value FROM notes WHERE kind = 'lease' AND key = ?`)
  const remove = database.prepare('DELETE FROM notes WHERE kind = ? AND key = ?')
  const take = database.prepare(`DELETE FROM notes WHERE kind = 'kept' AND key = ? RETURNING value, expires_at`)

  return {
    markOnce: (key, until, now) => Number(mark.run(key, until, now).changes) === 1,
    lease(key, { owner, until }, now) {
      lease.run(key, owner, until, now)
      return String(holder.get(key)?.value)
    },
    release(key, owner, next) {
      if (holder.get(key)?.value !== owner) return
      if (next === null) remove.run('lease', key)
      else put.run('lease', key, next.owner, next.until)
    },
    keep(key, value, until) {
      put.run('kept', key, value, until)
    },
    take(key, now) {
      const row = take.get(key)
      return row !== undefined && Number(row.expires_at) > now ? String(row.value) : null
    },
  }
}

function freePages(database: Database): number {
  return Number(database.prepare('PRAGMA freelist_count').get()?.freelist_count ?? 0)
}
