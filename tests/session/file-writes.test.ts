/** What is taken away from a file of sessions, and how large it becomes. */
import { lstatSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { openFile } from '../../src/session/file-database.ts'
import { createFileWrites, type FileWrites } from '../../src/session/file-writes.ts'

const root = mkdtempSync(join(tmpdir(), 'sallyport-writes-'))
afterAll(() => rmSync(root, { recursive: true }))

let count = 0
let path: string
let database: DatabaseSync
let writes: FileWrites
beforeEach(() => {
  path = join(root, `${count++}.db`)
  writeFileSync(path, '', { mode: 0o600 })
  database = openFile({ role: 'keeper', path, maxSessions: 100_000, maxPages: null }).database
  writes = createFileWrites(database, 100_000)
})
afterEach(() => database.close())

const start = 1_800_000_000
const records = { facts: 'f', tokens: 'x'.repeat(3_000), stub: 's', names: ['everybody'], endsAt: start + 10_000 }

function inTransaction<Result>(work: () => Result): Result {
  database.exec('BEGIN IMMEDIATE')
  const result = work()
  database.exec('COMMIT')
  return result
}

function fill(from: number, sessions: number, ttlSeconds: number): void {
  inTransaction(() => {
    for (let n = from; n < from + sessions; n += 1) writes.create(`key-${n}`, { ...records, ttlSeconds }, start)
  })
}

/** @returns in how many steps. */
function sweepAll(now: number, heard = 0): number {
  for (let steps = 1; ; steps += 1) if (!inTransaction(() => writes.sweep(now, heard))) return steps
}

const rows = (table: string) => Number(database.prepare(`SELECT count(*) AS count FROM ${table}`).get()?.count)

test('sweep takes away what has expired, in small steps, and gives its room back', () => {
  fill(0, 3_000, 60)
  fill(3_000, 10, 5_000)
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  const full = lstatSync(path).size
  expect(sweepAll(start + 100)).toBe(1)
  expect(rows('sessions')).toBe(3_010)
  expect(sweepAll(start + 121)).toBeGreaterThan(14)
  expect([rows('sessions'), rows('tokens'), rows('members')]).toEqual([10, 10, 10])
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  expect(lstatSync(path).size).toBeLessThan(full / 10)
})

test('a file grows no further when as many sessions come as go', () => {
  const sizes: number[] = []
  for (let round = 0; round < 12; round += 1) {
    fill(round * 500, 500, 60 * round + 1)
    sweepAll(start + 60 * round + 61)
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    sizes.push(lstatSync(path).size)
  }
  expect(Math.max(...sizes.slice(6))).toBeLessThanOrEqual(Math.max(...sizes.slice(0, 6)))
})

test('sweep takes away marks, leases and notes that are over, endings that can end nothing any more, and heard changes', () => {
  inTransaction(() => {
    for (const until of [start + 10, start + 1_000]) {
      writes.markOnce(`mark-${until}`, until, start)
      writes.lease(`lease-${until}`, { owner: 'me', until }, start)
      writes.keep(`kept-${until}`, 'sealed', until)
    }
    writes.endBefore('long-ago', start - 91 * 86_400, 'lasting')
    writes.endBefore('lately', start - 89 * 86_400, 'lasting')
    writes.endBefore('a-while-ago', start - 1_000, 'passing')
    writes.endBefore('just-now', start - 100, 'passing')
    for (const key of ['a', 'b', 'c']) writes.end(key, true)
  })
  sweepAll(start + 11, 2)
  const names = (sql: string) =>
    database
      .prepare(sql)
      .all()
      .map((row) => Object.values(row)[0])
  expect(names('SELECT key FROM notes ORDER BY key')).toEqual([
    ...[`kept-${start + 1_000}`, `lease-${start + 1_000}`, `mark-${start + 1_000}`],
  ])
  expect(names('SELECT name FROM ended ORDER BY name')).toEqual(['just-now', 'lately'])
  expect(names('SELECT key FROM changes')).toEqual(['c'])
})

test('create counts after a transaction that was undone, too', () => {
  const few = createFileWrites(database, 3)
  database.exec('BEGIN')
  for (const key of ['a', 'b', 'c']) few.create(key, { ...records, ttlSeconds: 60 }, start)
  database.exec('ROLLBACK')
  few.undone()
  inTransaction(() => {
    for (const key of ['d', 'e', 'f']) few.create(key, { ...records, ttlSeconds: 60 }, start)
  })
  expect(rows('sessions')).toBe(3)
  expect(few.create('g', { ...records, ttlSeconds: 60 }, start).displaced).toEqual(['d'])
})

test('create takes the place of a session that has expired and is not swept yet, and of no other', () => {
  fill(0, 1, 60)
  expect(writes.create('key-0', { ...records, ttlSeconds: 60 }, start + 59).created).toBe(false)
  expect(writes.create('key-0', { ...records, facts: 'new', ttlSeconds: 60 }, start + 60).created).toBe(true)
  expect([rows('sessions'), rows('tokens'), rows('members')]).toEqual([1, 1, 1])
})
