import { describe, expect, test } from 'vitest'
import { newBinding } from '../../src/session/cookie.ts'
import { createKeyRing } from '../../src/session/seal.ts'
import { createMemoryStore } from '../../src/session/store-memory.ts'
import { createTransactions } from '../../src/session/transaction.ts'
import { fakeClock, readableLog, ring, secondSecret } from './people.ts'

function setUp() {
  const clock = fakeClock()
  const store = createMemoryStore({ maxSessions: 10, clock, log: readableLog() })
  return { clock, store, transactions: createTransactions({ store, ring, clock }) }
}

const binding = newBinding()
const start = {
  tenant: 'payroll',
  provider: 'contoso',
  binding,
  returnTo: '/reports?year=2026',
  attempt: 1,
  intent: {},
}
const here = { tenant: 'payroll', binding }

describe('look', () => {
  test('look opens what is ours, for its tenant and in its time, and uses nothing up', async () => {
    const { clock, transactions } = setUp()
    const begun = { ...start, intent: { breakGlass: true } as const }
    const { state, nonce, startedAt } = await transactions.begin(begun)
    expect(transactions.look(state, 'payroll')).toEqual({ nonce, startedAt, intent: { breakGlass: true } })
    expect(transactions.look(state, 'canteen')).toBeNull()
    for (const not of ['', 'x', state.slice(0, -1), `${state}A`, state.repeat(3)])
      expect(transactions.look(not, 'payroll')).toBeNull()
    expect(await transactions.finish(state, here)).toMatchObject({ outcome: 'opened' })
    clock.forward(601)
    expect(transactions.look(state, 'payroll')).toBeNull()
  })
})

describe('begin', () => {
  test('begin makes state, nonce and verifier new each time and URL-safe', async () => {
    const { transactions } = setUp()
    const [one, two] = await Promise.all([transactions.begin(start), transactions.begin(start)])
    for (const key of ['state', 'nonce', 'codeVerifier'] as const) {
      expect(one[key]).not.toBe(two[key])
      expect(one[key]).toMatch(/^[\w.-]+$/)
    }
    expect(one.codeVerifier).toHaveLength(43)
  })

  test('begin shows nothing of what it seals', async () => {
    const { transactions } = setUp()
    const { state, nonce, codeVerifier } = await transactions.begin(start)
    const readable = Buffer.from(state.split('.')[2] ?? '', 'base64url').toString('latin1')
    for (const secret of [nonce, codeVerifier, 'reports', binding]) expect(state + readable).not.toContain(secret)
  })

  test('begin keeps the state below the 2 KB of Entra, however long the address is', async () => {
    for (const length of [10, 900, 1000, 1100, 1500, 8192, 20_000]) {
      const { transactions } = setUp()
      const returnTo = `/${'a'.repeat(length - 1)}`
      const { state } = await transactions.begin({ ...start, returnTo })
      expect(state.length).toBeLessThanOrEqual(1900)
      const expected = length > 8192 ? '/' : returnTo
      expect(await transactions.finish(state, here)).toMatchObject({ outcome: 'opened', returnTo: expected })
    }
  })

  test('begin does not let strangers fill the store with long addresses (T95)', async () => {
    const { transactions, store, clock } = setUp()
    let kept = 0
    const counting = createTransactions({
      ring,
      clock,
      store: {
        ...store,
        keep: async () => {
          kept += 1
        },
      },
    })
    const long = { ...start, returnTo: `/${'a'.repeat(5000)}` }
    for (let n = 0; n < 1000; n++) await counting.begin(long)
    expect(kept).toBe(120)
    clock.forward(60)
    await counting.begin(long)
    expect(kept).toBe(121)
    const { state } = await transactions.begin({ ...start, returnTo: '/short' })
    expect(await transactions.finish(state, here)).toMatchObject({ returnTo: '/short' })
  })
})

