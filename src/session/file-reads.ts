/** The questions that a file of sessions answers. Each is one look at what was written last. */
import type { ReadOperations, TimedRecord } from './file-messages.ts'
import type { Database } from './file-sqlite.ts'

const pageSize = 200
const mostChanges = 1_000

export function createFileReads(database: Database): ReadOperations {
  const facts = database.prepare('SELECT version, facts AS value, expires_at FROM sessions WHERE key = ?')
  const stub = database.prepare('SELECT 1 AS version, stub AS value, expires_at FROM sessions WHERE key = ?')
  const tokens = database.prepare(
    'SELECT t.version, t.value, s.expires_at FROM sessions s JOIN tokens t ON t.session = s.id WHERE s.key = ?',
  )
  const until = database.prepare('SELECT expires_at FROM sessions WHERE key = ?')
  const page = database.prepare(
    `SELECT m.session, s.key FROM members m JOIN sessions s ON s.id = m.session
     WHERE m.name = ? AND m.session > ? ORDER BY m.session LIMIT ${pageSize}`,
  )
  const kept = database.prepare(`SELECT value, expires_at FROM notes WHERE kind = 'kept' AND key = ?`)
  const latest = database.prepare('SELECT max(at) AS at FROM ended WHERE name = ?')
  const lasting = database.prepare(`SELECT name, at FROM ended WHERE remembered = 'lasting'`)
  const changes = database.prepare(`SELECT seq, key FROM changes WHERE seq > ? ORDER BY seq LIMIT ${mostChanges}`)

  return {
    read: (key) => timed(facts.get(key)),
    readTokens: (key) => timed(tokens.get(key)),
    readStub: (key) => timed(stub.get(key)),
    expiresAt(key) {
      const row = until.get(key)
      return row === undefined ? null : Number(row.expires_at)
    },
    walk(name, after) {
      const rows = page.all(name, after)
      const last = rows.at(-1)
      const next = rows.length < pageSize || last === undefined ? null : Number(last.session)
      return { keys: rows.map(({ key }) => String(key)), next }
    },
    look(key) {
      const row = kept.get(key)
      return row === undefined ? null : { value: String(row.value), expiresAt: Number(row.expires_at) }
    },
    endedBefore(names) {
      const times = names.map((name) => latest.get(name)?.at ?? null)
      return Math.max(...times.map((at) => (at === null ? Number.NEGATIVE_INFINITY : Number(at))))
    },
    endings: () => lasting.all().map(({ name, at }) => [String(name), Number(at)]),
    changesAfter(seq) {
      const rows = changes.all(seq)
      return { keys: rows.map(({ key }) => String(key)), seq: Number(rows.at(-1)?.seq ?? seq) }
    },
  }
}

function timed(row: Readonly<Record<string, unknown>> | undefined): TimedRecord | null {
  if (row === undefined) return null
  return { version: Number(row.version), value: String(row.value), expiresAt: Number(row.expires_at) }
}
