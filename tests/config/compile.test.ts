import assert from 'node:assert/strict'
import { test } from 'vitest'
import { boundCookies } from '../../src/config/bound-cookie-names.ts'
import { resolveTenant } from '../../src/core/request/tenant.ts'
import { secretOf } from '../credentials.ts'
import { clientSecret, load, minimal, tenant, withTenant } from './written.ts'

const payrollsUpstream = {
  act: 'forward',
  upstream: {
    ...{ protocol: 'http:', hostname: '10.0.0.7', port: 8080, origin: 'http://10.0.0.7:8080', socketPath: null },
    tls: { ca: null, clientCertificate: null, serverName: null },
    ...{ connectTimeoutSeconds: 5, firstByteTimeoutSeconds: 60, idleTimeoutSeconds: 0 },
  },
  ...{ host: 'payroll.contoso.com', stripPrefix: null, headers: { entries: [], encoding: 'utf8', accessToken: null } },
  bindCookies: boundCookies(['known']),
}
/** What a route says that says no more than it must. */
const usual = {
  ...{ authContext: null, authContextSeconds: 0, maxAgeSeconds: null },
  onUnauthenticated: 'auto',
  keepsAlive: true,
  preflight: 'judge',
  to: payrollsUpstream,
}

test('compile fills in every default', () => {
  const gateway = load(minimal())
  assert.deepEqual(gateway.server, {
    listen: { host: '0.0.0.0', port: 8080 },
    management: { host: '127.0.0.1', port: 9090 },
    trustedProxies: [],
    log: { level: 'info', requests: 'refused' },
    drainSeconds: 25,
    tls: null,
    timeouts: { headerSeconds: 30, bodySeconds: 60, keepAliveSeconds: 75 },
    limits: {
      ...{ headerBytes: 16_384, connections: 20_000, minimumBytesPerSecond: 100, failures: 600 },
      signIns: { perCaller: 6_000, perTenant: 30_000, overall: 60_000 },
      ...{ webSockets: 10_000, openPerPerson: 500, keptFormBytes: 67_108_864 },
    },
    egress: { proxy: null, noProxy: [], ca: null },
    console: null,
  })
  const { secrets: _, ...session } = gateway.session
  assert.deepEqual(session, {
    lifetimeSeconds: 36_000,
    idleSeconds: 3_600,
    revalidateSeconds: 900,
    perPerson: null,
    store: { type: 'memory', maxSessions: 100_000 },
  })
  const { providers, ...payroll } = gateway.tenants[0] ?? assert.fail('no tenant')
  const [provider] = providers
  assert.equal(provider.kind === 'entra' && provider.authority, 'https://login.microsoftonline.com')
  assert.equal(secretOf(provider), clientSecret)
  assert.deepEqual(payroll, {
    name: 'payroll',
    publicUrl: { scheme: 'https', host: 'payroll.contoso.com', origin: 'https://payroll.contoso.com' },
    aliases: [],
    certificate: null,
    roles: [],
    noRole: { act: 'refuse' },
    sendRoles: 'all',
    emergency: [],
    admission: { guests: 'allow', claims: [], emailDomains: [] },
    callbackPath: '/.auth/callback',
    routes: [
      {
        ...{ path: '/', trailingSlash: false, exact: false, methods: null, access: { level: 'signed-in' } },
        ...usual,
      },
    ],
    ...{ embeddedBy: [], keepFragment: false, keptFormBytes: 1_048_576, photo: false },
    branding: { name: 'payroll', support: null },
  })
})

test('compile keeps routes in the order in which they are written', () => {
  const routes = [
    { path: '/', access: 'optional' },
    { path: '/a/', access: 'public' },
    { path: '/a/', access: 'public', exact: true, methods: ['GET'] },
    { path: '/b', access: ['x', 'y'] },
  ]
  const roles = [
    { name: 'x', groups: ['AAAAAAAA-1111-2222-3333-444444444444'] },
    { name: 'y', appRoles: ['Y'] },
  ]
  const [compiled] = load(withTenant({ routes, roles, noRole: 'y' })).tenants
  assert.deepEqual(compiled?.routes, [
    { path: '/', trailingSlash: false, exact: false, methods: null, access: { level: 'optional' }, ...usual },
    { path: '/a', trailingSlash: false, exact: false, methods: null, access: { level: 'public' }, ...usual },
    { path: '/a', trailingSlash: true, exact: true, methods: ['GET'], access: { level: 'public' }, ...usual },
    {
      path: '/b',
      trailingSlash: false,
      exact: false,
      methods: null,
      access: { level: 'roles', anyOf: ['x', 'y'] },
      ...usual,
    },
  ])
  const { name, groups } = compiled?.roles[0] ?? {}
  assert.deepEqual({ name, groups }, { name: 'x', groups: ['aaaaaaaa-1111-2222-3333-444444444444'] })
  assert.deepEqual(compiled?.noRole, { act: 'role', role: 'y' })
})