describe('finish', () => {
  test('finish gives back what begin made', async () => {
    const { transactions } = setUp()
    const { state, nonce, codeVerifier, startedAt } = await transactions.begin(start)
    expect(await transactions.finish(state, here)).toEqual({
      outcome: 'opened',
      provider: 'contoso',
      nonce,
      codeVerifier,
      returnTo: '/reports?year=2026',
      attempt: 1,
      startedAt,
      intent: {},
    })
  })

  test('finish opens a state once, also when it comes twenty times at once (T45)', async () => {
    const { transactions } = setUp()
    const { state } = await transactions.begin(start)
    const all = await Promise.all(Array.from({ length: 20 }, () => transactions.finish(state, here)))
    expect(all.filter((each) => each.outcome === 'opened')).toHaveLength(1)
    expect(all.filter((each) => each.outcome === 'used')).toHaveLength(19)
    expect(await transactions.finish(state, here)).toEqual({
      outcome: 'used',
      returnTo: '/reports?year=2026',
      attempt: 1,
    })
  })

  test('finish opens each of twenty parallel transactions of one browser, in any order (T45)', async () => {
    const { transactions } = setUp()
    const started = await Promise.all(
      Array.from({ length: 20 }, (_, tab) => transactions.begin({ ...start, returnTo: `/tab/${tab}` })),
    )
    for (const [index, { state, nonce }] of [...started.entries()].reverse()) {
      expect(await transactions.finish(state, here)).toMatchObject({
        outcome: 'opened',
        nonce,
        returnTo: `/tab/${index}`,
      })
    }
  })

  for (const [what, other] of [
    ['in another browser', newBinding()],
    ['without the cookie', null],
  ] as const) {
    test(`finish judges a state that comes ${what} as foreign, and does not use it up (T41)`, async () => {
      const { transactions } = setUp()
      const { state } = await transactions.begin(start)
      const found = await transactions.finish(state, { tenant: 'payroll', binding: other })
      expect(found).toEqual({ outcome: 'foreign', returnTo: '/reports?year=2026', attempt: 1 })
      expect((await transactions.finish(state, here)).outcome).toBe('opened')
    })
  }

  test('finish opens for ten minutes and not longer', async () => {
    const { transactions, clock } = setUp()
    const [early, late] = [await transactions.begin(start), await transactions.begin(start)]
    clock.forward(600)
    expect((await transactions.finish(early.state, here)).outcome).toBe('opened')
    clock.forward(1)
    expect(await transactions.finish(late.state, here)).toEqual({
      outcome: 'expired',
      returnTo: '/reports?year=2026',
      attempt: 1,
    })
  })

  test('finish cannot be tricked into opening a used state once its mark has expired', async () => {
    const { transactions, clock } = setUp()
    const { state } = await transactions.begin(start)
    await transactions.finish(state, here)
    clock.forward(24 * 3600)
    expect((await transactions.finish(state, here)).outcome).toBe('expired')
  })

  test('finish cannot read the state of another tenant (T63)', async () => {
    const { transactions } = setUp()
    const { state } = await transactions.begin(start)
    expect(await transactions.finish(state, { tenant: 'canteen', binding })).toEqual({ outcome: 'unreadable' })
  })

  test('finish cannot read a state with any character changed', async () => {
    const { transactions } = setUp()
    const { state } = await transactions.begin(start)
    for (let at = 0; at < state.length; at++) {
      const changed = state.slice(0, at) + (state[at] === 'A' ? 'B' : 'A') + state.slice(at + 1)
      expect(await transactions.finish(changed, here)).toEqual({ outcome: 'unreadable' })
    }
  })

  for (const [what, state] of [
    ['nothing', ''],
    ['anything', 'hello'],
    ['dots', '...'],
    ['a huge text', 'x'.repeat(100_000)],
    ['a state of another secret', createKeyRing([secondSecret]).sealText(['transaction', 'payroll'], '[]')],
    ['a state of another shape', ring.sealText(['transaction', 'payroll'], '[1,2]')],
    ['a sealed text of another purpose', ring.sealText(['address', 'payroll'], '[]')],
  ] as const) {
    test(`finish cannot read ${what}`, async () => {
      const { transactions } = setUp()
      expect(await transactions.finish(state, here)).toEqual({ outcome: 'unreadable' })
    })
  }
})
