/** What only the store in Redis must do: fail fast, heal, keep its secrets. Two replicas are two stores on one Redis. */
import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Fault } from '../../src/core/fault.ts'
import type { Session } from '../../src/core/identity/session.ts'
import { Secret } from '../../src/core/secret.ts'
import { createKeyRing, storeKey } from '../../src/session/seal.ts'
import { createSessions } from '../../src/session/sessions.ts'
import { createRedisStore } from '../../src/session/store-redis.ts'
import { redisMissing, startRedis, type TestRedis, until } from '../redis.ts'
import { facts, newCookie, now, policy, readableLog, ring, secondSecret, tokens } from './people.ts'

test('connect-redis is 8.1.0: later majors compile with ioredis and never persist', () => {
  const { dependencies } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  expect(dependencies['connect-redis']).toBe('8.1.0')
})

describe.skipIf(redisMissing())('the store in Redis', () => {
  let redis: TestRedis
  const closing: { close(): unknown }[] = []
  beforeEach(async () => {
    redis = await startRedis()
  })
  afterEach(async () => {
    for (const each of closing.splice(0)) await each.close()
    await redis.stop()
  })

  function replica(options: { url?: string; skew?: () => number; ring?: typeof ring } = {}) {
    const log = readableLog()
    const clock = () => now() + (options.skew?.() ?? 0)
    const store = createRedisStore({ url: new Secret(options.url ?? redis.url), prefix: 'test', log })
    const sessions = createSessions({ store, ring: options.ring ?? ring, policy, clock, log })
    closing.push(sessions, store)
    return { log, store, sessions }
  }

  async function readyReplica(options: Parameters<typeof replica>[0] = {}) {
    const made = replica(options)
    await until('the replica is ready', () => made.store.ready() === 'ready' && made.store.changes.announcing())
    return made
  }

  async function signIn({ sessions }: ReturnType<typeof replica>) {
    const cookie = newCookie()
    await sessions.create({ tenant: 'payroll', id: cookie.id }, { facts: facts(), tokens })
    return cookie
  }

  async function loaded({ sessions }: ReturnType<typeof replica>, header: string): Promise<Session> {
    const session = await sessions.load('payroll', header)
    if (session === null) throw new Error('no session')
    return session
  }

  const isStoreDown = (error: unknown) => error instanceof Fault && error.code === 'session_store_down'

  test('a session that one replica ends is refused by the other well within a second, and its watchers know (T69, T101)', async () => {
    const [one, two] = await Promise.all([readyReplica(), readyReplica()])
    const { header } = await signIn(one)
    await loaded(two, header)
    expect(two.sessions.load('payroll', header)).not.toBeInstanceOf(Promise)
    let told = false
    two.sessions.watch(await loaded(two, header), () => {
      told = true
    })
    await one.sessions.end(await loaded(one, header))
    await until('the other refuses', async () => (await two.sessions.load('payroll', header)) === null, 500)
    expect(told).toBe(true)
    expect(await one.sessions.load('payroll', header)).toBeNull()
  })

  test('a known session costs no command while changes are announced', async () => {
    const one = await readyReplica()
    const { header } = await signIn(one)
    await loaded(one, header)
    const gets = async () => /cmdstat_get:calls=(\d+)/.exec(await redis.client.info('commandstats'))?.[1]
    const before = await gets()
    for (let n = 0; n < 1000; n++) expect(one.sessions.load('payroll', header)).not.toBeInstanceOf(Promise)
    expect(await gets()).toBe(before)
  })

  test('activity prolongs the session in the store, both records, and reading without activity does not (T131)', async () => {
    const one = await readyReplica()
    const { id, header } = await signIn(one)
    const names = ['facts', 'tokens'].map((part) => `test:{${storeKey(id)}}:${part}`)
    for (const name of names) await redis.client.expire(name, 100)
    await one.sessions.load('payroll', header, { activity: false })
    for (const name of names) expect(await redis.client.ttl(name)).toBeLessThanOrEqual(100)
    await one.sessions.load('payroll', header)
    for (const name of names) await until('it is prolonged', async () => (await redis.client.ttl(name)) > 3000)
  })

  test('a dump of Redis opens nothing, also with the secrets, and shows nobody (T80)', async () => {
    const one = await readyReplica()
    const { id } = await signIn(one)
    const all = await redis.client.keys('*')
    const records = ['facts', 'stub', 'tokens'].map((kind) => `test:{${storeKey(id)}}:${kind}`)
    const names = all.filter((name) => !name.startsWith('test:index:')).toSorted()
    expect(names).toEqual(records)
    const values = await Promise.all(names.map((name) => redis.client.get(name)))
    const dump = JSON.stringify([all, values])
    for (const known of [id, 'payroll', 'Ada', 'ada@contoso.com', tokens.loginHint, facts().objectId]) {
      expect(dump).not.toContain(known)
    }
    // The thief has the secrets and the names, and still lacks the id, which only the cookie has.
    const address = { kind: 'facts', id: storeKey(id), tenant: 'payroll', version: 1 } as const
    for (const value of values) expect(ring.openRecord(address, value?.slice(2) ?? '')).toBeNull()
  })

  test('every changed character of a stored record makes it no session (T85, T122)', async () => {
    const one = await readyReplica()
    const { id, header } = await signIn(one)
    const name = `test:{${storeKey(id)}}:facts`
    const stored = (await redis.client.get(name)) ?? ''
    const other = replica()
    await until('ready', () => other.store.ready() === 'ready')
    for (let at = 0; at < stored.length; at += 1) {
      await redis.client.set(name, stored.slice(0, at) + (stored[at] === '7' ? '8' : '7') + stored.slice(at + 1))
      expect(await other.sessions.load('payroll', header)).toBeNull()
    }
    for (const value of ['', '1', '1 ', ' ', '{}', 'x'.repeat(100_000), '999999999999999999999 1.a.b']) {
      await redis.client.set(name, value)
      expect(await other.sessions.load('payroll', header)).toBeNull()
    }
    await redis.client.set(name, stored)
    expect(await other.sessions.load('payroll', header)).not.toBeNull()
  })

  test('a key of another type is a fault, never a session (T85)', async () => {
    const one = await readyReplica()
    const { id, header } = newCookie()
    await redis.client.lpush(`test:{${storeKey(id)}}:facts`, 'x')
    await expect(one.sessions.load('payroll', header)).rejects.toSatisfy(isStoreDown)
  })

  test('while Redis is gone a known session goes on and an unknown one is a fault; afterwards nobody is let in again (T76, T85)', async () => {
    let skew = 0
    const [one, two] = await Promise.all([readyReplica({ skew: () => skew }), readyReplica()])
    const { header } = await signIn(one)
    await loaded(one, header)
    await redis.kill()
    await until('the replica notices', () => !one.store.changes.announcing() && one.store.ready() === 'down')
    const before = performance.now()
    expect(await one.sessions.load('payroll', header)).not.toBeNull()
    await expect(two.sessions.load('payroll', header)).rejects.toSatisfy(isStoreDown)
    await expect(one.sessions.load('payroll', newCookie().header)).rejects.toSatisfy(isStoreDown)
    await expect(signIn(one)).rejects.toSatisfy(isStoreDown)
    expect(performance.now() - before).toBeLessThan(1500)
    skew = 301
    await expect(one.sessions.load('payroll', header)).rejects.toSatisfy(isStoreDown)
    skew = 0
    await redis.restart()
    await until('the replica is back', () => one.store.ready() === 'ready' && one.store.changes.announcing())
    // Redis came back empty: the session is gone, and nothing that a replica remembers brings it back.
    expect(await one.sessions.load('payroll', header)).toBeNull()
    expect(await two.sessions.load('payroll', header)).toBeNull()
    const again = await signIn(one)
    expect(await two.sessions.load('payroll', again.header)).not.toBeNull()
  })

  test('while Redis hangs a known session goes on, and it continues when Redis answers again (T76)', async () => {
    const one = await readyReplica()
    const { header } = await signIn(one)
    const session = await loaded(one, header)
    redis.freeze()
    await until('the replica notices', () => one.store.ready() === 'down' && !one.store.changes.announcing())
    const before = performance.now()
    expect(await one.sessions.load('payroll', header)).toBe(session)
    expect(performance.now() - before).toBeLessThan(100)
    await expect(one.sessions.load('payroll', newCookie().header)).rejects.toSatisfy(isStoreDown)
    redis.thaw()
    await until('the replica is back', () => one.store.ready() === 'ready' && one.store.changes.announcing())
    expect(await one.sessions.load('payroll', header)).toBe(session)
    // A line when it goes and when it comes, not one per failure.
    expect(one.log.lines.filter((line) => line.includes('session_store_down')).length).toBeLessThanOrEqual(3)
  })

  test('an end that Redis did not hear of holds here at once, and everywhere when Redis is back', async () => {
    const [one, two] = await Promise.all([readyReplica(), readyReplica()])
    const { id, header } = await signIn(one)
    const session = await loaded(one, header)
    await loaded(two, header)
    redis.freeze()
    await expect(one.sessions.end(session)).rejects.toSatisfy(isStoreDown)
    expect(await one.sessions.load('payroll', header)).toBeNull()
    redis.thaw()
    await until('the other refuses too', async () => (await two.sessions.load('payroll', header)) === null)
    expect(await redis.client.exists(`test:{${storeKey(id)}}:facts`)).toBe(0)
  })

  test('a lost listening connection is a gap: what is known is read again', async () => {
    const one = await readyReplica()
    const { header } = await signIn(one)
    const session = await loaded(one, header)
    const epoch = one.store.changes.epoch()
    await redis.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await until('the gap is noticed', () => one.store.changes.epoch() > epoch)
    await until('it announces again', () => one.store.changes.announcing())
    const again = one.sessions.load('payroll', header)
    expect(again).toBeInstanceOf(Promise)
    expect(await again).toBe(session)
  })

  test('announcements that stop without a sign are noticed within two seconds', async () => {
    const one = await readyReplica()
    const { header } = await signIn(one)
    await loaded(one, header)
    // Redis goes on answering commands, but publishes nothing to anybody.
    await redis.client.acl('SETUSER', 'default', 'resetchannels')
    await until('the silence is noticed', () => !one.store.changes.announcing(), 3000)
    expect(one.sessions.load('payroll', header)).toBeInstanceOf(Promise)
    expect(await one.sessions.load('payroll', header)).not.toBeNull()
    await redis.client.acl('SETUSER', 'default', 'allchannels')
    await until('it announces again', () => one.store.changes.announcing(), 20_000)
  })

  test('the scripts survive a Redis that forgot them', async () => {
    const one = await readyReplica()
    const { header } = await signIn(one)
    await loaded(one, header)
    await redis.client.script('FLUSH')
    await one.sessions.end(await loaded(one, header))
    expect(await one.sessions.load('payroll', header)).toBeNull()
  })

  test('createRedisStore does not wait for Redis, and finds it when it comes (T98)', async () => {
    await redis.kill()
    const one = replica()
    expect(one.store.ready()).toBe('down')
    await expect(one.sessions.load('payroll', newCookie().header)).rejects.toSatisfy(isStoreDown)
    expect(await one.sessions.load('payroll', undefined)).toBeNull()
    await redis.restart()
    await until('the replica finds it', () => one.store.ready() === 'ready' && one.store.changes.announcing())
    const { header } = await signIn(one)
    expect(await one.sessions.load('payroll', header)).not.toBeNull()
  })

  test('createRedisStore shows its password nowhere, right or wrong (T94)', async () => {
    const locked = await startRedis({ password: 'right-password' })
    try {
      const right = await readyReplica({ url: locked.url })
      await signIn(right)
      const wrong = replica({ url: locked.url.replace('right-password', 'wrong-password') })
      await until('the refusal is logged', () => wrong.log.lines.length > 0)
      const loading = Promise.resolve(wrong.sessions.load('payroll', newCookie().header))
      const fault = await loading.catch((error: unknown) => error)
      const { inspect } = await import('node:util')
      const shown = [...right.log.lines, ...wrong.log.lines, inspect(fault, { depth: 10, showHidden: true })].join('\n')
      expect(shown).toContain('session_store_down')
      expect(shown).not.toMatch(/(right|wrong)-password/)
    } finally {
      await locked.stop()
    }
  })

  test('sessions survive a change of the secret over two replicas', async () => {
    const old = await readyReplica()
    const { header } = await signIn(old)
    const rotating = await readyReplica({
      ring: createKeyRing([secondSecret, new Secret(policy.secrets[0]?.reveal() ?? '')]),
    })
    expect(await rotating.sessions.load('payroll', header)).not.toBeNull()
    const done = await readyReplica({ ring: createKeyRing([secondSecret]) })
    expect(await done.sessions.load('payroll', header)).toBeNull()
  })
})
