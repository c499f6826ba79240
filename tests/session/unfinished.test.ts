/** Ends that a store did not hear of, or forgot: on a real Redis that is made to refuse, to forget, and to stay away. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import { storeKey } from '../../src/session/seal.ts'
import { createSessions } from '../../src/session/sessions.ts'
import { createRedisStore } from '../../src/session/store-redis.ts'
import { redisMissing, startRedis, type TestRedis, until } from '../redis.ts'
import { facts, newCookie, now, policy, readableLog, ring, tokens } from './people.ts'

describe.skipIf(redisMissing())('createUnfinished', () => {
  let redis: TestRedis
  const closing: { close(): unknown }[] = []
  beforeEach(async () => {
    redis = await startRedis()
  })
  afterEach(async () => {
    for (const each of closing.splice(0)) await each.close()
    await redis.stop()
  })

  async function replica() {
    const log = readableLog()
    const store = createRedisStore({ url: new Secret(redis.url), prefix: 'test', log })
    const sessions = createSessions({ store, ring, policy, clock: now, log })
    closing.push(sessions, store)
    await until('the replica is ready', () => store.ready() === 'ready' && store.changes.announcing())
    return { log, store, sessions }
  }

  async function signedIn({ sessions }: Awaited<ReturnType<typeof replica>>) {
    const { id, header } = newCookie()
    await sessions.create({ tenant: 'payroll', id }, { facts: facts(), tokens })
    const session = await sessions.load('payroll', header)
    if (session === null) throw new Error('no session')
    return { session, name: `test:{${storeKey(id)}}:facts` }
  }

  const isThere = async (name: string) => (await redis.client.exists(name)) === 1

  test('tells a store that refused writes as soon as it takes them again, whatever else is noticed', async () => {
    const one = await replica()
    const people = await Promise.all(Array.from({ length: 250 }, () => signedIn(one)))
    await redis.client.replicaof('127.0.0.1', 1)
    for (const { session } of people) await one.sessions.end(session).catch(() => {})
    expect(one.sessions.unfinished()).toBe(250)
    for (const { name } of people) expect(await isThere(name)).toBe(true)
    await redis.client.replicaof('NO', 'ONE')
    await until('all have ended', () => one.sessions.unfinished() === 0)
    for (const { name } of people) expect(await isThere(name)).toBe(false)
  })

  test('ends again after a gap what had ended just before: a new master may not have heard of it', async () => {
    const [one, two] = [await replica(), await replica()]
    const { session, name } = await signedIn(one)
    const stored = (await redis.client.get(name)) ?? ''
    await one.sessions.end(session)
    await until('it has ended', async () => !(await isThere(name)))
    // Whoever ended it may be gone by then: the others have heard of it too.
    await one.sessions.close()
    await one.store.close()
    await redis.client.set(name, stored)
    await redis.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await until('it has ended again', async () => !(await isThere(name)))
    expect(two.sessions.unfinished()).toBe(0)
  })

  test('tells what it can when the process ends, and says aloud how many sign-outs are lost with it', async () => {
    const one = await replica()
    const first = await signedIn(one)
    await redis.client.replicaof('127.0.0.1', 1)
    await one.sessions.end(first.session).catch(() => {})
    await redis.client.replicaof('NO', 'ONE')
    await one.sessions.close()
    expect(await isThere(first.name)).toBe(false)
    expect(one.log.lines.join()).not.toContain('sign_outs_lost')

    const two = await replica()
    const others = [await signedIn(two), await signedIn(two)]
    await redis.kill()
    for (const { session } of others) await two.sessions.end(session).catch(() => {})
    await two.sessions.close()
    expect(two.log.lines).toContain('error sign_outs_lost {"sessions":2}')
  })
})
