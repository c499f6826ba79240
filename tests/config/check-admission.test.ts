import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { linesOf, load, minimal, tenant, withTenant } from './written.ts'

const [contoso = {}] = minimal().providers
const guid = '11111111-2222-3333-4444-555555555555'
const plain = {
  ...{ kind: 'oidc', name: 'keycloak', issuer: 'https://login.example.com/realms/staff', clientId: 'gate' },
  credential: { secret: '${env:CLIENT}' },
}
const at = (provider: object, more: Record<string, unknown>) => ({
  ...minimal(),
  providers: [{ ...provider, name: 'people' }],
  tenants: [tenant('payroll', { providers: ['people'], ...more })],
})
const several = { ...contoso, tenantId: 'organizations', allowedTenantIds: [guid] }
const common = { ...contoso, tenantId: 'common', allowedTenantIds: [guid] }
const consumers = { ...contoso, tenantId: 'consumers' }
const anybody = 'whoever runs one of them can write any e-mail address into it'

describe('checkAdmission', () => {
  test('takes rules, and nothing is asked where none is written', () => {
    const rules = { guests: 'deny', require: { claims: ['email', 'employeeid'], emailDomains: ['Contoso.com'] } }
    assert.deepEqual(load(withTenant(rules)).tenants[0]?.admission, {
      ...{ guests: 'deny', claims: ['email', 'employeeid'], emailDomains: ['contoso.com'] },
    })
    assert.deepEqual(load(minimal()).tenants[0]?.admission, { guests: 'allow', claims: [], emailDomains: [] })
  })

  const domains = { require: { emailDomains: ['contoso.com'] } }
  for (const [name, provider, lines] of [
    ['one directory', contoso, []],
    ['the directory of a domain', { ...contoso, tenantId: 'contoso.com' }, []],
    ['another provider that is asked for addresses', plain, []],
    [
      'another provider that is not',
      { ...plain, scopes: ['profile'] },
      ['the provider people is not asked for e-mail addresses: its `scopes` lack `email`'],
    ],
    ...[several, common, consumers].map(
      (each) =>
        [each.tenantId, each, [`people of several directories come by the provider people, and ${anybody}`]] as const,
    ),
  ] as const) {
    test(`${lines.length === 0 ? 'takes' : 'refuses'} e-mail domains with ${name} (T108)`, () => {
      assert.deepEqual(
        linesOf(at(provider, domains)),
        lines.map((line) => `tenants[0].require.emailDomains: ${line}`),
      )
    })
  }

  for (const headers of [
    { presets: ['x-forwarded'], user: 'email' },
    { presets: ['x-forwarded'], user: 'mailto:{claim.email}' },
    { set: { user: '{claim.name} <{claim.email}>' } },
  ] as const) {
    test(`refuses ${JSON.stringify(headers)} for people of several directories (T108)`, () => {
      const place = 'user' in headers ? 'user' : 'set.user'
      const said = `people of several directories come by the provider people, and ${anybody}: a preset sends the address where it is verified, and \`oid\` never changes`
      assert.deepEqual(linesOf(at(several, { headers })), [`tenants[0].headers.${place}: ${said}`])
      const routes = [{ path: '/', access: 'signed-in', headers }]
      assert.deepEqual(linesOf(at(several, { routes })), [`tenants[0].routes[0].headers.${place}: ${said}`])
      assert.deepEqual(linesOf(at(contoso, { headers })), [])
    })
  }

  test('takes a preset for people of several directories: it sends what is verified', () =>
    assert.deepEqual(linesOf(at(several, { headers: { presets: ['x-forwarded'] } })), []))

  test('refuses a rule about guests where there are none', () => {
    assert.deepEqual(linesOf(at(plain, { guests: 'deny' })), [
      'tenants[0].guests: only directories of Microsoft Entra have guests: with these providers this has no effect',
    ])
    assert.deepEqual(linesOf({ ...at(plain, {}), defaults: { guests: 'deny' } }), [])
  })

  test('refuses what stands there twice', () => {
    assert.deepEqual(linesOf(withTenant({ require: { claims: ['a', 'a'], emailDomains: ['a.com', 'A.com'] } })), [
      'tenants[0].require.claims[1]: this claim stands here already',
      'tenants[0].require.emailDomains[1]: this domain stands here already',
    ])
  })
})
