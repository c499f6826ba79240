import { afterEach, describe, expect, test } from 'vitest'
import { Fault } from '../../src/core/fault.ts'
import type { SessionPolicy } from '../../src/core/gateway.ts'
import type { Session } from '../../src/core/identity/session.ts'
import { createKeyRing, storeKey } from '../../src/session/seal.ts'
import { createSessions } from '../../src/session/sessions.ts'
import type { Change, SessionStore, StoredRecord } from '../../src/session/store.ts'
import { createMemoryStore } from '../../src/session/store-memory.ts'
import { until } from '../redis.ts'
import {
  cookieHeader,
  facts,
  fakeClock,
  firstSecret,
  newCookie,
  policy,
  readableLog,
  ring,
  secondSecret,
  tokens,
} from './people.ts'

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const each of open.splice(0)) await each.close()
})

/** A memory store whose questions are counted and can be held back, and sessions on it. */
function setUp(changes: { policy?: Partial<SessionPolicy>; keys?: typeof ring } = {}) {
  const clock = fakeClock()
  const log = readableLog()
  const memory = createMemoryStore({ maxSessions: 1000, clock, log })
  const asked = { read: 0, extend: 0 }
  const listeners = new Set<(change: Change) => void>()
  const state = {
    announcing: true,
    epoch: 1,
    beforeRead: async () => {},
    endFails: false,
    rolledBackTo: null as StoredRecord | null,
  }
  const store: SessionStore = {
    ...memory,
    async read(key) {
      asked.read += 1
      const record = await memory.read(key)
      await state.beforeRead()
      return state.rolledBackTo ?? record
    },
    extend(key, ttl) {
      asked.extend += 1
      return memory.extend(key, ttl)
    },
    async end(key) {
      if (state.endFails) throw new Fault('session_store_down')
      await memory.end(key)
    },
    changes: {
      subscribe(listener) {
        listeners.add(listener)
        return memory.changes.subscribe(listener)
      },
      announcing: () => state.announcing,
      epoch: () => state.epoch,
    },
  }
  const keys = changes.keys ?? ring
  const sessions = createSessions({ store, ring: keys, policy: { ...policy, ...changes.policy }, clock, log })
  open.push(sessions, memory)
  const gap = () => {
    state.epoch += 1
    for (const listener of listeners) listener({ what: 'gap' })
  }
  const signIn = async (changed: Parameters<typeof facts>[0] = {}) => {
    const cookie = newCookie(keys)
    const person = facts({ startedAt: clock(), ...changed })
    await sessions.create({ tenant: person.tenant, id: cookie.id }, { facts: person, tokens })
    return cookie
  }
  return { clock, log, memory, store, sessions, asked, state, gap, signIn }
}

