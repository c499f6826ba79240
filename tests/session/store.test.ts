/** What every store must do, run by each of them. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import type { Change, SessionStore } from '../../src/session/store.ts'
import { createFileStore } from '../../src/session/store-file.ts'
import { createMemoryStore } from '../../src/session/store-memory.ts'
import { createRedisStore } from '../../src/session/store-redis.ts'
import { redisMissing, startRedis, type TestRedis, until } from '../redis.ts'
import { clusterOf, startCluster, type TestCluster } from '../redis-several.ts'
import { now, readableLog } from './people.ts'

let redis: TestRedis
let cluster: TestCluster
const noRedis = redisMissing()
beforeAll(async () => {
  if (!noRedis) [redis, cluster] = await Promise.all([startRedis(), startCluster()])
})
afterAll(async () => {
  if (!noRedis) await Promise.all([redis.stop(), cluster.stop()])
})

const folder = mkdtempSync(join(tmpdir(), 'sallyport-store-'))
afterAll(() => rmSync(folder, { recursive: true }))

const stores = {
  file: () => createFileStore({ path: join(folder, 'sessions.db'), maxSessions: 1000, clock: now, log: readableLog() }),
  memory: () => createMemoryStore({ maxSessions: 1000, clock: now, log: readableLog() }),
  redis: () => createRedisStore({ url: new Secret(redis.url), prefix: 'suite', log: readableLog() }),
  'redis (RESP3)': () =>
    createRedisStore({ url: new Secret(redis.url), prefix: 'suite', log: readableLog(), protocol: 3 }),
  'redis (cluster)': () => createRedisStore({ cluster: clusterOf(cluster), prefix: 'suite', log: readableLog() }),
}

let count = 0
const newKey = () => `key-${count++}`
const records = {
  ...{ facts: 'sealed facts', tokens: 'sealed tokens', stub: 'sealed stub', ttlSeconds: 60 },
  ...{ names: ['a-tenant', 'a-person'], endsAt: now() + 3600 },
}

describe.each(Object.entries(stores))('the %s store', (kind, make) => {
  let store: SessionStore
  beforeEach(async (context) => {
    if (kind.startsWith('redis') && noRedis) return context.skip('redis-server is missing')
    store = make()
    await until('the store announces', () => store.ready() === 'ready' && store.changes.announcing())
  })
  afterEach(async () => {
    await store?.close()
  })

  test('create writes both records as version 1', async () => {
    const key = newKey()
    expect(await store.create(key, records)).toBe(true)
    expect(await store.read(key)).toEqual({ version: 1, value: 'sealed facts' })
    expect(await store.readTokens(key)).toEqual({ version: 1, value: 'sealed tokens' })
  })

  test('create refuses a key that exists and writes nothing over it', async () => {
    const key = newKey()
    await store.create(key, records)
    expect(await store.create(key, { ...records, facts: 'other', tokens: 'other' })).toBe(false)
    expect((await store.read(key))?.value).toBe('sealed facts')
    expect((await store.readTokens(key))?.value).toBe('sealed tokens')
  })

  test('lease is had by exactly one of many at once, and told to the others', async () => {
    const key = newKey()
    const owners = Array.from({ length: 20 }, (_, n) => `owner ${n}`)
    const holders = await Promise.all(owners.map((owner) => store.lease(key, owner, 60)))
    expect(new Set(holders).size).toBe(1)
    expect(owners).toContain(holders[0])
    expect(await store.lease(key, holders[0] ?? '', 60)).toBe(holders[0])
  })

  test('lease runs out by itself, unless its owner prolongs it', async () => {
    const key = newKey()
    await store.lease(key, 'first', 1)
    await until('it has run out', async () => (await store.lease(key, 'second', 2)) === 'second', 5_000)
    const renewal = setInterval(() => void store.lease(key, 'second', 2), 200)
    for (const end = Date.now() + 2_500; Date.now() < end; ) {
      expect(await store.lease(key, 'third', 2)).toBe('second')
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    clearInterval(renewal)
  })

  test('release frees a lease of one’s own, and nobody else’s', async () => {
    const key = newKey()
    await store.lease(key, 'first', 60)
    await store.release(key, 'second', null)
    expect(await store.lease(key, 'second', 60)).toBe('first')
    await store.release(key, 'first', null)
    expect(await store.lease(key, 'second', 60)).toBe('second')
  })

  test('release can leave a note in the place of the lease, for a time', async () => {
    const key = newKey()
    await store.lease(key, 'first', 60)
    await store.release(key, 'first', { owner: 'a note', ttlSeconds: 1 })
    expect(await store.lease(key, 'second', 60)).toBe('a note')
    await until('the note is gone', async () => (await store.lease(key, 'second', 60)) === 'second', 5_000)
  })

  test('create succeeds for exactly one of many at once', async () => {
    const key = newKey()
    const created = await Promise.all(Array.from({ length: 20 }, () => store.create(key, records)))
    expect(created.filter(Boolean)).toHaveLength(1)
  })

  test('read finds nothing where there is nothing', async () => {
    expect(await store.read(newKey())).toBeNull()
    expect(await store.readTokens(newKey())).toBeNull()
  })

  test('remaining says how long the facts live, and prolongs nothing', async () => {
    const key = newKey()
    expect(await store.remaining(key)).toBeNull()
    await store.create(key, records)
    const first = (await store.remaining(key)) ?? 0
    expect(first).toBeGreaterThan(50)
    expect(await store.remaining(key)).toBeLessThanOrEqual(first)
    await store.extend(key, 600)
    expect(await store.remaining(key)).toBeGreaterThan(500)
    await store.end(key)
    expect(await store.remaining(key)).toBeNull()
  })

  test('update writes on the version that was read, and the next version follows', async () => {
    const key = newKey()
    await store.create(key, records)
    expect(await store.update(key, { from: 1, facts: 'newer', tokens: 'newer tokens' })).toBe('updated')
    expect(await store.read(key)).toEqual({ version: 2, value: 'newer' })
    expect(await store.readTokens(key)).toEqual({ version: 2, value: 'newer tokens' })
    expect(await store.update(key, { from: 2, facts: 'newest' })).toBe('updated')
    expect(await store.readTokens(key)).toEqual({ version: 2, value: 'newer tokens' })
  })

  test('update loses no change of another replica (T123)', async () => {
    const key = newKey()
    await store.create(key, records)
    for (let round = 1; round <= 100; round++) {
      const both = await Promise.all([
        store.update(key, { from: round, facts: `a${round}` }),
        store.update(key, { from: round, facts: `b${round}` }),
      ])
      expect(both.sort()).toEqual(['conflict', 'updated'])
    }
    expect((await store.read(key))?.version).toBe(101)
  })

  test('update never brings an ended session back (T74)', async () => {
    const key = newKey()
    await store.create(key, records)
    await store.end(key)
    expect(await store.update(key, { from: 1, facts: 'late', tokens: 'late' })).toBe('gone')
    expect(await store.extend(key, 60)).toBe(false)
    expect(await store.read(key)).toBeNull()
    expect(await store.readTokens(key)).toBeNull()
  })

  test('end removes both records and announces it', async () => {
    const key = newKey()
    await store.create(key, records)
    const heard: Change[] = []
    store.changes.subscribe((change) => heard.push(change))
    await store.end(key)
    expect(await store.read(key)).toBeNull()
    expect(await store.readTokens(key)).toBeNull()
    await until('the end is announced', () => heard.some((change) => change.what === 'ended' && change.key === key))
  })

  test('update announces the change', async () => {
    const key = newKey()
    await store.create(key, records)
    const heard: Change[] = []
    const stop = store.changes.subscribe((change) => heard.push(change))
    await store.update(key, { from: 1, facts: 'newer' })
    await until('the update is announced', () => heard.some((c) => c.what === 'updated' && c.key === key))
    stop()
  })

  test('a session expires by itself (T81), and an update does not prolong it', async () => {
    const key = newKey()
    await store.create(key, { ...records, ttlSeconds: 1 })
    expect(await store.update(key, { from: 1, facts: 'newer' })).toBe('updated')
    await until('the session expires', async () => (await store.read(key)) === null, 1500)
    expect(await store.readTokens(key)).toBeNull()
  })

  test('extend prolongs both records', async () => {
    const [extended, twin] = [newKey(), newKey()]
    await store.create(extended, { ...records, ttlSeconds: 1 })
    expect(await store.extend(extended, 60)).toBe(true)
    await store.create(twin, { ...records, ttlSeconds: 1 })
    await until('the twin expires', async () => (await store.read(twin)) === null, 1500)
    expect(await store.read(extended)).not.toBeNull()
    expect(await store.readTokens(extended)).not.toBeNull()
  })

  /** Everything that a walk comes by, in no order. */
  async function walked(name: string): Promise<readonly string[]> {
    const keys: string[] = []
    for await (const page of store.walk(name)) keys.push(...page)
    return [...new Set(keys)].toSorted()
  }

  test('walk finds the sessions of a group, however many there are, and no others', async () => {
    const [tenant, person, other] = [newKey(), newKey(), newKey()]
    const many = Array.from({ length: 700 }, newKey)
    await Promise.all(many.map((key) => store.create(key, { ...records, names: [tenant, other] })))
    const one = newKey()
    await store.create(one, { ...records, names: [tenant, person] })
    expect(await walked(tenant)).toEqual([...many, one].toSorted())
    expect(await walked(person)).toEqual([one])
    expect(await walked(newKey())).toEqual([])
  })

  test('end takes the stub away, and the session out of its groups', async () => {
    const [key, twin, name] = [newKey(), newKey(), newKey()]
    for (const each of [key, twin]) await store.create(each, { ...records, names: [name] })
    expect((await store.readStub(key))?.value).toBe('sealed stub')
    await store.end(key, [name])
    expect(await store.readStub(key)).toBeNull()
    expect(await walked(name)).toEqual([twin])
  })

  test('the stub lives as long as the session: extend prolongs it, update may replace it (T81)', async () => {
    const [extended, twin] = [newKey(), newKey()]
    for (const each of [extended, twin]) await store.create(each, { ...records, ttlSeconds: 1 })
    await store.extend(extended, 60)
    await store.update(extended, { from: 1, facts: 'newer', stub: 'newer stub' })
    await until('the twin expires', async () => (await store.readStub(twin)) === null, 1500)
    expect((await store.readStub(extended))?.value).toBe('newer stub')
    await store.update(extended, { from: 2, facts: 'newest' })
    expect((await store.readStub(extended))?.value).toBe('newer stub')
  })

  test('endedBefore tells the latest time of any name, and endings the lasting ones', async () => {
    const [long, short, never] = [newKey(), newKey(), newKey()]
    expect(await store.endedBefore([never])).toBe(Number.NEGATIVE_INFINITY)
    const at = Math.floor(now()) + 0.5
    await store.endBefore(long, at, 'lasting')
    await store.endBefore(long, at - 100, 'lasting')
    await store.endBefore(short, at + 1, 'passing')
    expect(await store.endedBefore([never, long])).toBe(at)
    expect(await store.endedBefore([long, short])).toBe(at + 1)
    const endings = await store.endings()
    expect([endings.get(long), endings.has(short)]).toEqual([at, false])
  })

  test('markOnce is true for exactly one of many at once', async () => {
    const key = newKey()
    const marked = await Promise.all(Array.from({ length: 50 }, () => store.markOnce(key, 60)))
    expect(marked.filter(Boolean)).toHaveLength(1)
    expect(await store.markOnce(key, 60)).toBe(false)
  })

  test('look gives what was kept, as often as one looks, and nothing once it was taken', async () => {
    const key = newKey()
    expect(await store.look(key)).toBeNull()
    await store.keep(key, 'sealed', 60)
    expect([await store.look(key), await store.look(key)]).toEqual(['sealed', 'sealed'])
    expect(await store.take(key)).toBe('sealed')
    expect(await store.look(key)).toBeNull()
  })

  test('take gives what was kept, once', async () => {
    const key = newKey()
    await store.keep(key, 'sealed', 60)
    const taken = await Promise.all([store.take(key), store.take(key)])
    expect(taken.filter((value) => value === 'sealed')).toHaveLength(1)
    expect(await store.take(key)).toBeNull()
  })

  test('the store announces all the time while nothing is wrong, in one epoch', async () => {
    const epoch = store.changes.epoch()
    const end = performance.now() + 2500
    await until('2.5 seconds have passed', () => {
      expect(store.changes.announcing()).toBe(true)
      return performance.now() > end
    })
    expect(store.changes.epoch()).toBe(epoch)
  })
})
