/** What only the store in a file has: it outlives its process, guards its place, and survives what happens to files. */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { Fault } from '../../src/core/fault.ts'
import { createSessions } from '../../src/session/sessions.ts'
import type { Change, SessionStore } from '../../src/session/store.ts'
import { createFileStore, type FileStoreParts } from '../../src/session/store-file.ts'
import { until } from '../redis.ts'
import { facts, newCookie, now, policy, readableLog, ring, tokens } from './people.ts'

const root = mkdtempSync(join(tmpdir(), 'sallyport-file-'))
afterAll(() => rmSync(root, { recursive: true }))

const records = {
  ...{ facts: 'sealed facts', tokens: 'sealed tokens', stub: 'sealed stub', ttlSeconds: 60 },
  ...{ names: ['a-tenant', 'a-person'], endsAt: now() + 3600 },
}

describe('createFileStore', () => {
  const open: SessionStore[] = []
  let log = readableLog()
  let path = ''
  let count = 0
  beforeEach(() => {
    count += 1
    const folder = join(root, `test-${count}`)
    mkdirSync(folder, { mode: 0o700 })
    path = join(folder, 'sessions.db')
    log = readableLog()
  })
  afterEach(async () => {
    for (const each of open.splice(0).toReversed()) await each.close()
  })

  function create(changes: Partial<FileStoreParts> = {}): SessionStore {
    const store = createFileStore({ path, maxSessions: 1000, clock: now, log, ...changes })
    open.push(store)
    return store
  }

  async function start(changes: Partial<FileStoreParts> = {}): Promise<SessionStore> {
    const store = create(changes)
    await until('the store announces', () => store.ready() === 'ready' && store.changes.announcing())
    return store
  }

  async function close(store: SessionStore): Promise<void> {
    open.splice(open.indexOf(store), 1)
    await store.close()
  }

  const beside = () => readdirSync(join(path, '..')).toSorted()

  async function walked(store: SessionStore, name: string): Promise<readonly string[]> {
    const keys: string[] = []
    for await (const page of store.walk(name)) keys.push(...page)
    return keys.toSorted()
  }

  test('createFileStore keeps everything over a restart: sessions, groups, endings, marks, leases, what was kept', async () => {
    const before = await start()
    for (const key of ['stays', 'ends', 'touched']) await before.create(key, records)
    await before.update('stays', { from: 1, facts: 'newer', tokens: 'newer tokens' })
    await before.end('ends')
    await before.extend('touched', 5_000)
    await before.endBefore('a-group', 1_000.5, 'lasting')
    await before.markOnce('a-mark', 60)
    await before.lease('a-lease', 'an owner', 60)
    await before.keep('a-note', 'sealed', 60)
    await close(before)
    expect(beside()).toEqual(['sessions.db', 'sessions.db-lock'])

    const after = await start()
    expect(await after.read('stays')).toEqual({ version: 2, value: 'newer' })
    expect(await after.readTokens('stays')).toEqual({ version: 2, value: 'newer tokens' })
    expect(await after.readStub('stays')).toEqual({ version: 1, value: 'sealed stub' })
    expect(await after.read('ends')).toBeNull()
    expect(await walked(after, 'a-person')).toEqual(['stays', 'touched'])
    expect(await after.remaining('touched')).toBeGreaterThan(4_900)
    expect(await after.endings()).toEqual(new Map([['a-group', 1_000.5]]))
    expect(await after.markOnce('a-mark', 60)).toBe(false)
    expect(await after.lease('a-lease', 'another', 60)).toBe('an owner')
    expect(await after.take('a-note')).toBe('sealed')
    expect(log.lines).toEqual([])
  })

  test('extend counts at once, and is written soon, without a word from anybody', async () => {
    const store = await start()
    await store.create('key', { ...records, ttlSeconds: 5 })
    await store.extend('key', 5_000)
    expect(await store.remaining('key')).toBeGreaterThan(4_900)
    const onDisk = new DatabaseSync(path, { readOnly: true })
    const written = () => Number(onDisk.prepare('SELECT expires_at FROM sessions').get()?.expires_at) - now()
    await until('it is written', () => written() > 4_900, 5_000)
    onDisk.close()
    expect(await store.remaining('key')).toBeGreaterThan(4_900)
  })

  test('extend is not overtaken by a write that judges whether the session lives', async () => {
    let skew = 0
    const store = await start({ clock: () => now() + skew })
    await store.create('key', { ...records, ttlSeconds: 10 })
    await store.extend('key', 5_000)
    skew = 1_000
    expect(await store.update('key', { from: 1, facts: 'newer' })).toBe('updated')
    expect(await store.read('key')).toEqual({ version: 2, value: 'newer' })
  })

  test('a second gateway on the same file is refused, and takes nothing from the first', async () => {
    const first = await start()
    await first.create('key', records)
    expect(() => create()).toThrow(/another gateway keeps its sessions there/)
    expect(await first.read('key')).not.toBeNull()
    await first.create('another', records)
    await close(first)
    expect(await (await start()).read('another')).not.toBeNull()
  })

  test('all files are for their owner alone, whatever the umask is, and are closed to others where they were not', async () => {
    const umask = process.umask(0)
    try {
      await (await start()).create('key', records)
    } finally {
      process.umask(umask)
    }
    const modes = () => beside().map((name) => [name, (lstatSync(join(path, '..', name)).mode & 0o777).toString(8)])
    const all = ['sessions.db', 'sessions.db-lock', 'sessions.db-shm', 'sessions.db-wal'].map((name) => [name, '600'])
    expect(modes()).toEqual(all)
    for (const store of open.splice(0)) await store.close()
    for (const name of beside()) chmodSync(join(path, '..', name), 0o666)
    await (await start()).create('other', records)
    expect(modes()).toEqual(all)
  })

  test('a link is no file of sessions, wherever it leads', () => {
    for (const [name, target] of [
      ['sessions.db', '/nowhere/at/all'],
      ['sessions.db-lock', join(root, 'elsewhere')],
      ['sessions.db-wal', join(root, 'elsewhere')],
    ] as const) {
      rmSync(join(path, '..'), { recursive: true })
      mkdirSync(join(path, '..'))
      writeFileSync(join(root, 'elsewhere'), '')
      symlinkSync(target, join(path, '..', name))
      expect(() => create()).toThrow(/this is a link/)
    }
  })

  test('a folder in which everybody may change files is refused, unless only their owner may take them away', async () => {
    chmodSync(join(path, '..'), 0o777)
    expect(() => create()).toThrow(/everybody may change files in/)
    expect(beside()).toEqual([])
    chmodSync(join(path, '..'), 0o1777)
    await start()
  })

  test('a folder that is missing is made, for its owner alone, and one that cannot be is refused in a sentence', async () => {
    path = join(path, '..', 'missing', 'sessions.db')
    await start()
    expect(lstatSync(join(path, '..')).mode & 0o777).toBe(0o700)
    path = join(path, '..', 'also', 'missing', 'sessions.db')
    expect(() => create()).toThrow(/also\/missing\/sessions.db: sessions cannot be kept there \(ENOENT\)/)
  })

  test.skipIf(process.geteuid?.() !== 0)('a file of somebody else is refused (needs root to make one)', () => {
    writeFileSync(path, '')
    chownSync(path, 65_534, 65_534)
    expect(() => create()).toThrow(/belongs to somebody else/)
  })

  async function filled(sessions: number): Promise<void> {
    const store = await start()
    const large = { ...records, tokens: 'x'.repeat(5_000) }
    await Promise.all(Array.from({ length: sessions }, (_, n) => store.create(`key-${n}`, large)))
    await close(store)
  }

  for (const [what, why, damage] of [
    ['random bytes', 'damaged', () => writeFileSync(path, Buffer.from('\u0000\u0001\uFFFF'.repeat(3_000), 'latin1'))],
    ['nothing but a header', 'damaged', () => truncateSync(path, 100)],
    ['the half of it', 'damaged', () => truncateSync(path, lstatSync(path).size / 2)],
    ['pages of other bytes', 'damaged', () => overwrite(path)],
    ['one page of other bytes', 'damaged', () => overwrite(path, 41)],
    ['a text', 'damaged', () => writeFileSync(path, 'no database\n')],
    ['a database of something else', 'other_database', () => otherDatabase(path)],
    ['a version of the future', 'newer_version', () => newerVersion(path)],
  ] as const) {
    test(`a file of sessions that is ${what} by now is set aside and said, and the gateway goes on`, async () => {
      await filled(100)
      damage()
      const broken = readFileSync(path)
      const store = await start()
      const aside = beside().find((name) => name.includes('corrupt')) ?? ''
      expect(aside).toMatch(/^sessions\.db\.corrupt-\d{8}T\d{6}Z$/)
      expect(readFileSync(join(path, '..', aside)).equals(broken)).toBe(true)
      expect(lstatSync(join(path, '..', aside)).mode & 0o777).toBe(0o600)
      expect(log.lines.join()).toContain(`"why":"${why}"`)
      expect(log.lines.join()).toMatch(/^error session_file_set_aside /)
      expect(store.trouble?.()).toEqual({ says: `set aside: ${join(path, '..', aside)}`, isOver: true })
      expect(await store.create('key-0', records)).toBe(true)
      expect(await store.read('key-1')).toBeNull()
    })
  }

  for (const [what, says, make] of [
    ['the database of another program', /database of another program/, () => otherDatabase(path)],
    ['a text', /this is a text/, () => writeFileSync(path, 'version: 1\n# a configuration, named by mistake\n')],
  ] as const) {
    test(`${what} where no sessions have been is refused, and left as it is`, () => {
      make()
      chmodSync(path, 0o644)
      const before = readFileSync(path)
      for (let n = 0; n < 3; n += 1) expect(() => create()).toThrow(says)
      expect(readFileSync(path).equals(before)).toBe(true)
      expect(lstatSync(path).mode & 0o777).toBe(0o644)
      expect(beside()).toEqual(['sessions.db'])
    })
  }

  test('a file that is damaged while it is used is set aside then, and the gateway goes on', async () => {
    const store = await start()
    const large = { ...records, tokens: 'x'.repeat(9_000) }
    await Promise.all(Array.from({ length: 900 }, (_, n) => store.create(`key-${n}`, large)))
    const epoch = store.changes.epoch()
    const other = new DatabaseSync(path)
    other.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    overwrite(path)
    const isDown = async () => {
      for (let n = 0; n < 900; n += 1) if (!(await store.readTokens(`key-${n}`).then(() => true, isFault))) return false
      return store.changes.epoch() > epoch
    }
    await until('it is opened again', isDown, 20_000)
    other.close()
    expect(log.lines.join()).toContain('session_file_set_aside')
    expect(await store.create('key-new', records)).toBe(true)
    expect(await store.read('key-new')).not.toBeNull()
  })

  for (const [what, replace] of [
    ['replaced', (old: string) => writeFileSync(path, readFileSync(old), { mode: 0o644 })],
    ['taken away', () => {}],
  ] as const) {
    test(`a file that is ${what} while it is used is opened anew: what others end there is heard`, async () => {
      const before = await start()
      await before.create('old', records)
      await close(before)
      const copy = `${path}-copy`
      writeFileSync(copy, readFileSync(path))
      const store = await start()
      const heard: Change[] = []
      store.changes.subscribe((change) => heard.push(change))
      rmSync(path)
      replace(copy)
      await until('it was noticed', () => log.lines.some((line) => line.includes('session_store_down')))
      await until('it goes on', () => store.ready() === 'ready' && store.changes.announcing())
      expect(heard).toContainEqual({ what: 'gap' })
      expect(lstatSync(path).mode & 0o777).toBe(0o600)
      expect((await store.read('old')) !== null).toBe(what === 'replaced')
      expect(await store.create('new', records)).toBe(true)
      const visitor = create({ role: 'visitor' })
      await visitor.end('new')
      await until('the end was heard', () => heard.some((change) => change.what === 'ended' && change.key === 'new'))
      expect(await store.read('new')).toBeNull()
    })
  }

  test('a file of the first version opens, with all that is in it', async () => {
    const old = new DatabaseSync(path)
    old.exec(readFileSync(new URL('file-version-1.sql', import.meta.url), 'utf8'))
    old.close()
    chmodSync(path, 0o600)
    const store = await start()
    expect(log.lines).toEqual([])
    expect(await store.read('an-old-session')).toEqual({ version: 3, value: 'sealed facts' })
    expect(await store.readTokens('an-old-session')).toEqual({ version: 2, value: 'sealed tokens' })
    expect(await walked(store, 'a-person')).toEqual(['an-old-session'])
    expect(await store.endedBefore(['a-person'])).toBe(1_700_000_000.25)
    expect(await store.lease('a-lease', 'other', 60)).toBe('an owner')
  })

  const isFault = (error: unknown) => error instanceof Fault && error.code === 'session_store_down'

  test('create on a full disk is the fault of the store; what is there can be read and ended, and with room it goes on', async () => {
    const store = await start({ maxPages: 60 })
    const large = { ...records, tokens: 'x'.repeat(20_000) }
    let made = 0
    await until('the disk is full', async () => {
      const done = await store.create(`key-${made}`, large).then(() => true, isFault)
      expect(done).toBe(true)
      if ((await store.read(`key-${made}`)) === null) return true
      made += 1
      return false
    })
    expect(made).toBeGreaterThan(3)
    expect(store.trouble?.()).toEqual({ says: 'nothing can be written', isOver: false })
    expect(store.ready()).toBe('ready')
    expect(log.lines.filter((line) => line.startsWith('error session_store_down'))).toHaveLength(1)
    await expect(store.create('too-much', large)).rejects.toSatisfy(isFault)
    expect(await store.read('key-0')).toEqual({ version: 1, value: 'sealed facts' })
    expect(await walked(store, 'a-person')).toHaveLength(made)
    await store.end('key-0')
    expect(await store.create('fits', { ...large })).toBe(true)
    await until('it has worked for a while', async () => {
      await store.markOnce('a-mark', 60)
      return store.trouble?.() === null
    })
    expect(log.lines.map((line) => line.split(' ')[1])).toEqual(['session_store_down', 'session_store_up'])
  })

  test('of many at once on a full disk only those fail that do not fit', async () => {
    const store = await start({ maxPages: 60 })
    await store.create('ends', records)
    const large = { ...records, tokens: 'x'.repeat(60_000) }
    const [ended, ...created] = await Promise.allSettled([
      store.end('ends'),
      ...Array.from({ length: 8 }, (_, n) => store.create(`key-${n}`, large)),
    ])
    expect(ended.status).toBe('fulfilled')
    expect(new Set(created.map(({ status }) => status))).toEqual(new Set(['fulfilled', 'rejected']))
    expect(await store.read('ends')).toBeNull()
  })

  test('a write that waits for its disk holds up neither the process nor a reading', async () => {
    const store = await start()
    await store.create('key', records)
    // Whoever holds the lock of writers is as slow a disk as one can have.
    const slow = new DatabaseSync(path)
    slow.exec('BEGIN IMMEDIATE')
    let done = false
    const waiting = store.create('waits', { ...records, tokens: 'x'.repeat(1_000_000) }).then((created) => {
      done = true
      return created
    })
    for (let n = 0; n < 500; n += 1) expect((await store.read('key'))?.value).toBe('sealed facts')
    expect(await walked(store, 'a-person')).toEqual(['key'])
    expect(done).toBe(false)
    slow.exec('COMMIT')
    slow.close()
    expect(await waiting).toBe(true)
  })

  test('the process goes on counting while a large batch is written', async () => {
    const store = await start({ maxSessions: 10_000 })
    let ticks = 0
    let going = true
    const tick = () => {
      ticks += 1
      if (going) setImmediate(tick)
    }
    tick()
    const large = { ...records, tokens: 'x'.repeat(20_000) }
    const all = Promise.all(Array.from({ length: 3_000 }, (_, n) => store.create(`key-${n}`, large)))
    // Each turn of the loop would be a whole batch if the writing were done in it.
    await all
    going = false
    expect(ticks).toBeGreaterThan(100)
  })

  test('the session that was unused longest makes room, says so, and is heard', async () => {
    const store = await start({ maxSessions: 3 })
    const heard: Change[] = []
    store.changes.subscribe((change) => heard.push(change))
    for (const key of ['a', 'b', 'c']) await store.create(key, records)
    await store.extend('a', 5_000)
    await store.create('d', records)
    await store.create('e', { ...records, ttlSeconds: 1 })
    expect(await Promise.all(['a', 'b', 'c', 'd', 'e'].map(async (key) => (await store.read(key)) !== null))).toEqual([
      ...[true, false, false, true, true],
    ])
    expect(heard.filter(({ what }) => what === 'ended')).toEqual([
      { what: 'ended', key: 'b' },
      { what: 'ended', key: 'c' },
    ])
    expect(log.lines).toEqual(['warn session_store_full {"maxSessions":3,"evicted":1}'])
  })

  test('what a visitor ends is heard by the gateway, in order and once', async () => {
    const store = await start({ maxSessions: 5_000 })
    const keys = Array.from({ length: 1_200 }, (_, n) => `key-${n}`)
    await Promise.all(keys.map((key) => store.create(key, { ...records, names: ['many'] })))
    const heard: string[] = []
    store.changes.subscribe((change) => change.what === 'ended' && heard.push(change.key))
    const epoch = store.changes.epoch()
    const visitor = create({ role: 'visitor' })
    for await (const page of visitor.walk('many')) await Promise.all(page.map((key) => visitor.end(key)))
    await until('all are heard', () => heard.length >= keys.length)
    expect(heard.toSorted()).toEqual(keys.toSorted())
    expect(await walked(store, 'many')).toEqual([])
    expect(store.changes.epoch()).toBe(epoch)
    await visitor.endBefore('many', 5, 'lasting')
    expect(await store.endedBefore(['many'])).toBe(5)
  })

  test('a visitor takes nothing away that the gateway has not heard of, however long it stays', async () => {
    await close(await start())
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    onTestFinished(() => void vi.useRealTimers())
    const visitor = create({ role: 'visitor' })
    await visitor.end('key')
    await until('the visitor has heard of it', () => {
      vi.advanceTimersByTime(250)
      return visitor.changes.announcing()
    })
    vi.advanceTimersByTime(60_000)
    // Written behind whatever the timers have begun.
    await visitor.markOnce('last', 60)
    const beside = new DatabaseSync(path, { readOnly: true })
    expect(beside.prepare('SELECT key FROM changes').all()).toEqual([{ key: 'key' }])
    beside.close()
  })

  test('a visitor makes no file, and mends none', async () => {
    expect(() => create({ role: 'visitor' })).toThrow(/no gateway has kept sessions there yet/)
    expect(beside()).toEqual([])
    writeFileSync(path, 'no database\n', { mode: 0o600 })
    const visitor = create({ role: 'visitor' })
    await expect(visitor.endings()).rejects.toSatisfy(isFault)
    expect(visitor.ready()).toBe('down')
    expect(readFileSync(path, 'utf8')).toBe('no database\n')
  })

  test('the files open nothing, also with the secrets, and show nobody (T80)', async () => {
    const store = await start()
    const sessions = createSessions({ store, ring, policy, clock: now, log })
    const { id } = newCookie()
    await sessions.create({ tenant: 'payroll', id }, { facts: facts(), tokens })
    const dump = beside().map((name) => readFileSync(join(path, '..', name)).toString('latin1'))
    sessions.close()
    expect(dump.join('').length).toBeGreaterThan(1_000)
    for (const known of [id, 'payroll', 'Ada', 'ada@contoso.com', tokens.loginHint, facts().objectId]) {
      expect(dump.join('')).not.toContain(known)
    }
  })

  test('a clock that jumps ends nothing that it should not, and everything that it should', async () => {
    let skew = 0
    const store = await start({ clock: () => now() + skew })
    await store.create('key', records)
    skew = -86_400
    expect(await store.read('key')).not.toBeNull()
    skew = 0
    expect(await store.read('key')).not.toBeNull()
    skew = 61
    expect(await store.read('key')).toBeNull()
    expect(store.changes.announcing()).toBe(true)
  })

  test('close leaves no thread behind where the file is still being opened', () => {
    const store = new URL('../../src/session/store-file.ts', import.meta.url)
    const log = '{ debug() {}, info() {}, warn() {}, error() {} }'
    const parts = `{ path: ${JSON.stringify(path)}, maxSessions: 1, clock: () => 0, log: ${log} }`
    const program = `import { createFileStore } from ${JSON.stringify(store.href)}
      await createFileStore(${parts}).close()`
    // A process ends by itself when nothing of it is left.
    const options = { timeout: 20_000, encoding: 'utf8' } as const
    const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], options)
    expect([status, stderr]).toEqual([0, ''])
  })

  test('close writes what is on its way, and gives the place free', async () => {
    const store = await start()
    await store.create('key', records)
    await store.extend('key', 5_000)
    const [created] = await Promise.all([store.create('last', records), close(store)])
    expect(created).toBe(true)
    expect(existsSync(`${path}-wal`)).toBe(false)
    const next = await start()
    expect(await next.remaining('key')).toBeGreaterThan(4_900)
    expect(await next.read('last')).not.toBeNull()
    // A sign of life alone, with no other write behind it.
    await next.extend('last', 5_000)
    await close(next)
    expect(await (await start()).remaining('last')).toBeGreaterThan(4_900)
  })
})

function overwrite(path: string, page?: number): void {
  const bytes = readFileSync(path)
  // The first page stays as it is: it looks like one of ours.
  bytes.fill('\u0007garbage', 4096 * (page ?? 1), page === undefined ? bytes.length : 4096 * (page + 1))
  writeFileSync(path, bytes)
}

function otherDatabase(path: string): void {
  rmSync(path, { force: true })
  const database = new DatabaseSync(path)
  database.exec('CREATE TABLE invoices (id INTEGER PRIMARY KEY); INSERT INTO invoices VALUES (1)')
  database.close()
}

function newerVersion(path: string): void {
  const database = new DatabaseSync(path)
  database.exec('PRAGMA user_version = 1000; PRAGMA wal_checkpoint(TRUNCATE)')
  database.close()
}
