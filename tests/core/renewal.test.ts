import { describe, expect, test } from 'vitest'
import { freshness, isAboutAnother, isSamePerson, renewalGrace, renewFacts } from '../../src/core/identity/renewal.ts'
import type { SessionFacts } from '../../src/core/identity/session.ts'
import { session } from './build.ts'

const now = 1_800_000_000
const interval = 900
const checked = (ago: number): SessionFacts => ({ ...session().facts, checkedAt: now - ago })

describe('freshness', () => {
  for (const [ago, expected] of [
    [0, 'fresh'],
    [719, 'fresh'],
    [720, 'soft'],
    [899, 'soft'],
    [900, 'hard'],
    [900 + renewalGrace - 1, 'hard'],
    [900 + renewalGrace, 'over'],
    // Clocks differ a little; what comes from far in the future says nothing.
    [-59, 'fresh'],
    [-61, 'hard'],
    [-3_599, 'hard'],
    [-3_600, 'over'],
    [Number.NaN, 'over'],
  ] as const) {
    test(`freshness takes what was said ${ago} seconds ago for ${expected}`, () => {
      expect(freshness(checked(ago), interval, now)).toBe(expected)
    })
  }
})

describe('renewFacts', () => {
  const before: SessionFacts = {
    ...checked(900),
    ...{ startedAt: now - 5_000, contexts: { mfa: now - 4_000 }, sid: 'a', authTime: now - 5_000, groups: ['old'] },
    bond: 'bond of the sign-in',
  }
  const after: SessionFacts = {
    ...checked(0),
    ...{ startedAt: now, contexts: {}, sid: 'b', authTime: null, groups: ['new'], appRoles: ['new'] },
  }

  test('renewFacts takes over what the provider says now, and keeps what belongs to the sign-in', () => {
    expect(renewFacts(before, after)).toEqual({
      ...after,
      ...{ startedAt: now - 5_000, contexts: { mfa: now - 4_000 }, sid: 'a', authTime: now - 5_000 },
      bond: 'bond of the sign-in',
    })
  })

  for (const [what, change] of [
    ['directory', { directoryId: '11111111-2222-4333-8444-555555555555' }],
    ['object id', { objectId: '11111111-2222-4333-8444-555555555555' }],
    ['subject', { claims: { sub: 'another' } }],
  ] as const) {
    test(`renewFacts knows somebody else by the ${what}, and takes nothing over (T107)`, () => {
      const known = { ...before, claims: { sub: 'one' } }
      expect(renewFacts(known, { ...known, ...change })).toBeNull()
      expect(isSamePerson(known, { ...known, ...change })).toBe(false)
    })
  }
})

describe('isAboutAnother', () => {
  const facts: SessionFacts = { ...session().facts, claims: { sub: 'one' } }
  const { directoryId: tid, objectId: oid } = facts
  const other = '11111111-2222-4333-8444-555555555555'
  for (const [what, kind, said, expected] of [
    ['nothing', 'entra', {}, false],
    ['the same', 'entra', { tid: tid.toUpperCase(), oid: oid.toUpperCase(), sub: 'one' }, false],
    ['another directory', 'entra', { tid: other, oid, sub: 'one' }, true],
    ['another object', 'entra', { tid, oid: other, sub: 'one' }, true],
    ['another subject', 'entra', { sub: 'two' }, true],
    ['what is no text', 'entra', { oid: [oid] }, true],
    ['the same subject elsewhere', 'oidc', { sub: oid }, false],
    ['another subject elsewhere', 'oidc', { sub: 'one' }, true],
  ] as const) {
    test(`isAboutAnother is ${expected} of a token that says ${what} (T67)`, () => {
      expect(isAboutAnother(facts, kind, said)).toBe(expected)
    })
  }
})