describe('load', () => {
  test('load gives the facts that were written, and the same object at once the next time', async () => {
    const { sessions, signIn, asked } = setUp()
    const { header } = await signIn()
    const first = await sessions.load('payroll', `a=1; ${header}`)
    expect(first?.facts.claims.name).toBe('Ada Łovelace')
    expect(sessions.load('payroll', `b=2; ${header}`)).toBe(first)
    expect(asked.read).toBe(1)
  })

  test('load asks the store once for many requests at once (T62)', async () => {
    const { sessions, signIn, asked } = setUp()
    const { header } = await signIn()
    const all = await Promise.all(Array.from({ length: 50 }, () => sessions.load('payroll', header)))
    expect(new Set(all).size).toBe(1)
    expect(asked.read).toBe(1)
  })

  test('load never mixes people who come at the same time (T62)', async () => {
    const { sessions, signIn } = setUp()
    const people = await Promise.all(
      Array.from({ length: 50 }, async (_, n) => ({ n, ...(await signIn({ objectId: `person ${n}` })) })),
    )
    for (let round = 0; round < 3; round++) {
      const found = await Promise.all(people.map(({ header }) => sessions.load('payroll', header)))
      expect(found.map((each) => each?.facts.objectId)).toEqual(people.map(({ n }) => `person ${n}`))
    }
  })

  test('load takes a session of another tenant for none, known or not, and leaves its owner alone (T63)', async () => {
    const { sessions, signIn, log } = setUp()
    const { header } = await signIn()
    expect(await sessions.load('canteen', header)).toBeNull()
    const session = await sessions.load('payroll', header)
    expect(session).not.toBeNull()
    expect(await sessions.load('canteen', header)).toBeNull()
    expect(sessions.load('payroll', header)).toBe(session)
    await Promise.all([sessions.load('canteen', header), sessions.load('payroll', header)]).then(([foreign, own]) => {
      expect(foreign).toBeNull()
      expect(own).toBe(session)
    })
    expect(log.lines.filter((line) => line.includes('session_record_refused'))).toHaveLength(1)
    expect(log.lines.join()).not.toContain(header.slice(15, 30))
  })

  for (const [what, header] of [
    ['no cookie', undefined],
    ['a cookie of another secret', newCookie(createKeyRing([secondSecret])).header],
    ['an id that was never given out', newCookie().header],
    ['two cookies (T78)', `${newCookie().header}; ${newCookie().header}`],
  ] as const) {
    test(`load takes ${what} for no session`, async () => {
      const { sessions } = setUp()
      expect(await sessions.load('payroll', header)).toBeNull()
    })
  }

  test('load refuses a record that was swapped for another person’s (T122)', async () => {
    const { sessions, signIn, memory } = setUp()
    const [mine, theirs] = [await signIn(), await signIn()]
    const stolen = await memory.read(storeKey(theirs.id))
    await memory.update(storeKey(mine.id), { from: 1, facts: stolen?.value ?? '' })
    expect(await sessions.load('payroll', mine.header)).toBeNull()
  })

  test('load refuses an older record than it has seen (T122)', async () => {
    const { sessions, signIn, memory, state, gap, log } = setUp()
    const { id, header } = await signIn()
    const key = storeKey(id)
    const old = await memory.read(key)
    const newer = facts({ appRoles: [], startedAt: 1_800_000_000 })
    const address = { kind: 'facts', id, tenant: 'payroll', version: 2 } as const
    await memory.update(key, { from: 1, facts: ring.sealRecord(address, JSON.stringify(newer)) })
    expect((await sessions.load('payroll', header))?.version).toBe(2)
    // Whoever can write to the store puts the record with the role back.
    state.rolledBackTo = old
    gap()
    expect(await sessions.load('payroll', header)).toBeNull()
    expect(await sessions.load('payroll', header)).toBeNull()
    expect(log.lines.join()).toContain('rollback')
  })

  test('load sees a change that another replica made', async () => {
    const { sessions, signIn, memory } = setUp()
    const { id, header } = await signIn()
    const before = await sessions.load('payroll', header)
    const changed = facts({ appRoles: ['Payroll.Reader'], startedAt: 1_800_000_000 })
    const sealed = ring.sealRecord({ kind: 'facts', id, tenant: 'payroll', version: 2 }, JSON.stringify(changed))
    await memory.update(storeKey(id), { from: 1, facts: sealed })
    const after = await sessions.load('payroll', header)
    expect(after).not.toBe(before)
    expect(after?.facts.appRoles).toEqual(['Payroll.Reader'])
  })

  test('load asks again and does not keep what was read before an announcement', async () => {
    const { sessions, signIn, memory, state, asked } = setUp()
    const { id, header } = await signIn()
    const changed = facts({ appRoles: [], startedAt: 1_800_000_000 })
    const sealed = ring.sealRecord({ kind: 'facts', id, tenant: 'payroll', version: 2 }, JSON.stringify(changed))
    let updated = false
    state.beforeRead = async () => {
      if (!updated) await memory.update(storeKey(id), { from: 1, facts: sealed })
      updated = true
    }
    expect((await sessions.load('payroll', header))?.version).toBe(2)
    expect(asked.read).toBe(2)
    expect((await sessions.load('payroll', header))?.version).toBe(2)
  })

  test('load does not let a session through that ends while it is being read', async () => {
    const { sessions, signIn, memory, state } = setUp()
    const { id, header } = await signIn()
    state.beforeRead = () => memory.end(storeKey(id))
    expect(await sessions.load('payroll', header)).toBeNull()
  })

  test('load asks for every request while changes are not announced, and keeps the object', async () => {
    const { sessions, signIn, asked, state } = setUp()
    const { header } = await signIn()
    const first = await sessions.load('payroll', header)
    state.announcing = false
    expect(await sessions.load('payroll', header)).toBe(first)
    expect(await sessions.load('payroll', header)).toBe(first)
    expect(asked.read).toBe(3)
  })

  test('load asks again after a gap, and then no more', async () => {
    const { sessions, signIn, asked, gap } = setUp()
    const { header } = await signIn()
    await sessions.load('payroll', header)
    gap()
    await sessions.load('payroll', header)
    await sessions.load('payroll', header)
    expect(asked.read).toBe(2)
  })

  test('load asks again once a minute at most', async () => {
    const { sessions, signIn, asked, clock } = setUp()
    const { header } = await signIn()
    for (let second = 0; second < 300; second++) {
      await sessions.load('payroll', header)
      clock.forward(1)
    }
    expect(asked.read).toBe(5)
    // One hour of idle time is prolonged at most every six minutes.
    expect(asked.extend).toBe(1)
  })

  test('load does not ask more often once the session is older than its idle time', async () => {
    const { sessions, signIn, asked, clock } = setUp({ policy: { idleSeconds: 300 } })
    const { header } = await signIn()
    for (let second = 0; second < 600; second++) {
      await sessions.load('payroll', header)
      clock.forward(1)
    }
    expect(asked.read).toBe(10)
  })

  test('load opens sessions of an older secret after a rotation, and not once that secret is gone', async () => {
    const before = createKeyRing([firstSecret])
    const { signIn, memory, clock, log, sessions } = setUp({ keys: before })
    const { id, header } = await signIn()
    expect(await sessions.load('payroll', header)).not.toBeNull()
    const on = (keys: typeof ring) => {
      const made = createSessions({ store: memory, ring: keys, policy, clock, log })
      open.push(made)
      return made
    }
    const during = createKeyRing([secondSecret, firstSecret])
    expect(await on(during).load('payroll', header)).not.toBeNull()
    const after = createKeyRing([secondSecret])
    expect(await on(after).load('payroll', header)).toBeNull()
    // Signed anew with the new secret, the record itself is still sealed with the old one.
    expect(await on(after).load('payroll', cookieHeader(id, after))).toBeNull()
  })
})

