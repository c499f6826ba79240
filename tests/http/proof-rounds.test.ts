import { describe, expect, test } from 'vitest'
import type { Session } from '../../src/core/identity/session.ts'
import { createProofRounds } from '../../src/http/proof-rounds.ts'
import { session } from '../core/build.ts'

describe('goesRound of proof rounds', () => {
  test('says so at the fourth time within a minute, for each session and address (T52)', () => {
    let now = 1_000
    const { goesRound, began } = createProofRounds(() => now)
    const sent = (who: Session, address: string) => goesRound(who, address) || void began(who, address)
    const [one, other] = [session(), session()]
    expect([1, 2, 3, 4].map(() => sent(one, '/a'))).toEqual([undefined, undefined, undefined, true])
    expect([goesRound(one, '/b'), goesRound(other, '/a')]).toEqual([false, false])
    now += 61
    expect(goesRound(one, '/a')).toBe(false)
  })

  test('takes twenty tabs for no round (T45)', () => {
    const { goesRound, began } = createProofRounds(() => 1_000)
    const one = session()
    for (let tab = 0; tab < 20; tab += 1) {
      expect(goesRound(one, `/tab/${tab}`)).toBe(false)
      began(one, `/tab/${tab}`)
    }
  })

  test('keeps few addresses of a session, whatever is asked (T88)', () => {
    const { goesRound, began } = createProofRounds(() => 1_000)
    const one = session()
    for (const _ of [1, 2, 3]) began(one, '/first')
    expect(goesRound(one, '/first')).toBe(true)
    for (let at = 0; at < 32; at += 1) began(one, `/${at}`)
    expect(goesRound(one, '/first')).toBe(false)
  })
})
