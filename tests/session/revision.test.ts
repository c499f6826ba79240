import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Fault } from '../../src/core/fault.ts'
import type { Session, SessionFacts } from '../../src/core/identity/session.ts'
import { Secret } from '../../src/core/secret.ts'
import { storeKey } from '../../src/session/seal.ts'
import { createSessions, type Sessions } from '../../src/session/sessions.ts'
import type { SessionStore } from '../../src/session/store.ts'
import { createFileStore } from '../../src/session/store-file.ts'
import { createMemoryStore } from '../../src/session/store-memory.ts'
import { createRedisStore } from '../../src/session/store-redis.ts'
import { redisMissing, startRedis, type TestRedis, until } from '../redis.ts'
import { facts, newCookie, now, policy, readableLog, ring, tokens } from './people.ts'

const folder = mkdtempSync(join(tmpdir(), 'sallyport-revisions-'))
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0
let redis: TestRedis
const noRedis = redisMissing()
beforeAll(async () => {
  if (!noRedis) redis = await startRedis()
})
afterAll(async () => {
  if (!noRedis) await redis.stop()
})

const newest = 2_000_000_000
const isNew = ({ facts: { checkedAt } }: Session) => checkedAt === newest

/** Several replicas on one store: in memory or a file they share it, with Redis each has its own connection. */
describe.each(['memory', 'file', 'redis'] as const)('revisions on %s', (kind) => {
  const stores: SessionStore[] = []
  const replicas: Sessions[] = []
  beforeEach(async (context) => {
    if (kind === 'redis' && noRedis) return context.skip('redis-server is missing')
    const shared =
      kind === 'file'
        ? createFileStore({ path: join(folder, `${files++}.db`), maxSessions: 1000, clock: now, log: readableLog() })
        : createMemoryStore({ maxSessions: 1000, clock: now, log: readableLog() })
    for (let n = 0; n < 3; n += 1) {
      const own = () => createRedisStore({ url: new Secret(redis.url), prefix: 'revisions', log: readableLog() })
      const store = kind === 'redis' ? own() : shared
      await until('the store announces', () => store.ready() === 'ready' && store.changes.announcing())
      stores.push(store)
      replicas.push(createSessions({ store, ring, policy, clock: now, log: readableLog() }))
    }
  })
  afterEach(async () => {
    for (const each of replicas.splice(0)) each.close()
    for (const each of stores.splice(0)) await each.close()
  })

  const replica = (n: number): Sessions => {
    const found = replicas[n]
    if (found === undefined) throw new Error(`there is no replica ${n}`)
    return found
  }

  /** The same session, opened by every replica. */
  async function signedIn(changes: Partial<SessionFacts> = {}) {
    const { id, header } = newCookie()
    await replica(0).create({ tenant: 'payroll', id }, { facts: facts(changes), tokens })
    const opened: Session[] = []
    for (const each of replicas) {
      const session = await each.load('payroll', header)
      if (session === null) throw new Error('the session does not open')
      opened.push(session)
    }
    const [first, second, third] = opened
    if (first === undefined || second === undefined || third === undefined) throw new Error('three replicas')
    return { id, header, first, second, third }
  }

  test('revise is seen by every replica, and keeps the tokens where none are given', async () => {
    const { first, second, header } = await signedIn()
    const revised = await replica(0).revise(first, { facts: { ...first.facts, groups: ['new'] }, tokens: null })
    expect(revised?.facts.groups).toEqual(['new'])
    await until('the other replica knows', async () => (await replica(1).current(second))?.facts.groups[0] === 'new')
    expect(await replica(1).tokens(second)).toEqual(tokens)
    expect(await replica(0).load('payroll', header)).toBe(revised)
  })

  test('revise writes tokens with the facts', async () => {
    const { first } = await signedIn()
    await replica(0).revise(first, { facts: first.facts, tokens: { ...tokens, refreshToken: 'new' } })
    expect(await replica(0).tokens(first)).toEqual({ ...tokens, refreshToken: 'new' })
  })

  test('revise gives way to whoever has written meanwhile (T123)', async () => {
    const { first, second } = await signedIn()
    await replica(1).revise(second, { facts: { ...second.facts, groups: ['theirs'] }, tokens: null })
    const found = await replica(0).revise(first, { facts: { ...first.facts, groups: ['ours'] }, tokens: null })
    expect(found?.facts.groups).toEqual(['theirs'])
  })

  test('revise never brings back a session that has ended (T74)', async () => {
    const { first, second, header } = await signedIn()
    await replica(1).end(second)
    expect(await replica(0).revise(first, { facts: first.facts, tokens })).toBeNull()
    for (const each of replicas) expect(await each.load('payroll', header)).toBeNull()
  })

  test('revise and a sign-out at the same moment always end in a sign-out (T74)', async () => {
    for (let round = 0; round < 30; round += 1) {
      const { first, second, header } = await signedIn()
      await Promise.all([
        replica(0).revise(first, { facts: { ...first.facts, checkedAt: newest }, tokens }),
        replica(1).end(second),
      ])
      await until('nobody has it', async () => {
        const found = await Promise.all(replicas.map((each) => each.load('payroll', header)))
        return found.every((each) => each === null)
      })
    }
  })

  test('alone lets one do the work, over all replicas, and gives everybody what came of it', async () => {
    const { first, second, third } = await signedIn()
    let done = 0
    const work = (by: Sessions) => async (session: Session) => {
      done += 1
      await new Promise((resolve) => setTimeout(resolve, 100))
      await by.revise(session, { facts: { ...session.facts, checkedAt: newest }, tokens: null })
      return null
    }
    const all = await Promise.all(
      [first, second, third].flatMap((session, n) =>
        Array.from({ length: 5 }, () => replica(n).alone(session, isNew, work(replica(n)))),
      ),
    )
    expect(done).toBe(1)
    for (const each of all) expect(each.was === 'done' && isNew(each.session)).toBe(true)
    const late = await replica(2).alone(third, isNew, work(replica(2)))
    expect({ done, was: late.was }).toEqual({ done: 1, was: 'done' })
  })

  test('alone gives the note to everybody while the work is put off, and then the next turn', async () => {
    const { first, second } = await signedIn()
    const putOff = await replica(0).alone(first, isNew, async () => ({ note: 'later', seconds: 1 }))
    expect(putOff).toEqual({ was: 'put-off', note: 'later' })
    const never = async () => {
      throw new Error('it was put off')
    }
    expect(await replica(1).alone(second, isNew, never)).toEqual({ was: 'put-off', note: 'later' })
    await until('the next turn', async () => (await replica(1).alone(second, isNew, async () => null)).was === 'done')
  })

  test('alone tells those who wait that the session has ended', async () => {
    const { first, second } = await signedIn()
    const begun = Promise.withResolvers<void>()
    const work = async (session: Session) => {
      begun.resolve()
      await new Promise((resolve) => setTimeout(resolve, 100))
      await replica(0).end(session)
      return null
    }
    const one = replica(0).alone(first, isNew, work)
    await begun.promise
    const other = replica(1).alone(second, isNew, async () => {
      throw new Error('it was the turn of another')
    })
    expect(await Promise.all([one, other])).toEqual([{ was: 'ended' }, { was: 'ended' }])
  })

  test('alone passes on what the work throws, and the next one has the turn at once', async () => {
    const { first, second } = await signedIn()
    const defect = replica(0).alone(first, isNew, async () => {
      throw new TypeError('a defect')
    })
    await expect(defect).rejects.toThrow('a defect')
    expect((await replica(1).alone(second, isNew, async () => null)).was).toBe('done')
  })

  test('alone takes over from whoever has died with the turn', async () => {
    const { id, second } = await signedIn()
    await stores[0]?.lease(storeKey(id), 'a replica that is no more', 1)
    const found = await replica(1).alone(second, isNew, async () => null)
    expect(found.was).toBe('done')
  })
})