test('compile spells out presets first, then what is set by hand', () => {
  const headers = {
    presets: ['x-forwarded'],
    user: '{claim.upn}',
    set: { 'X-Employee': 'E-{claim.employeeid}' },
    encoding: 'latin1',
  }
  const to = load(withTenant({ headers })).tenants[0]?.routes[0]?.to
  assert.deepEqual(to?.act === 'forward' && to.headers, {
    entries: [
      { name: 'X-Forwarded-User', parts: [{ claim: 'upn' }] },
      { name: 'X-Forwarded-Email', parts: [{ vouched: 'email' }] },
      { name: 'X-Forwarded-Name', parts: [{ claim: 'name' }] },
      { name: 'X-Forwarded-Groups', parts: [{ list: 'groups' }] },
      { name: 'X-Forwarded-Roles', parts: [{ list: 'roles' }] },
      { name: 'X-Forwarded-Preferred-Username', parts: [{ claim: 'preferred_username' }] },
      { name: 'X-Employee', parts: [{ text: 'E-' }, { claim: 'employeeid' }] },
    ],
    encoding: 'latin1',
    accessToken: null,
  })
})

test('compile sends an access token as a bearer in Authorization, and bare in any other header', () => {
  const planned = (accessToken: object) => {
    const to = load(withTenant({ headers: { accessToken } })).tenants[0]?.routes[0]?.to
    return to?.act === 'forward' ? to.headers.accessToken : null
  }
  const scope = 'api://payroll/.default'
  assert.deepEqual(planned({ scope }), { scope, name: 'Authorization', prefix: 'Bearer ' })
  assert.deepEqual(planned({ scope, header: 'X-Token' }), { scope, name: 'X-Token', prefix: '' })
})

test('compile takes the scope that brings refresh tokens', () => {
  const provider = {
    ...{
      kind: 'oidc',
      name: 'other',
      issuer: 'https://login.example.com',
      clientId: 'x',
      credential: { secret: '${env:CLIENT}' },
    },
    scopes: ['profile', 'offline_access'],
  }
  const [compiled] = load(withTenant({ providers: [provider] })).tenants[0]?.providers ?? []
  assert.deepEqual(compiled?.kind === 'oidc' && compiled.scopes, ['profile', 'offline_access'])
})

test('compile gives tenants that share a provider the same object of it', () => {
  const { tenants } = load({ ...minimal(), tenants: [tenant('a'), tenant('b')] })
  assert.equal(tenants[0]?.providers[0], tenants[1]?.providers[0])
})

test('compile finds each tenant by the host that a request has', () => {
  const gateway = load({
    ...minimal(),
    tenants: [
      tenant('a', { publicUrl: 'https://A.example:8443' }),
      tenant('b', { publicUrl: 'http://b.localhost:443' }),
    ],
  })
  assert.equal(resolveTenant(gateway, 'a.example:8443')?.name, 'a')
  // normaliseHost drops :443 whatever the scheme, and so must the key.
  assert.equal(resolveTenant(gateway, 'b.localhost')?.name, 'b')
  assert.equal(gateway.tenantsByHost.size, 2)
})

test('compile freezes everything, to the last leaf', () => {
  const seen = new Set<object>()
  const frozen = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || seen.has(value)) return
    seen.add(value)
    assert(Object.isFrozen(value), JSON.stringify(value))
    for (const part of value instanceof Map ? value.values() : Object.values(value)) frozen(part)
  }
  frozen(load(withTenant({ roles: [{ name: 'a', appRoles: ['A'] }], headers: { presets: ['x-forwarded'] } })))
  assert(seen.size > 20)
})