describe('lifetimes (T81)', () => {
  test('load ends a session at its absolute lifetime although requests keep coming', async () => {
    const { sessions, signIn, clock } = setUp()
    const { header } = await signIn()
    for (let passed = 0; passed < 36_000; passed += 30) {
      expect(await sessions.load('payroll', header)).not.toBeNull()
      clock.forward(30)
    }
    expect(await sessions.load('payroll', header)).toBeNull()
  })

  test('load ends a session that was idle for too long', async () => {
    const { sessions, signIn, clock } = setUp()
    const { header } = await signIn()
    expect(await sessions.load('payroll', header)).not.toBeNull()
    clock.forward(3601)
    expect(await sessions.load('payroll', header)).toBeNull()
  })

  for (const idleSeconds of [4, 60, 300, 3600]) {
    test(`load keeps an active session alive with an idle time of ${idleSeconds} seconds`, async () => {
      const { sessions, signIn, clock } = setUp({ policy: { idleSeconds } })
      const { header } = await signIn()
      for (let step = 0; step < 100; step++) {
        expect(await sessions.load('payroll', header)).not.toBeNull()
        clock.forward(Math.min(idleSeconds / 4, 300))
      }
    })

    test(`load without activity does not keep a session alive with an idle time of ${idleSeconds} seconds (T131)`, async () => {
      const { sessions, signIn, clock } = setUp({ policy: { idleSeconds } })
      const { header } = await signIn()
      await sessions.load('payroll', header)
      let lived = 0
      while ((await sessions.load('payroll', header, { activity: false })) !== null) {
        clock.forward(1)
        lived += 1
        if (lived > 2 * idleSeconds + 120) break
      }
      expect(lived).toBeLessThanOrEqual(idleSeconds + 60)
      expect(lived).toBeGreaterThanOrEqual(idleSeconds)
    })
  }

  test('load refuses a session that claims to begin in the future, further than a clock may have been set back', async () => {
    const { sessions, signIn } = setUp()
    const near = await signIn({ startedAt: 1_800_000_000 + 3_500 })
    expect(await sessions.load('payroll', near.header)).not.toBeNull()
    const far = await signIn({ startedAt: 1_800_000_000 + 3_700 })
    expect(await sessions.load('payroll', far.header)).toBeNull()
  })
})

