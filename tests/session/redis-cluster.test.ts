/** What only a store in a cluster must do: hear of every change whatever node it was made at, and live through the death of a master. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Fault } from '../../src/core/fault.ts'
import { createEndings } from '../../src/session/endings.ts'
import { createSessions } from '../../src/session/sessions.ts'
import { createRedisStore } from '../../src/session/store-redis.ts'
import { createAuthority } from '../certificates.ts'
import { redisMissing, until } from '../redis.ts'
import { clusterOf, startCluster, type TestCluster } from '../redis-several.ts'
import { facts, newCookie, now, policy, readableLog, ring, tokens } from './people.ts'

const isStoreDown = (error: unknown) => error instanceof Fault && error.code === 'session_store_down'

describe.skipIf(redisMissing())('the store in a cluster', () => {
  let cluster: TestCluster
  const closing: { close(): unknown }[] = []
  beforeAll(async () => {
    cluster = await startCluster({ replicas: true })
  })
  afterAll(() => cluster.stop())
  afterEach(async () => {
    for (const each of closing.splice(0)) await each.close()
  })

  async function replica() {
    const log = readableLog()
    const store = createRedisStore({ cluster: clusterOf(cluster), prefix: 'test', log })
    const sessions = createSessions({ store, ring, policy, clock: now, log })
    closing.push(sessions, store)
    await until('the replica is ready', () => store.ready() === 'ready' && store.changes.announcing())
    return { log, store, sessions }
  }

  async function signIn({ sessions }: Awaited<ReturnType<typeof replica>>) {
    const cookie = newCookie()
    await sessions.create({ tenant: 'payroll', id: cookie.id }, { facts: facts(), tokens })
    return cookie.header
  }

  /** How many records each master has. */
  const sizes = () => Promise.all(cluster.masters.map(({ client }) => client.dbsize()))

  test('sessions are spread over the nodes, known without a command, and ended everywhere within half a second (T69)', async () => {
    const [one, two] = [await replica(), await replica()]
    const cookies = await Promise.all(Array.from({ length: 30 }, () => signIn(one)))
    for (const size of await sizes()) expect(size).toBeGreaterThan(3)
    const seen = []
    for (const cookie of cookies) {
      seen.push(await one.sessions.load('payroll', cookie))
      await two.sessions.load('payroll', cookie)
      expect(two.sessions.load('payroll', cookie)).not.toBeInstanceOf(Promise)
    }
    for (const session of seen) if (session !== null) await one.sessions.end(session)
    await until(
      'the other refuses them all',
      async () => {
        const left = await Promise.all(cookies.map((cookie) => two.sessions.load('payroll', cookie)))
        return left.every((session) => session === null)
      },
      500,
    )
  })

  test('the sessions of a group are found and ended, on whatever nodes they are', async () => {
    const one = await replica()
    const cookies = await Promise.all(Array.from({ length: 20 }, () => signIn(one)))
    await createEndings({ store: one.store, ring, clock: now }).end({ of: 'everybody' })
    for (const cookie of cookies) expect(await one.sessions.load('payroll', cookie)).toBeNull()
  })

  test('a master that publishes to nobody any more is noticed, also if all others do', async () => {
    const { store } = await replica()
    const [, deaf] = cluster.masters
    await deaf?.client.acl('SETUSER', 'default', 'resetchannels')
    await until('the silence is noticed', () => !store.changes.announcing(), 3000)
    await deaf?.client.acl('SETUSER', 'default', 'allchannels')
    await until('it announces again', () => store.changes.announcing(), 20_000)
  })

  test('a master that dies takes nobody’s session with it, and its replica is listened to (T76)', async () => {
    const [one, two] = [await replica(), await replica()]
    const cookies = await Promise.all(Array.from({ length: 30 }, () => signIn(one)))
    for (const cookie of cookies) await one.sessions.load('payroll', cookie)
    for (const { client } of cluster.masters) await client.wait(1, 2000)
    await cluster.masters[0]?.kill()
    await until('it is noticed', () => one.store.ready() === 'down')
    // Known ones go on at once; unknown ones are found, or are a fault: never nobody's.
    for (const cookie of cookies) expect(await one.sessions.load('payroll', cookie)).not.toBeNull()
    const asked = await Promise.allSettled(cookies.map(async (cookie) => two.sessions.load('payroll', cookie)))
    for (const each of asked) {
      if (each.status === 'rejected') expect(each.reason).toSatisfy(isStoreDown)
      else expect(each.value).not.toBeNull()
    }
    for (const { store } of [one, two]) {
      await until('the replica has taken over', () => store.ready() === 'ready' && store.changes.announcing(), 20_000)
    }
    for (const cookie of cookies) {
      const session = await one.sessions.load('payroll', cookie)
      expect(await two.sessions.load('payroll', cookie)).not.toBeNull()
      if (session !== null) await one.sessions.end(session)
    }
    await until(
      'the other heard of all ends',
      async () => {
        const left = await Promise.all(cookies.map((cookie) => two.sessions.load('payroll', cookie)))
        return left.every((session) => session === null)
      },
      500,
    )
    // It came and went once, and was not told of a hundred times.
    const told = one.log.lines.filter((line) => line.includes('session_store_'))
    expect(told.length).toBeLessThanOrEqual(4)
  }, 60_000)
})

describe.skipIf(redisMissing())('the store in an encrypted cluster', () => {
  test('createRedisStore trusts the authority that it is given, and no other', async () => {
    const authority = createAuthority()
    const cluster = await startCluster({ authority })
    const storeWith = (ca: string) =>
      createRedisStore({
        ...{ cluster: clusterOf(cluster), prefix: 'test', log: readableLog() },
        tls: { ca, serverName: null },
      })
    const [right, wrong] = [storeWith(authority.cert), storeWith(createAuthority().cert)]
    try {
      await until('the right one is ready', () => right.ready() === 'ready' && right.changes.announcing())
      await expect(wrong.read('a-key')).rejects.toSatisfy(isStoreDown)
      expect(wrong.ready()).toBe('down')
    } finally {
      await right.close()
      await wrong.close()
      await cluster.stop()
    }
  })
})