test('alone waits for ten seconds at most', async () => {
  const { sessions, session, close } = await onMemory({})
  let finish: (() => void) | null = null
  const work = () =>
    new Promise<null>((resolve) => {
      finish = () => resolve(null)
    })
  const held = sessions.alone(session, isNew, work)
  await until('somebody is at it', () => finish !== null)
  expect((await sessions.alone(session, isNew, async () => null)).was).toBe('busy')
  const end = finish as (() => void) | null
  end?.()
  expect((await held).was).toBe('done')
  await close()
}, 20_000)

test('alone has no turn for anybody while the store is away', async () => {
  const { sessions, session, close } = await onMemory({
    lease: () => Promise.reject(new Fault('session_store_down')),
  })
  await expect(sessions.alone(session, isNew, async () => null)).rejects.toThrow('session_store_down')
  await close()
})

async function onMemory(changes: Partial<SessionStore>) {
  const memory = createMemoryStore({ maxSessions: 10, clock: now, log: readableLog() })
  const sessions = createSessions({ store: { ...memory, ...changes }, ring, policy, clock: now, log: readableLog() })
  const { id, header } = newCookie()
  await sessions.create({ tenant: 'payroll', id }, { facts: facts(), tokens })
  const session = await sessions.load('payroll', header)
  if (session === null) throw new Error('the session does not open')
  const close = async () => {
    sessions.close()
    await memory.close()
  }
  return { sessions, session, close }
}
