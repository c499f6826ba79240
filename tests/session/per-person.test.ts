/** The limit of sessions per person, on every store; two replicas where the store is shared. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Fault } from '../../src/core/fault.ts'
import type { SessionFacts } from '../../src/core/identity/session.ts'
import { Secret } from '../../src/core/secret.ts'
import { createSessions, type Sessions } from '../../src/session/sessions.ts'
import type { SessionStore } from '../../src/session/store.ts'
import { createFileStore } from '../../src/session/store-file.ts'
import { createMemoryStore } from '../../src/session/store-memory.ts'
import { createRedisStore } from '../../src/session/store-redis.ts'
import { redisMissing, startRedis, type TestRedis, until } from '../redis.ts'
import { facts, newCookie, now, policy, readableLog, ring, tokens } from './people.ts'

let redis: TestRedis
const noRedis = redisMissing()
const folder = mkdtempSync(join(tmpdir(), 'sallyport-per-person-'))
beforeAll(async () => {
  if (!noRedis) redis = await startRedis()
})
afterAll(async () => {
  if (!noRedis) await redis.stop()
  rmSync(folder, { recursive: true })
})

const parts = { maxSessions: 1000, clock: now, log: readableLog() }
let files = 0
const stores = {
  memory: () => createMemoryStore(parts),
  file: () => createFileStore({ ...parts, path: join(folder, `${files++}.db`) }),
  redis: () => createRedisStore({ url: new Secret(redis.url), prefix: `limit${files}`, log: parts.log }),
}

describe.each(Object.entries(stores))('createPersonLimit with the %s store', (kind, make) => {
  const closing: { close(): unknown }[] = []
  let log = readableLog()
  let most: number | null
  let here: Sessions
  let elsewhere: Sessions
  let store: SessionStore
  const limited = {
    ...policy,
    get perPerson() {
      return most
    },
  }
  beforeEach(async (context) => {
    if (kind === 'redis' && noRedis) return context.skip('redis-server is missing')
    files += 1
    log = readableLog()
    most = 2
    store = await ready(make())
    here = replica(store)
    elsewhere = replica(kind === 'redis' ? await ready(make()) : store)
  })
  afterEach(async () => {
    for (const each of closing.splice(0)) await each.close()
  })

  async function ready(made: SessionStore): Promise<SessionStore> {
    await until('the store announces', () => made.ready() === 'ready' && made.changes.announcing())
    return made
  }

  function replica(on: SessionStore): Sessions {
    const sessions = createSessions({ store: on, ring, policy: limited, clock: now, log })
    closing.push(sessions, on)
    return sessions
  }

  const start = now()
  async function signIn(at: number, changes: Partial<SessionFacts> = {}, by = here) {
    const person = facts({ startedAt: start + at, ...changes })
    const { id, header } = newCookie()
    await by.create({ tenant: person.tenant, id }, { facts: person, tokens })
    const isIn = async (where = elsewhere) => (await where.load(person.tenant, header)) !== null
    return { isIn }
  }
  type Signed = Awaited<ReturnType<typeof signIn>>
  const whoIsIn = (all: readonly Signed[]) => Promise.all(all.map(({ isIn }) => isIn()))

  test('create ends the oldest session of the person where there are too many, on all replicas, and says so', async () => {
    const all = [await signIn(1), await signIn(2, {}, elsewhere)]
    expect(await whoIsIn(all)).toEqual([true, true])
    expect(log.lines).toEqual([])
    all.push(await signIn(3))
    await until('the oldest has ended', async () => !(await all[0]?.isIn()), 1_000)
    expect(await whoIsIn(all)).toEqual([false, true, true])
    const { tenant, directoryId, objectId } = facts()
    expect(log.lines).toEqual([
      `info sessions_over_limit ${JSON.stringify({ tenant, directoryId, objectId, most: 2, ended: 1 })}`,
    ])
  })

  test('create leaves other people, other directories and other tenants alone', async () => {
    const others = [
      await signIn(1, { tenant: 'canteen' }),
      await signIn(1, { objectId: 'somebody-else' }),
      await signIn(1, { directoryId: 'another-directory' }),
    ]
    for (const at of [2, 3, 4]) await signIn(at)
    expect(await whoIsIn(others)).toEqual([true, true, true])
  })

  test('create without a limit ends nothing', async () => {
    most = null
    const all = await Promise.all(Array.from({ length: 6 }, (_, at) => signIn(at)))
    expect(await whoIsIn(all)).toEqual(all.map(() => true))
  })

  test('create keeps a limit that is new at the next sign-in', async () => {
    most = null
    const all = await Promise.all([1, 2, 3, 4].map((at) => signIn(at)))
    most = 2
    all.push(await signIn(5))
    await until('the oldest have ended', async () => !(await all[2]?.isIn()), 1_000)
    expect(await whoIsIn(all)).toEqual([false, false, false, true, true])
  })

  test('parallel sign-ins leave exactly as many as there may be, and always the newest', async () => {
    for (let round = 0; round < 5; round += 1) {
      const objectId = `person-${round}`
      const at = (n: number) => signIn(n, { objectId }, n % 2 === 0 ? here : elsewhere)
      const all = await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(at))
      const expected = [false, false, false, false, false, false, true, true]
      await until('no more than the limit', async () => (await whoIsIn(all)).filter(Boolean).length <= 2, 1_000)
      expect(await whoIsIn(all)).toEqual(expected)
    }
  })

  test('parallel sign-ins of one and the same moment leave exactly as many', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, (_, n) => signIn(1, {}, n % 2 === 0 ? here : elsewhere)))
    await until('no more than the limit', async () => (await whoIsIn(all)).filter(Boolean).length <= 2, 1_000)
    expect((await whoIsIn(all)).filter(Boolean)).toHaveLength(2)
  })

  test('create signs in where the limit cannot be kept this time, and says so', async () => {
    const broken = createSessions({
      ...{ ring, policy: limited, clock: now, log },
      store: {
        ...store,
        // biome-ignore lint/correctness/useYield: it fails before there is anything to give
        async *walk() {
          throw new Fault('session_store_down')
        },
      },
    })
    closing.push(broken)
    const [first, ...others] = [await signIn(1), await signIn(2), await signIn(3, {}, broken)]
    expect(await whoIsIn([first, ...others])).toEqual([true, true, true])
    expect(log.lines).toEqual([expect.stringMatching(/^warn session_limit_not_kept /)])
    await signIn(4)
    await until('it is made up for', async () => !(await first.isIn()), 1_000)
  })
})