describe('create', () => {
  test('create refuses an id that exists and leaves its session as it is', async () => {
    const { sessions, signIn } = setUp()
    const { id, header } = await signIn()
    const intruder = { facts: facts({ objectId: 'intruder', startedAt: 1_800_000_000 }), tokens }
    await expect(sessions.create({ tenant: 'payroll', id }, intruder)).rejects.toThrow()
    expect((await sessions.load('payroll', header))?.facts.objectId).toBe(facts().objectId)
  })
})

describe('tokens', () => {
  test('tokens gives what the sign-in stored', async () => {
    const { sessions, signIn } = setUp()
    const { header } = await signIn()
    const session = await sessions.load('payroll', header)
    expect(session && (await sessions.tokens(session))).toEqual(tokens)
  })

  test('tokens refuses a session that was not loaded here', async () => {
    const { sessions } = setUp()
    await expect(sessions.tokens({ facts: facts(), version: 1 })).rejects.toThrow()
  })
})

describe('end and watch', () => {
  async function signedIn() {
    const parts = setUp()
    const { id, header } = await parts.signIn()
    const session = await parts.sessions.load('payroll', header)
    if (session === null) throw new Error('not signed in')
    return { ...parts, id, header, session: session as Session }
  }

  test('end refuses the session from then on, and its records are gone (T69)', async () => {
    const { sessions, session, header, memory, id } = await signedIn()
    await sessions.end(session)
    expect(await sessions.load('payroll', header)).toBeNull()
    expect(await memory.read(storeKey(id))).toBeNull()
    expect(await memory.readTokens(storeKey(id))).toBeNull()
    expect(await sessions.tokens(session)).toBeNull()
  })

  test('end holds here while the store is away, and is told to it when it is back', async () => {
    const { sessions, session, header, memory, id, state, gap } = await signedIn()
    state.endFails = true
    await expect(sessions.end(session)).rejects.toThrow('session_store_down')
    expect(await sessions.load('payroll', header)).toBeNull()
    expect(await memory.read(storeKey(id))).not.toBeNull()
    state.endFails = false
    gap()
    await until('the store is told', async () => (await memory.read(storeKey(id))) === null)
  })

  test('end also holds for a request that is just asking the store, although the store does not know yet', async () => {
    const { sessions, session, header, state, gap } = await signedIn()
    state.endFails = true
    state.beforeRead = () => sessions.end(session).catch(() => {})
    gap()
    expect(await sessions.load('payroll', header)).toBeNull()
  })

  test('an ended session cannot be created again (T74)', async () => {
    const { sessions, session, header, id } = await signedIn()
    await sessions.end(session)
    await sessions
      .create({ tenant: 'payroll', id }, { facts: facts({ startedAt: 1_800_000_000 }), tokens })
      .catch(() => {})
    expect(await sessions.load('payroll', header)).toBeNull()
  })

  test('watch calls back once when the session ends, and not after it was stopped (T101)', async () => {
    const { sessions, session } = await signedIn()
    const called: string[] = []
    sessions.watch(session, () => called.push('one'))
    sessions.watch(session, () => called.push('two'))
    sessions.watch(session, () => called.push('stopped'))()
    await sessions.end(session)
    await sessions.end(session)
    expect(called.sort()).toEqual(['one', 'two'])
  })

  test('watch calls back when another replica ends the session', async () => {
    const { sessions, session, memory, id } = await signedIn()
    let ended = false
    sessions.watch(session, () => {
      ended = true
    })
    await memory.end(storeKey(id))
    expect(ended).toBe(true)
  })

  test('watch calls back at once where the session has already ended', async () => {
    const { sessions, session } = await signedIn()
    await sessions.end(session)
    let ended = false
    sessions.watch(session, () => {
      ended = true
    })
    expect(ended).toBe(true)
  })

  test('watch calls back after a gap in which the session was lost', async () => {
    const { sessions, session, clock, gap } = await signedIn()
    let ended = false
    sessions.watch(session, () => {
      ended = true
    })
    gap()
    clock.forward(4000)
    gap()
    await until('the watcher is told', () => ended)
  })
})
