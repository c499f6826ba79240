/** What only a store behind sentinels must do: follow the master, and never believe one that has been replaced. */
import { afterEach, describe, expect, test } from 'vitest'
import { Fault } from '../../src/core/fault.ts'
import { Secret } from '../../src/core/secret.ts'
import { watchSentinels } from '../../src/session/redis-sentinel.ts'
import { createSessions } from '../../src/session/sessions.ts'
import { createRedisStore, type RedisStoreParts } from '../../src/session/store-redis.ts'
import { createAuthority } from '../certificates.ts'
import { redisMissing, startRedis, until } from '../redis.ts'
import { sentinelsOf, startEncrypted, startSentinels } from '../redis-several.ts'
import { facts, newCookie, now, policy, readableLog, ring, tokens } from './people.ts'

const isStoreDown = (error: unknown) => error instanceof Fault && error.code === 'session_store_down'

describe.skipIf(redisMissing())('the store behind sentinels', () => {
  const closing: { close?(): unknown; stop?(): unknown }[] = []
  afterEach(async () => {
    for (const each of closing.splice(0).toReversed()) await (each.close?.() ?? each.stop?.())
  })

  function replica(parts: Pick<RedisStoreParts, 'tls'> & { readonly sentinel: ReturnType<typeof sentinelsOf> }) {
    const log = readableLog()
    const store = createRedisStore({ ...parts, prefix: 'test', log })
    const sessions = createSessions({ store, ring, policy, clock: now, log })
    closing.push(store, sessions)
    return { log, store, sessions }
  }

  async function readyReplica(parts: Parameters<typeof replica>[0]) {
    const made = replica(parts)
    await until('the replica is ready', () => made.store.ready() === 'ready' && made.store.changes.announcing())
    return made
  }

  async function signIn({ sessions }: ReturnType<typeof replica>) {
    const cookie = newCookie()
    await sessions.create({ tenant: 'payroll', id: cookie.id }, { facts: facts(), tokens })
    return cookie.header
  }

  test('follows the new master when the old one dies; nobody is signed out, and ends are heard (T76, T69)', async () => {
    const redis = await startSentinels({ password: 'right-password' })
    closing.push(redis)
    const sentinel = sentinelsOf(redis, 'right-password')
    const [one, two] = [await readyReplica({ sentinel }), await readyReplica({ sentinel })]
    const header = await signIn(one)
    const session = await one.sessions.load('payroll', header)
    const master = await redis.master()
    await master.client.wait(1, 2000)
    await master.kill()
    await until('it is noticed', () => one.store.ready() === 'down')
    expect(await one.sessions.load('payroll', header)).toBe(session)
    await expect(two.sessions.load('payroll', header)).rejects.toSatisfy(isStoreDown)
    for (const { store } of [one, two]) {
      await until('the new master is found', () => store.ready() === 'ready' && store.changes.announcing(), 20_000)
    }
    expect(await two.sessions.load('payroll', header)).not.toBeNull()
    if (session !== null) await one.sessions.end(session)
    await until('the other refuses', async () => (await two.sessions.load('payroll', header)) === null, 500)
    expect([...one.log.lines, ...two.log.lines].join('\n')).not.toContain('right-password')
  }, 60_000)

  test('a sentinel that takes connections and is silent is passed over', async () => {
    const redis = await startSentinels()
    const silent = await startRedis()
    closing.push(redis, silent)
    silent.freeze()
    const { name, sentinels } = redis
    const first = { host: '127.0.0.1', port: silent.port }
    await readyReplica({ sentinel: sentinelsOf({ ...redis, name, sentinels: [first, ...sentinels] }) })
  })

  test('encrypts the way to Redis and to the sentinels, and trusts the given authority alone', async () => {
    const authority = createAuthority()
    const redis = await startSentinels({ authority })
    closing.push(redis)
    const sentinel = sentinelsOf(redis)
    await readyReplica({ sentinel, tls: { ca: authority.cert, serverName: null } })
    const wrong = replica({ sentinel, tls: { ca: createAuthority().cert, serverName: null } })
    await expect(wrong.store.read('a-key')).rejects.toSatisfy(isStoreDown)
    await until('the refusal is logged', () => wrong.log.lines.some((line) => line.includes('session_store_down')))
    expect(wrong.store.ready()).toBe('down')
  }, 60_000)

  test('watchSentinels tells when the master of this name was replaced, and of no other', async () => {
    // A plain server may say what a sentinel would not: sentinels take no messages from outside.
    const said = await startRedis()
    closing.push(said)
    let times = 0
    const parts = { name: 'sessions', sentinels: [{ host: '127.0.0.1', port: said.port }] }
    const watching = watchSentinels(sentinelsOf({ ...parts } as never), null, () => {
      times += 1
    })
    closing.push(watching)
    await until('it listens', async () => (await said.client.pubsub('NUMSUB', '+switch-master'))[1] === 1)
    await said.client.publish('+switch-master', 'sessions-2 10.0.0.1 6379 10.0.0.2 6379')
    await said.client.publish('+switch-master', 'sessions 10.0.0.1 6379 10.0.0.2 6379')
    await until('it is heard', () => times > 0)
    expect(times).toBe(1)
  })
})

describe.skipIf(redisMissing())('the store at an encrypted server', () => {
  test('createRedisStore trusts the given authority alone, and the name that it is given', async () => {
    const authority = createAuthority()
    const server = await startEncrypted(authority, 'DNS:redis.internal')
    const storeWith = (serverName: string | null, ca = authority.cert) =>
      createRedisStore({
        ...{ url: new Secret(`rediss://127.0.0.1:${server.port}`), prefix: 'test', log: readableLog() },
        tls: { ca, serverName },
      })
    const right = storeWith('redis.internal')
    const wrong = [storeWith(null), storeWith('other.internal'), storeWith('redis.internal', createAuthority().cert)]
    try {
      await until('the right one is ready', () => right.ready() === 'ready' && right.changes.announcing())
      for (const store of wrong) {
        await expect(store.read('a-key')).rejects.toSatisfy(isStoreDown)
        expect(store.ready()).toBe('down')
      }
    } finally {
      for (const store of [right, ...wrong]) await store.close()
      await server.stop()
    }
  })
})
