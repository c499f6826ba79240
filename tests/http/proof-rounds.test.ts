import { describe, expect, test } from 'vitest'
import { createProofRounds } from '../../src/http/proof-rounds.ts'
import { session } from '../core/build.ts'

describe('goesRound of proof rounds', () => {
  test('says so at the fourth time within a minute, for each session and address (T52)', () => {
    let now = 1_000
    const { goesRound } = createProofRounds(() => now)
    const [one, other] = [session(), session()]
    expect([1, 2, 3, 4].map(() => goesRound(one, '/a'))).toEqual([false, false, false, true])
    expect([goesRound(one, '/b'), goesRound(other, '/a')]).toEqual([false, false])
    now += 61
    expect(goesRound(one, '/a')).toBe(false)
  })

  test('takes twenty tabs for no round (T45)', () => {
    const { goesRound } = createProofRounds(() => 1_000)
    const one = session()
    const tabs = Array.from({ length: 20 }, (_, tab) => goesRound(one, `/tab/${tab}`))
    expect(tabs.includes(true)).toBe(false)
  })

  test('keeps few addresses of a session, whatever is asked (T88)', () => {
    const { goesRound } = createProofRounds(() => 1_000)
    const one = session()
    for (const _ of [1, 2, 3]) goesRound(one, '/first')
    for (let at = 0; at < 32; at += 1) goesRound(one, `/${at}`)
    expect(goesRound(one, '/first')).toBe(false)
  })
})
