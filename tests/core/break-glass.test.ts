import { describe, expect, test } from 'vitest'
import { decide } from '../../src/core/answer/decide.ts'
import { refusedAdmission } from '../../src/core/identity/admission.ts'
import { providerOf } from '../../src/core/identity/authority.ts'
import {
  breakGlassFacts,
  breakGlassStands,
  emergencyAccountOf,
  foldAccountName,
} from '../../src/core/identity/break-glass.ts'
import { resolveRoles } from '../../src/core/identity/roles.ts'
import { sessionStatus } from '../../src/core/identity/session.ts'
import type { Requirement } from '../../src/core/request/route.ts'
import { facts, role, session, tenant } from './build.ts'

const anna = { name: 'anna', role: 'admin', authority: 'break-glass one' }
const at = tenant({ emergency: [anna] })
const now = 1_000_000
const made = { facts: breakGlassFacts('payroll', anna, now, now + 3_600), version: 1 }
const times = { lifetimeSeconds: 3_600, graceSeconds: 900 }

const requirement = (also: Partial<Requirement> = {}): Requirement => ({
  ...{ level: 'signed-in', everyOf: [], contexts: [], maxAgeSeconds: null, redirects: true, forwardsPreflights: false },
  ...also,
})
const verdict = (also: Partial<Requirement>, where = at, when = now) => {
  const decision = decide({ tenant: where, requirement: requirement(also), facts: facts({}), session: made, now: when })
  return 'reason' in decision ? `${decision.act} ${decision.reason}` : decision.act
}

test('emergencyAccountOf vouches for nobody whose account is gone, elsewhere, or has another password (T83, T126)', () => {
  expect(emergencyAccountOf(at, made.facts)).toBe(anna)
  expect(emergencyAccountOf(tenant(), made.facts)).toBeNull()
  expect(emergencyAccountOf(tenant({ emergency: [{ ...anna, name: 'bert' }] }), made.facts)).toBeNull()
  const renewed = tenant({ emergency: [{ ...anna, authority: 'break-glass two' }] })
  expect(emergencyAccountOf(renewed, made.facts)).toBeNull()
  expect(verdict({}, renewed)).toBe('login login_required')
})

test('emergencyAccountOf vouches for nobody of a provider, whatever they are called there', () => {
  const alike = session({ objectId: 'break-glass:anna', authority: anna.authority, directoryId: 'break-glass' })
  expect(emergencyAccountOf(at, alike.facts)).toBeNull()
  expect(providerOf(at, made.facts)).toBeNull()
})

test('resolveRoles gives the account its one role, whatever the role map says', () => {
  const everybody = role('user', { claims: [{ claim: 'sub', anyOf: ['break-glass:anna'] }] })
  const person = role('owner', { people: [{ directoryId: 'break-glass', objectId: 'break-glass:anna' }] })
  const open = tenant({ emergency: [anna], roles: [everybody, person], noRole: { act: 'role', role: 'guest' } })
  expect(resolveRoles(open, made)).toMatchObject({ roles: ['admin'], admitted: true })
  expect(resolveRoles(tenant({ noRole: { act: 'allow' } }), made)).toMatchObject({ roles: [], admitted: false })
})

test('refusedAdmission asks the account for no profile', () => {
  const admission = { guests: 'deny', claims: ['employeeid'], emailDomains: ['contoso.com'] } as const
  expect(refusedAdmission(tenant({ emergency: [anna], admission }), made)).toBeNull()
})

describe('decide', () => {
  test('lets the account in where its role does, and nowhere else', () => {
    expect(verdict({})).toBe('forward')
    expect(verdict({ level: 'signed-in', everyOf: [['admin']] })).toBe('forward')
    expect(verdict({ level: 'signed-in', everyOf: [['admin'], ['user']] })).toBe('refuse role_missing')
  })

  test('believes no authentication context of it, and its age', () => {
    expect(verdict({ contexts: [{ name: 'mfa', withinSeconds: 3_600 }] })).toBe('login context_required')
    expect(verdict({ maxAgeSeconds: 300 })).toBe('forward')
    expect(verdict({ maxAgeSeconds: 300 }, at, now + 400)).toBe('login sign_in_too_old')
  })
})

describe('breakGlassStands', () => {
  for (const [name, openUntil, later, stands] of [
    ['lets a session be used while it is open', 3_000, 3_000, true],
    ['ends it with its lifetime, though it is open', 4_000, 3_600, false],
    ['lets it go on for the grace after that', 1_000, 1_899, true],
    ['ends it with the grace', 1_000, 1_900, false],
    ['counts from the beginning where it was never seen to be open', null, 899, true],
    ['and no longer', null, 900, false],
  ] as const) {
    test(name, () => {
      const seen = openUntil === null ? null : now + openUntil
      expect(breakGlassStands(at, made, { times, openUntil: seen, now: now + later })).toBe(stands)
    })
  }

  test('ends the session of an account that is gone', () => {
    expect(breakGlassStands(tenant(), made, { times, openUntil: now, now })).toBe(false)
  })
})

test('sessionStatus ends such a session at its own time, and no later than any other', () => {
  const status = (lifetimeSeconds: number, when: number) => sessionStatus(made.facts, { lifetimeSeconds }, now + when)
  expect([status(36_000, 3_599), status(36_000, 3_600), status(600, 600)]).toEqual(['live', 'ended', 'ended'])
})

test('foldAccountName takes every spelling of a name for the same (T54)', () => {
  for (const typed of ['anna', ' Anna ', 'ANNA', 'ａｎｎａ', 'an na', 'an\u200bna', 'anna\t', '\u00a0anna'])
    expect(foldAccountName(typed)).toBe('anna')
  expect(foldAccountName('x'.repeat(100_000))).toHaveLength(200)
})
