import assert from 'node:assert/strict'
import { test } from 'vitest'
import { issuesOf, linesOf, load, minimal, tenant, withTenant } from './written.ts'

const [contoso] = minimal().providers
const plain = {
  ...{ kind: 'oidc', name: 'keycloak', issuer: 'https://login.example.com/realms/staff', clientId: 'gate' },
  credential: { secret: '${env:CLIENT}' },
}

test('checkProvider asks for clientId and credential, unless the provider is switched off', () => {
  const { clientId: _, credential: __, ...bare } = contoso ?? {}
  const message = 'this is required, unless the provider has `enabled: false`'
  assert.deepEqual(linesOf({ ...minimal(), providers: [bare] }), [
    `providers[0].clientId: ${message}`,
    `providers[0].credential: ${message}`,
  ])
  assert.deepEqual(linesOf(withTenant({ providers: [{ ...bare, name: 'own' }] })), [
    `tenants[0].providers[0].clientId: ${message}`,
    `tenants[0].providers[0].credential: ${message}`,
  ])
  const off = load({ ...minimal(), providers: [{ ...bare, enabled: false }] })
  assert.deepEqual([off.tenants, off.closedHosts.get('payroll.contoso.com')?.why], [[], 'off'])
})

test('compile takes any other OpenID provider, and of several the one that is switched on', () => {
  const file = {
    ...minimal(),
    providers: [{ ...contoso, enabled: false }, plain],
    tenants: [tenant('a', { providers: ['contoso', 'keycloak'] })],
  }
  const { credential, ...provider } = load(file).tenants[0]?.provider ?? assert.fail()
  assert.deepEqual(provider, {
    ...{ kind: 'oidc', name: 'keycloak', clientId: 'gate', issuer: 'https://login.example.com/realms/staff' },
    ...{ scopes: ['profile', 'email'], groupsClaim: 'groups', appRolesClaim: 'roles' },
  })
})

test('checkTenant lets groups have names only where no provider is Entra’s', () => {
  const roles = [{ name: 'staff', groups: ['Domain Users'] }]
  assert.deepEqual(
    linesOf({ ...minimal(), providers: [plain], tenants: [tenant('a', { providers: ['keycloak'], roles })] }),
    [],
  )
  assert.deepEqual(linesOf(withTenant({ providers: [plain], roles })), [])
  assert.deepEqual(linesOf(withTenant({ roles })), ['tenants[0].roles[0].groups[0]: this is not a GUID'])
})

test('loadConfig says what is wrong within a provider of a tenant’s own, at its place', () => {
  const wrong = (provider: unknown) => linesOf(withTenant({ providers: [provider] }))
  for (const [provider, lines] of [
    [{ ...plain, colour: 'red' }, ['tenants[0].providers[0].colour: this key is not known']],
    [{ ...plain, kind: 'oidcc' }, ['tenants[0].providers[0].kind: this is none of the values that are allowed']],
    [{ ...plain, issuer: 'x' }, ['tenants[0].providers[0].issuer: this does not begin with https:// or http://']],
    [
      { ...contoso, name: 'own', tenantId: 'common' },
      [
        'tenants[0].providers[0].tenantId: this lets in accounts of any directory: sign-in is for one directory, given by its id',
      ],
    ],
    [
      { ...contoso, name: 'own', issuer: 'https://a.example' },
      ['tenants[0].providers[0].issuer: this key is not known'],
    ],
    [{ ...contoso }, ['tenants[0].providers[0].name: a shared provider has this name']],
    ['Not A Name', ['tenants[0].providers[0]: this is not a name']],
    [7, ['tenants[0].providers[0]: this is none of the values that are allowed']],
  ] as const) {
    assert.deepEqual(wrong(provider), lines)
  }
})

test('loadConfig names the keys of the kind that is meant, and the nearest', () => {
  const [issue] = issuesOf({ ...minimal(), providers: [{ ...plain, name: 'contoso', isuer: 'x' }] })
  assert.deepEqual([issue?.path, issue?.nearest], ['providers[0].isuer', 'issuer'])
  assert.match(issue?.allowed ?? '', /^kind, name, enabled, issuer, clientId, /)
  const [shape] = issuesOf({ ...minimal(), providers: contoso })
  assert.equal(shape?.allowed, 'a list, each a mapping whose kind is entra or oidc')
  const [kind] = issuesOf({ ...minimal(), providers: [{ ...contoso, kind: 'entr' }] })
  assert.deepEqual([kind?.found, kind?.allowed, kind?.nearest], ['entr', 'entra, oidc', 'entra'])
})

test('loadConfig never shows a secret that stands in a provider of a tenant’s own', () => {
  const issues = issuesOf(
    withTenant({
      providers: [{ ...plain, credential: { secret: 'hunter2' } }, { credential: 'hunter2' }, ['hunter2']],
    }),
  )
  assert(issues.length >= 3, JSON.stringify(issues))
  assert.doesNotMatch(JSON.stringify(issues), /hunter2/)
})
