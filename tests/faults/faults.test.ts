/** The harness of faults in its shortest form, so that it works when it is needed; and its judge, who must be able to find fault. */
import { describe, expect, test } from 'vitest'
import { redisMissing } from '../redis.ts'
import { allFaults } from './all-faults.ts'
import { runFault } from './run-fault.ts'
import { growthsOf, hasGrown } from './soak.ts'
import { type Answer, verdictOf } from './steady-load.ts'

const answer = (ended: string, user?: string | null, clears = false): Answer => ({
  ended,
  echo: user === undefined ? null : { application: true, user, bytes: 0 },
  clears,
})

describe('verdictOf', () => {
  for (const [what, kind, user, given, expected] of [
    ['a person who gets through', 'data', 'ada', answer('200', 'ada'), 'right'],
    ['somebody who is taken for somebody else', 'data', 'ada', answer('200', 'uwe'), 'let-in'],
    ['somebody who is taken for nobody', 'data', 'ada', answer('200', null), 'let-in'],
    ['a stranger who reaches the application', 'stranger', null, answer('200', null), 'let-in'],
    ['a person who is named on a public page', 'public', null, answer('200', 'ada'), 'let-in'],
    ['a session that had ended, and goes on', 'ended', null, answer('200', 'ada'), 'let-in'],
    ['a person without the role who gets through', 'refused', 'uwe', answer('200', 'uwe'), 'let-in'],
    ['a person who is asked to sign in again', 'data', 'ada', answer('401 login_required'), 'logged-out'],
    ['a person who is sent to the sign-in', 'page', 'ada', answer('302 sign-in'), 'logged-out'],
    [
      'a person whose cookie is taken away',
      'data',
      'ada',
      answer('503 session_store_down', undefined, true),
      'logged-out',
    ],
    ['a person who is told to wait', 'data', 'ada', answer('503 session_store_down'), 'lost'],
    ['a connection that breaks', 'stranger', null, answer('ECONNRESET'), 'lost'],
  ] as const) {
    test(`verdictOf counts ${what} as ${expected}`, () => {
      expect(verdictOf({ kind, user }, given, {})).toBe(expected)
    })
  }

  test('verdictOf takes nothing for right that may never be, whatever a fault allows', () => {
    const everything = { data: ['200', '401 login_required'], stranger: ['200'] }
    expect(verdictOf({ kind: 'stranger', user: null }, answer('200', null), everything)).toBe('let-in')
    expect(verdictOf({ kind: 'data', user: 'ada' }, answer('401 login_required'), everything)).toBe('logged-out')
  })
})

describe('hasGrown', () => {
  const grown = (heaps: readonly number[]) =>
    growthsOf(
      heaps.map((megabytes) => ({ heapBytes: megabytes * 1_048_576, residentBytes: 0, resources: {}, listeners: 3 })),
    )
      .filter(hasGrown)
      .map(({ what }) => what)

  test('hasGrown finds what has become more from the second third of a soak to the last, and nothing else', () => {
    expect(grown([10, 30, 20, 20, 21, 20])).toEqual([])
    expect(grown([10, 10, 20, 20, 23, 23])).toEqual(['heap, MB'])
  })

  test('hasGrown takes a soak that measured nothing for none that went well', () => {
    expect(grown([])).toEqual(['heap, MB', 'resident, MB', 'listeners'])
    expect(grown([10, 10])).toContain('heap, MB')
  })
})

describe.skipIf(redisMissing())('runFault', () => {
  for (const name of ['redis-read-only', 'log-disk-full']) {
    test(`runFault lets nobody in, signs nobody out and loses nothing: ${name}`, async () => {
      const fault = allFaults.find((each) => each.name === name)
      if (fault === undefined) throw new Error(`there is no fault ${name}`)
      const ran = await runFault(fault, 2)
      expect(ran.forbidden).toEqual([])
      expect(ran.sent).toBeGreaterThan(500)
    }, 90_000)
  }
})
