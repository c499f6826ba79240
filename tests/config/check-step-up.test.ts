import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { linesOf, load, minimal, tenant, withTenant } from './written.ts'

const [contoso = {}] = minimal().providers
const strong = { ...contoso, authContexts: { mfa: 'c1', boss: 'c25' } }
const plain = {
  ...{ kind: 'oidc', name: 'keycloak', issuer: 'https://login.example.com/realms/staff', clientId: 'gate' },
  credential: { secret: '${env:CLIENT}' },
}
const file = (routes: readonly object[], more: object = {}, providers: readonly object[] = [strong]) => ({
  ...minimal(),
  providers,
  tenants: [tenant('payroll', { routes, ...more })],
})
const root = { path: '/', access: 'signed-in' }

describe('checkStepUp', () => {
  test('takes what all providers of the tenant can prove', () => {
    const admin = { path: '/admin', access: 'signed-in', authContext: 'mfa', authContextAge: '1h', maxAge: '10m' }
    const route = load(file([admin, root])).tenants[0]?.routes[0]
    assert.deepEqual([route?.authContext, route?.authContextSeconds, route?.maxAgeSeconds], ['mfa', 3_600, 600])
    const usual = load(file([{ ...root, authContext: 'mfa' }])).tenants[0]?.routes[0]
    assert.deepEqual([usual?.authContextSeconds, usual?.maxAgeSeconds], [36_000, null])
  })

  test('names the provider that lacks a context', () => {
    const asked = [{ ...root, authContext: 'mfa' }]
    const lacks = (name: string) =>
      `tenants[0].routes[0].authContext: the provider ${name} has no authentication context of this name: its \`authContexts\` must say what it calls it`
    assert.deepEqual(linesOf(file(asked, {}, [contoso])), [lacks('contoso')])
    assert.deepEqual(linesOf(file([{ ...root, authContext: 'mfaa' }])), [lacks('contoso')])
    const both = { providers: ['contoso', 'keycloak'] }
    assert.deepEqual(linesOf(file(asked, both, [strong, plain])), [lacks('keycloak')])
    assert.deepEqual(linesOf(file(asked, both, [strong, { ...plain, enabled: false }])), [])
    assert.deepEqual(linesOf(file(asked, both, [strong, { ...plain, authContexts: { mfa: 'gold' } }])), [])
    assert.deepEqual(linesOf(file(asked, { providers: [{ ...contoso, name: 'own' }] })), [lacks('own')])
  })

  for (const access of ['public', 'optional'] as const) {
    test(`refuses to ask for anything where everybody passes: ${access}`, () => {
      const message = `with \`access: ${access}\` whoever is not signed in passes: this could not be asked of anybody`
      assert.deepEqual(linesOf(file([{ path: '/', access, authContext: 'mfa', maxAge: '10m' }])), [
        `tenants[0].routes[0].authContext: ${message}`,
        `tenants[0].routes[0].maxAge: ${message}`,
      ])
    })
  }

  test('refuses an age without a context', () => {
    assert.deepEqual(linesOf(file([{ ...root, authContextAge: '1h' }])), [
      'tenants[0].routes[0].authContextAge: without `authContext` this has no effect',
    ])
  })

  for (const [name, authContexts, lines] of [
    ['an id that Entra does not have', { mfa: 'c0' }, ['mfa: this is not the ID of an authentication context']],
    ['an id beyond those', { mfa: 'c100' }, ['mfa: this is not the ID of an authentication context']],
    ['an id in capitals', { mfa: 'C1' }, ['mfa: this is not the ID of an authentication context']],
    ['a name of ours that is none', { MFA: 'c1' }, ['MFA: this is not a name']],
  ] as const) {
    test(`refuses ${name}`, () => {
      assert.deepEqual(
        linesOf({ ...minimal(), providers: [{ ...contoso, authContexts }] }),
        lines.map((line) => `providers[0].authContexts.${line}`),
      )
    })
  }

  test('refuses a value of `acr` that would be two, or would end a header', () => {
    for (const value of ['gold silver', 'go"ld', 'go\\ld', ''])
      assert.deepEqual(linesOf({ ...minimal(), providers: [{ ...plain, authContexts: { mfa: value } }, contoso] }), [
        'providers[0].authContexts.mfa: this is not a value of `acr`',
      ])
  })
})

describe('callbackPath', () => {
  for (const path of [
    '/signin-oidc',
    '/a/b/',
    '/.auth/callback',
    '/.auth/callback/',
    '/.auth/login/aad/callback',
    '/oauth2/callback',
  ]) {
    test(`may be ${path}`, () => assert.equal(load(withTenant({ callbackPath: path })).tenants[0]?.callbackPath, path))
  }

  for (const [path, problem] of [
    ['/', 'this is not a plain path'],
    ['signin-oidc', 'a path begins with a slash'],
    ['//signin', 'this is not a plain path'],
    ['/a//b', 'this is not a plain path'],
    ['/a/../b', 'this is not a plain path'],
    ['/a/.', 'this is not a plain path'],
    ['/a.', 'this is not a plain path'],
    ['/a%20b', 'this is not a plain path'],
    ['/a;b', 'this is not a plain path'],
    ['/a?b', 'this is not a plain path'],
    ['/a b', 'this is not a plain path'],
    ['/.auth', 'another endpoint of the gateway is there'],
    ['/.auth/login', 'another endpoint of the gateway is there'],
    ['/.AUTH/Login/', 'another endpoint of the gateway is there'],
    ['/.auth/help/50011', 'another endpoint of the gateway is there'],
    [`/${'a'.repeat(200)}`, 'this has more than 200 characters'],
  ] as const) {
    test(`may not be ${path.slice(0, 40)}`, () =>
      assert.deepEqual(linesOf(withTenant({ callbackPath: path })), [`tenants[0].callbackPath: ${problem}`]))
  }

  test('is not where a route is', () => {
    const at = (route: object) =>
      linesOf(withTenant({ callbackPath: '/signin/', routes: [{ access: 'public', ...route }] }))
    const taken = ['tenants[0].routes[0].path: this is `callbackPath`, where people come back from signing in']
    assert.deepEqual(at({ path: '/signin' }), taken)
    assert.deepEqual(at({ path: '/signin/', exact: true, methods: ['GET', 'POST'] }), taken)
    assert.deepEqual(at({ path: '/signin', methods: ['POST'] }), [])
    assert.deepEqual(at({ path: '/signin/below' }), [])
    assert.deepEqual(at({ path: '/' }), [])
  })
})
