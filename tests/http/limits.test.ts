import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import { buckets, createLimits } from '../../src/http/limits.ts'
import { createLog } from '../../src/ops/log.ts'
import { createKeyRing } from '../../src/session/seal.ts'
import type { SessionStore } from '../../src/session/store.ts'
import { createRedisStore } from '../../src/session/store-redis.ts'
import { redisMissing, startRedis, type TestRedis, until } from '../redis.ts'

const ring = createKeyRing([new Secret('a-session-secret-of-the-tests-0123456789abcdef')])
const log = createLog({ level: 'error', destination: { write: () => {} } })

/** How many of so many attempts are let through. */
async function letThrough(take: () => Promise<number | null>, attempts: number): Promise<number> {
  const waits = await Promise.all(Array.from({ length: attempts }, take))
  return waits.filter((wait) => wait === null).length
}

describe('in memory', () => {
  const limits = createLimits({ shared: undefined, ring })

  test('take lets as many through as the limit says, then says when to come again, to each key apart', async () => {
    const limit = limits({ kind: 'a', most: 5, seconds: 60 })
    expect(await letThrough(() => limit.take('x'), 8)).toBe(5)
    const wait = await limit.take('x')
    expect(wait).toBeGreaterThan(50)
    expect(wait).toBeLessThanOrEqual(60)
    expect(await limit.take('y')).toBeNull()
  })

  test('take counts what is asked for by its weight', async () => {
    const limit = limits({ kind: 'bytes', most: 1_000, seconds: 60 })
    expect(await limit.take('x', 900)).toBeNull()
    expect(await limit.take('x', 200)).not.toBeNull()
  })

  test('giveBack makes room for one more', async () => {
    const limit = limits({ kind: 'b', most: 2, seconds: 60 })
    expect(await letThrough(() => limit.take('x'), 2)).toBe(2)
    await limit.giveBack('x')
    expect(await letThrough(() => limit.take('x'), 2)).toBe(1)
  })

  test('take starts from the beginning when the time is over', async () => {
    const limit = limits({ kind: 'c', most: 1, seconds: 1 })
    expect(await limit.take('x')).toBeNull()
    expect(await limit.take('x')).toBe(1)
    await until('the time is over', async () => (await limit.take('x')) === null, 3_000)
  })

  test('take lets any number through where there is no limit', async () => {
    const limit = limits({ kind: 'd', most: 0, seconds: 60 })
    expect(await letThrough(() => limit.take('x'), 1_000)).toBe(1_000)
  })
})

describe.skipIf(redisMissing())('with Redis', () => {
  let redis: TestRedis
  let stores: readonly SessionStore[]

  beforeAll(async () => {
    redis = await startRedis()
    const url = new Secret(redis.url)
    stores = [createRedisStore({ url, prefix: 'limits', log }), createRedisStore({ url, prefix: 'limits', log })]
    await allReady()
  })
  afterAll(async () => {
    for (const store of stores) await store.close()
    await redis.stop()
  })
  const allReady = () => until('the stores are ready', () => stores.every((store) => store.ready() === 'ready'))
  const replicas = (kind: string, most: number) =>
    stores.map(({ counting }) => createLimits({ shared: counting, ring })({ kind, most, seconds: 60 }))

  test('take counts over all replicas together', async () => {
    const [one, other] = replicas('together', 10)
    expect(await letThrough(async () => (await one?.take('x')) ?? null, 7)).toBe(7)
    expect(await letThrough(async () => (await other?.take('x')) ?? null, 7)).toBe(3)
    expect(await one?.take('x')).toBeGreaterThan(50)
    await other?.giveBack('y')
    expect(await other?.take('y')).toBeNull()
  })

  test('take leaves nothing in Redis that says whose it is, nor anything that stays', async () => {
    const [one] = replicas('names', 10)
    await one?.take('192.0.2.77')
    const names = await redis.client.keys('*:names:*')
    expect(names).toEqual([expect.stringMatching(/^limits:limit:names:[0-9a-f]{4}$/)])
    for (const name of await redis.client.keys('limits:*')) {
      expect(name).not.toContain('192')
      expect(await redis.client.ttl(name), name).toBeGreaterThan(0)
    }
  })

  test('take gives an end to a counter that has lost its own', async () => {
    const [one] = replicas('endless', 1)
    await one?.take('x')
    const [name = ''] = await redis.client.keys('*:endless:*')
    await redis.client.persist(name)
    await one?.take('x')
    expect(await redis.client.ttl(name)).toBeGreaterThan(0)
  })

  test('take counts in its own memory where Redis holds something else under the name, or takes no writes', async () => {
    const [one] = replicas('spoilt', 3)
    await one?.take('x')
    const [name = ''] = await redis.client.keys('*:spoilt:*')
    await redis.client.set(name, 'an attacker was here')
    expect(await letThrough(async () => (await one?.take('x')) ?? null, 9)).toBe(3)
    await redis.client.config('SET', 'min-replicas-to-write', '1')
    const [, other] = replicas('read-only', 4)
    expect(await letThrough(async () => (await other?.take('x')) ?? null, 9)).toBe(4)
    await redis.client.config('SET', 'min-replicas-to-write', '0')
    await allReady()
  })

  test(`take makes at most ${buckets} counters, however many addresses come (T95)`, async () => {
    const [one] = replicas('many', 1_000)
    for (let from = 0; from < 100_000; from += 5_000) {
      await Promise.all(Array.from({ length: 5_000 }, (_, n) => one?.take(`2001:db8:${from + n}::/64`)))
    }
    const held = await redis.client.eval("return #redis.call('KEYS', 'limits:limit:many:*')", 0)
    expect(held).toBeGreaterThan(buckets / 2)
    expect(held).toBeLessThanOrEqual(buckets)
    await redis.client.flushall()
  }, 60_000)

  test('take goes on in the memory of each replica while Redis is away: no more open than that, and nobody refused', async () => {
    const [one, other] = replicas('away', 10)
    expect(await letThrough(async () => (await one?.take('x')) ?? null, 10)).toBe(10)
    await redis.kill()
    expect(await letThrough(async () => (await one?.take('new')) ?? null, 15)).toBe(10)
    expect(await letThrough(async () => (await other?.take('new')) ?? null, 15)).toBe(10)
    await redis.restart()
    await allReady()
    expect(await letThrough(async () => (await other?.take('newer')) ?? null, 15)).toBe(10)
    expect(await one?.take('newer')).not.toBeNull()
  })

  test('take waits once for a Redis that does not answer, and then no more', async () => {
    const [one] = replicas('hanging', 10)
    redis.freeze()
    expect(await one?.take('x')).toBeNull()
    expect(stores[0]?.ready()).toBe('down')
    for (let n = 0; n < 9; n++) expect(await one?.take('x')).toBeNull()
    expect(await one?.take('x')).not.toBeNull()
    redis.thaw()
    await allReady()
  })
})
