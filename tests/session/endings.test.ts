/** Ending many sessions at once, on every store; two replicas where the store is shared. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { groupsOf, type Whose } from '../../src/core/identity/whose.ts'
import { Secret } from '../../src/core/secret.ts'
import { createEndings } from '../../src/session/endings.ts'
import { createKeyRing, type KeyRing, storeKey } from '../../src/session/seal.ts'
import { createSessions } from '../../src/session/sessions.ts'
import type { SessionStore } from '../../src/session/store.ts'
import { createFileStore } from '../../src/session/store-file.ts'
import { createMemoryStore } from '../../src/session/store-memory.ts'
import { createRedisStore } from '../../src/session/store-redis.ts'
import { openStub } from '../../src/session/stub.ts'
import { redisMissing, startRedis, type TestRedis, until } from '../redis.ts'
import { facts, firstSecret, newCookie, now, policy, readableLog, ring, secondSecret, tokens } from './people.ts'

let redis: TestRedis
const noRedis = redisMissing()
beforeAll(async () => {
  if (!noRedis) redis = await startRedis()
})
afterAll(async () => {
  if (!noRedis) await redis.stop()
})

const folder = mkdtempSync(join(tmpdir(), 'sallyport-endings-'))
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0

const stores = {
  file: () =>
    createFileStore({ path: join(folder, `${files++}.db`), maxSessions: 1000, clock: now, log: readableLog() }),
  memory: () => createMemoryStore({ maxSessions: 1000, clock: now, log: readableLog() }),
  redis: () => createRedisStore({ url: new Secret(redis.url), prefix: 'endings', log: readableLog() }),
}

const sid = '33333333-0000-0000-0000-000000000001'

describe.each(Object.entries(stores))('with the %s store', (kind, make) => {
  const closing: { close(): unknown }[] = []
  let here: Replica
  let elsewhere: Replica
  beforeEach(async (context) => {
    if (kind === 'redis' && noRedis) return context.skip('redis-server is missing')
    if (kind === 'redis') await redis.client.flushall()
    here = await replica()
    elsewhere = kind !== 'redis' ? here : await replica()
  })
  afterEach(async () => {
    for (const each of closing.splice(0)) await each.close()
  })

  type Replica = Awaited<ReturnType<typeof replica>>
  async function replica(by: KeyRing = ring, change: (store: SessionStore) => SessionStore = (store) => store) {
    const store = change(make())
    await until('the store announces', () => store.ready() === 'ready' && store.changes.announcing())
    const sessions = createSessions({ store, ring: by, policy, clock: now, log: readableLog() })
    closing.push(sessions, store)
    return { store, sessions, endings: createEndings({ store, ring: by, clock: now }) }
  }

  async function signIn(changes: Parameters<typeof facts>[0] = {}, at = here, by = ring) {
    const person = facts(changes)
    const { id, header } = newCookie(by)
    await at.sessions.create({ tenant: person.tenant, id }, { facts: person, tokens })
    const isIn = async (where = elsewhere) => (await where.sessions.load(person.tenant, header)) !== null
    return { id, header, person, isIn }
  }

  async function listed(whose: Whose) {
    const found = []
    for await (const stub of here.endings.list(whose)) found.push(stub)
    return found
  }

  test('end ends the sessions of a group on every replica within a second, with what hangs on them, and no others (T69, T101)', async () => {
    const other = { tenant: 'canteen', provider: 'guests', registration: 'https://other.example x', objectId: 'other' }
    const stranger = await signIn({ ...other, directoryId: 'https://other.example', sid: 'other' })
    for (const whose of groupsOf(facts({ sid }))) {
      if (whose.of === 'everybody') continue
      const later = { sid, startedAt: now() + 0.01 }
      const [one, two] = [await signIn(later), await signIn(later)]
      expect([await one.isIn(), await two.isIn()], whose.of).toEqual([true, true])
      const session = await elsewhere.sessions.load('payroll', one.header)
      const cuts: string[] = []
      if (session !== null) elsewhere.sessions.watch(session, () => cuts.push(one.id))
      const began = performance.now()
      expect(await here.endings.end(whose), whose.of).toBe(2)
      await until('both have ended', async () => !(await one.isIn()) && !(await two.isIn()) && cuts.length === 1, 1000)
      expect(performance.now() - began).toBeLessThan(1000)
      expect(await stranger.isIn(), whose.of).toBe(true)
      // Who signs in afterwards is in.
      const after = await signIn({ sid, startedAt: now() + 0.02 })
      expect(await after.isIn(), whose.of).toBe(true)
      await here.endings.end({ of: 'tenant', tenant: 'payroll' })
    }
    expect(await here.endings.end({ of: 'everybody' })).toBe(1)
    await until('the last one has ended', async () => !(await stranger.isIn()), 1000)
  })

  test('end leaves other people, sids and registrations alone', async () => {
    const { registration, directoryId, objectId } = facts()
    const kept = [
      await signIn({ sid, registration: 'https://login.microsoftonline.com another-client', objectId: 'b' }),
      await signIn({ sid: '33333333-0000-0000-0000-000000000002', objectId: 'b' }),
      await signIn({ sid: null, objectId: 'b' }),
      await signIn({ objectId: 'b', directoryId: objectId }),
    ]
    expect(await here.endings.end({ of: 'sid', registration, sid })).toBe(0)
    expect(await here.endings.end({ of: 'person', directoryId, objectId })).toBe(0)
    expect(await here.endings.end({ of: 'subject', registration, objectId })).toBe(0)
    expect(await here.endings.end({ of: 'tenant', tenant: 'pay' })).toBe(0)
    for (const each of kept) expect(await each.isIn()).toBe(true)
  })

  test('end catches a session that is written while it looks (T74)', async () => {
    const began = now()
    await here.endings.end({ of: 'person', ...facts() })
    const late = await signIn({ startedAt: began - 1 })
    expect(await late.isIn()).toBe(false)
    expect(await here.store.read(storeKey(late.id))).toBeNull()
    const { registration } = facts()
    await here.endings.end({ of: 'sid', registration, sid })
    expect(await (await signIn({ sid, objectId: 'b', startedAt: began - 1 })).isIn()).toBe(false)
  })

  test('end remembers of unknown sids no more than a store can bear (T95)', async () => {
    let written = 0
    const endBefore = async () => {
      written += 1
    }
    const nothing = async function* () {}
    const counting: SessionStore = { ...here.store, endBefore, walk: nothing }
    const endings = createEndings({ store: counting, ring, clock: () => 1_800_000_000 })
    for (let n = 0; n < 6_100; n++) await endings.end({ of: 'sid', registration: 'x', sid: `unknown ${n}` })
    expect(written).toBe(6_000)
    await endings.end({ of: 'tenant', tenant: 'payroll' })
    expect(written).toBe(6_001)
  })

  test('load refuses a session of an ended group that no index led to', async () => {
    const lost = await replica(ring, (store) => ({ ...store, endedBefore: async () => Number.NEGATIVE_INFINITY }))
    await here.endings.end({ of: 'tenant', tenant: 'payroll' })
    const one = await signIn({ startedAt: now() - 100 }, lost)
    if (kind !== 'redis') return expect(await one.isIn(lost)).toBe(true)
    expect(await here.store.read(storeKey(one.id))).not.toBeNull()
    const fresh = await replica()
    expect(await one.isIn(fresh)).toBe(false)
  })

  test('list tells who is signed in where and since when, and forgets who has left', async () => {
    const one = await signIn({ sid })
    const two = await signIn({ tenant: 'canteen', objectId: 'b' })
    expect(await listed({ of: 'tenant', tenant: 'canteen' })).toEqual([
      expect.objectContaining({ tenant: 'canteen', objectId: 'b', startedAt: two.person.startedAt, sid: null }),
    ])
    expect(await listed({ of: 'everybody' })).toHaveLength(2)
    const session = await here.sessions.load('payroll', one.header)
    if (session !== null) await here.sessions.end(session)
    expect(await listed({ of: 'everybody' })).toHaveLength(1)
    expect(await listed({ of: 'person', ...facts() })).toEqual([])
  })

  test('end finds sessions from before a change of the secret', async () => {
    const before = await signIn()
    const both = createKeyRing([secondSecret, firstSecret])
    const next = await replica(both)
    const after = await signIn({}, next, both)
    if (kind !== 'redis') return
    expect(await next.endings.end({ of: 'tenant', tenant: 'payroll' })).toBe(2)
    await until('both have ended', async () => !(await before.isIn()) && !(await after.isIn(next)), 1000)
  })

  test('a stub opens only for its own session, and only with a secret of ours (T80, T122)', async () => {
    const one = await signIn()
    const key = storeKey(one.id)
    const sealed = (await here.store.readStub(key))?.value ?? ''
    expect(openStub(ring, key, sealed)).toMatchObject({ tenant: 'payroll', objectId: one.person.objectId })
    expect(openStub(ring, storeKey('another'), sealed)).toBeNull()
    expect(openStub(createKeyRing([secondSecret]), key, sealed)).toBeNull()
    expect(openStub(ring, key, sealed.slice(0, -2))).toBeNull()
  })
})

describe.skipIf(noRedis)('in Redis', () => {
  test('a dump says nothing of people, tenants and providers, and sets go with their last session (T80, T81)', async () => {
    await redis.client.flushall()
    const store = createRedisStore({ url: new Secret(redis.url), prefix: 'dump', log: readableLog() })
    await until('the store is ready', () => store.ready() === 'ready')
    const short = { ...policy, lifetimeSeconds: 3600 }
    const sessions = createSessions({ store, ring, policy: short, clock: now, log: readableLog() })
    const person = facts({ sid })
    const { id } = newCookie()
    await sessions.create({ tenant: person.tenant, id }, { facts: person, tokens })
    await createEndings({ store, ring, clock: now }).end({ of: 'tenant', tenant: 'another' })
    const keys = await redis.client.keys('dump:*')
    const said = [...keys]
    for (const key of keys) {
      const type = await redis.client.type(key)
      expect(await redis.client.ttl(key), key).toBeGreaterThan(0)
      if (key.startsWith('dump:index:')) expect(await redis.client.ttl(key)).toBeLessThanOrEqual(3661)
      said.push(
        ...(type === 'zset' ? await redis.client.zrange(key, '0', '-1') : [(await redis.client.get(key)) ?? '']),
      )
    }
    expect(keys.filter((key) => key.startsWith('dump:index:'))).toHaveLength(7)
    for (const value of ['payroll', 'contoso', sid, person.objectId, person.directoryId, 'another', id]) {
      expect(said.join('\n')).not.toContain(value)
    }
    await createEndings({ store, ring, clock: now }).end({ of: 'everybody' })
    expect((await redis.client.keys('dump:*')).filter((key) => !key.startsWith('dump:ended:'))).toEqual([])
    sessions.close()
    await store.close()
  })

  test('no command and no script touches keys of two slots: a cluster can keep them', async () => {
    const monitor = await redis.client.duplicate().monitor()
    const seen: string[][] = []
    monitor.on('monitor', (_time: string, command: string[]) => seen.push(command))
    const store = createRedisStore({ url: new Secret(redis.url), prefix: 'slots', log: readableLog() })
    await until('the store is ready', () => store.ready() === 'ready')
    const sessions = createSessions({ store, ring, policy, clock: now, log: readableLog() })
    const { id, header } = newCookie()
    await sessions.create({ tenant: 'payroll', id }, { facts: facts({ sid }), tokens })
    await sessions.load('payroll', header)
    await createEndings({ store, ring, clock: now }).end({ of: 'everybody' })
    await until('all is seen', () => seen.some(([name]) => name?.toLowerCase() === 'zrem'))
    const slots = seen
      .map((command) => command.filter((word) => word.startsWith('slots:') && word !== 'slots:changed'))
      .map((keys) => new Set(keys.map((key) => /\{(.+)\}/.exec(key)?.[1] ?? key)))
    expect(slots.some(({ size }) => size === 1)).toBe(true)
    expect(slots.filter(({ size }) => size > 1)).toEqual([])
    monitor.disconnect()
    sessions.close()
    await store.close()
  })
})
