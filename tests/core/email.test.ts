import { describe, expect, test } from 'vitest'
import type { EntraProvider, PlainProvider } from '../../src/core/gateway.ts'
import { domainOf, vouchedEmail } from '../../src/core/identity/email.ts'
import type { ClaimValue } from '../../src/core/identity/session.ts'
import { secretCredential } from '../credentials.ts'
import { contoso, directoryId, session } from './build.ts'

const several: EntraProvider = { ...contoso, tenantId: 'organizations', allowedTenantIds: [directoryId] }
const personal: EntraProvider = { ...contoso, tenantId: 'consumers' }
const byDomain: EntraProvider = { ...contoso, tenantId: 'contoso.example' }
const plain: PlainProvider = {
  ...{ kind: 'oidc', name: 'staff', label: 'staff', emailDomains: [], authContexts: {}, scopes: ['email'] },
  ...{ issuer: 'https://login.example', clientId: 'x', credential: secretCredential('x') },
  ...{ groupsClaim: 'groups', appRolesClaim: 'roles' },
}
const email = 'ada@contoso.example'

describe('vouchedEmail', () => {
  const cases: readonly (readonly [
    string,
    EntraProvider | PlainProvider,
    Record<string, ClaimValue>,
    string | null,
  ])[] = [
    ['that of a member of the one directory', contoso, { email }, email],
    ['that of a member of the directory of a domain', byDomain, { email }, email],
    ['none where there is none', contoso, {}, null],
    ['none of a guest (T113)', contoso, { email, acct: 1 }, null],
    ['none of a guest by another sign (T113)', contoso, { email, idp: 'mail' }, null],
    ['that of a guest where its domain was verified', contoso, { email, acct: 1, xms_edov: true }, email],
    ['none where it was expressly not verified', contoso, { email, xms_edov: false }, null],
    ['none where that is said in words that nobody knows', contoso, { email, xms_edov: 'yes' }, null],
    ['none of several directories (T108)', several, { email }, null],
    ['none of personal accounts (T108)', personal, { email }, null],
    ...[true, 1, '1', 'true', 'True'].map(
      (xms_edov) =>
        [`that whose domain was verified: ${JSON.stringify(xms_edov)}`, several, { email, xms_edov }, email] as const,
    ),
    ...[false, 0, '0', 'false', '', 2, ['true']].map(
      (xms_edov) => [`none for ${JSON.stringify(xms_edov)} (T108)`, several, { email, xms_edov }, null] as const,
    ),
    ['one that is listed as verified', several, { email, verified_primary_email: ['ADA@contoso.example'] }, email],
    ['the verified one where there is no other', several, { verified_primary_email: [email] }, email],
    ['none where another one is verified (T108)', several, { email, verified_primary_email: ['x@y.example'] }, null],
    ['none of a verified list that is empty', several, { email, verified_primary_email: [] }, null],
    ['that which another provider calls verified', plain, { email, email_verified: true }, email],
    ['none that it calls unverified', plain, { email, email_verified: false }, null],
    ['none that it says nothing of, where it must be verified', plain, { email }, null],
  ]
  for (const [name, provider, claims, expected] of cases) {
    test(`gives ${name}`, () => expect(vouchedEmail(provider, session({ claims }).facts, true)).toBe(expected))
  }

  test('gives what another provider says nothing of, where it must only not be called unverified', () => {
    expect(vouchedEmail(plain, session({ claims: { email } }).facts, false)).toBe(email)
    expect(vouchedEmail(plain, session({ claims: { email, email_verified: 'no' } }).facts, false)).toBe(null)
  })
})

describe('domainOf', () => {
  for (const [address, expected] of [
    ['ada@Contoso.Example', 'contoso.example'],
    ['a@b', 'b'],
    ['ada@contoso.example@evil.example', null],
    ['"ada@contoso.example"@evil.example', null],
    ['ada', null],
    ['@contoso.example', null],
    ['ada@', null],
    ['ada@contoso.example ', null],
    ['<ada@contoso.example>', null],
  ] as const) {
    test(`gives ${expected} of ${address}`, () => expect(domainOf(address)).toBe(expected))
  }
})
