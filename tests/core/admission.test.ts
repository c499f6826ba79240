import { describe, expect, test } from 'vitest'
import type { Admission, Provider } from '../../src/core/gateway.ts'
import { refusedAdmission } from '../../src/core/identity/admission.ts'
import type { ClaimValue } from '../../src/core/identity/session.ts'
import { contoso, directoryId, session, tenant } from './build.ts'

const open: Admission = { guests: 'allow', claims: [], emailDomains: [] }
const email = 'ada@contoso.example'

function refusal(rules: Partial<Admission>, claims: Record<string, ClaimValue>, provider: Provider = contoso) {
  const at = tenant({ admission: { ...open, ...rules }, providers: [provider] })
  const authority = provider.kind === 'entra' ? `https://login.example/${provider.tenantId}` : provider.issuer
  return refusedAdmission(at, session({ claims, authority }))
}

describe('refusedAdmission', () => {
  for (const [name, rules, claims, expected] of [
    ['lets everybody in where nothing is asked', {}, {}, null],
    ['lets guests in where that is allowed', {}, { acct: 1 }, null],
    ['refuses guests (T113)', { guests: 'deny' }, { acct: 1, email }, 'guest_refused'],
    ['lets members in where guests are denied', { guests: 'deny' }, { acct: 0 }, null],
    ['lets in whoever has all claims', { claims: ['email', 'employeeid'] }, { email, employeeid: '7' }, null],
    ['takes false and 0 for values', { claims: ['a', 'b'] }, { a: false, b: 0 }, null],
    ['lets in people of the domain', { emailDomains: ['contoso.example'] }, { email }, null],
    ['compares domains without case', { emailDomains: ['contoso.example'] }, { email: 'Ada@CONTOSO.example' }, null],
    ['refuses other domains', { emailDomains: ['fabrikam.example'] }, { email }, 'email_refused'],
    ['refuses what lies below a domain', { emailDomains: ['example'] }, { email }, 'email_refused'],
    ['refuses what only ends like it', { emailDomains: ['toso.example'] }, { email }, 'email_refused'],
    ['refuses whoever has no address', { emailDomains: ['contoso.example'] }, {}, 'email_refused'],
    [
      'refuses the foreign address of a guest (T113)',
      { emailDomains: ['contoso.example'] },
      { email, acct: 1 },
      'email_refused',
    ],
    [
      'takes no user name for an address',
      { emailDomains: ['contoso.example'] },
      { preferred_username: email },
      'email_refused',
    ],
  ] as const) {
    test(name, () => expect(refusal(rules, claims)?.reason ?? null).toBe(expected))
  }

  test('names every claim that has no value', () => {
    const claims = { email: ' ', employeeid: '', department: [], name: 'Ada' }
    expect(refusal({ claims: ['name', 'email', 'employeeid', 'department', 'constructor'] }, claims)).toEqual({
      reason: 'profile_incomplete',
      missing: ['email', 'employeeid', 'department', 'constructor'],
    })
  })

  test('believes an address of several directories only where it was verified (T108)', () => {
    const several: Provider = { ...contoso, tenantId: 'organizations', allowedTenantIds: [directoryId] }
    const rules = { emailDomains: ['contoso.example'] }
    expect(refusal(rules, { email }, several)?.reason).toBe('email_refused')
    expect(refusal(rules, { email, xms_edov: '1' }, several)).toBe(null)
  })

  test('holds changed rules against a session that there is already (T126)', () => {
    const one = session({ claims: { acct: 1 } })
    expect(refusedAdmission(tenant(), one)).toBe(null)
    const changed = tenant({ admission: { ...open, guests: 'deny' } })
    expect(refusedAdmission(changed, one)?.reason).toBe('guest_refused')
    expect(refusedAdmission(changed, one)).toBe(refusedAdmission(changed, one))
  })
})
