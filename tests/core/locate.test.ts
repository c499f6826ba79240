import { describe, expect, test } from 'vitest'
import type { RequestFacts } from '../../src/core/request/facts.ts'
import { locate } from '../../src/core/request/locate.ts'
import { normaliseHost } from '../../src/core/request/tenant.ts'
import { facts, gateway, route, tenant } from './build.ts'

const other = tenant({
  name: 'other',
  publicUrl: { scheme: 'http', host: 'localhost:8080', origin: 'http://localhost:8080' },
})
const gate = gateway(tenant(), other)
const at = (also: Partial<RequestFacts>) => {
  const located = locate(gate, facts(also))
  switch (located.at) {
    case 'refused':
      return located.reason
    case 'endpoint':
      return `${located.tenant.name} ${located.endpoint} ${located.segment}`.trim()
    case 'console':
      return `console ${located.place.at}`
    default:
      return located.tenant.name
  }
}

describe('locate', () => {
  test('has no service worker at our addresses, nor where people come back (T118)', () => {
    const own = tenant({ callbackPath: '/signin-oidc' })
    const headers = { 'service-worker': 'script' }
    for (const target of ['/.auth/login', '/.auth/x', '/.AUTH/me', '/signin-oidc', '/signin-oidc?x=/sw.js']) {
      const located = locate(gateway(own), facts({ target, headers }))
      expect(located).toMatchObject({ at: 'refused', reason: 'endpoint_unknown', detail: 'service-worker' })
    }
    expect(locate(gateway(own), facts({ target: '/sw.js', headers })).at).toBe('route')
  })

  for (const host of [
    'payroll.example',
    'PAYROLL.Example',
    'payroll.example.',
    'payroll.example:443',
    'payroll.example:80',
    'payroll.example.:443',
  ]) {
    test(`finds the tenant of ${host} (T10)`, () => expect(at({ host })).toBe('payroll'))
  }
  for (const [host, expected] of [
    ['localhost:8080', 'other'],
    ['localhost', 'tenant_unknown'],
    ['payroll.example:8443', 'tenant_unknown'],
    ['evil-payroll.example', 'tenant_unknown'],
    ['payroll.example.evil.example', 'tenant_unknown'],
    ['10.0.0.1', 'tenant_unknown'],
    ['user@payroll.example', 'request_malformed'],
    ['payroll.example/', 'request_malformed'],
    ['payroll.example, other', 'request_malformed'],
    ['payroll.example..', 'request_malformed'],
    ['', 'request_malformed'],
    [null, 'request_malformed'],
  ] as const) {
    test(`answers ${expected} for the host ${JSON.stringify(host)} (T10, T15)`, () =>
      expect(at({ host })).toBe(expected))
  }

  for (const [target, expected] of [
    ['/.auth/login', 'payroll login'],
    ['/.auth/login?return_to=%2Fx', 'payroll login'],
    ['/.auth/callback?code=x', 'payroll callback'],
    ['/.auth/me', 'payroll me'],
    ['/.auth/signed-out', 'payroll signedOut'],
    ['/.auth/help', 'payroll help'],
    ['/.auth/help?code=50105', 'payroll help'],
    ['/.auth/help/AADSTS50105?x', 'payroll helpWithCode AADSTS50105'],
    ['/.auth/help/%3Cscript%3E', 'payroll helpWithCode %3Cscript%3E'],
    ['/.auth/help/', 'endpoint_unknown'],
    ['/.auth/help//', 'endpoint_unknown'],
    ['/.auth/help/50105/', 'endpoint_unknown'],
    ['/.auth/help/50105/x', 'endpoint_unknown'],
    ['/.auth/HELP/50105', 'endpoint_unknown'],
    ['/.auth/help/../login', 'path_refused'],
    ['/.auth/login/x', 'endpoint_unknown'],
    ['/.auth/me/50105', 'endpoint_unknown'],
    ['/.auth', 'endpoint_unknown'],
    ['/.auth/', 'endpoint_unknown'],
    ['/.auth/unknown', 'endpoint_unknown'],
    ['/.AUTH/login', 'endpoint_unknown'],
    ['/.auth//login', 'endpoint_unknown'],
    ['/.auth/login/', 'endpoint_unknown'],
    ['/.auth%2Flogin', 'endpoint_unknown'],
    ['/.auth;x/login', 'endpoint_unknown'],
    ['/.%61uth/login', 'endpoint_unknown'],
    ['/.authentic', 'payroll'],
    ['/x/.auth/login', 'payroll'],
  ] as const) {
    test(`says ${expected} for ${target}`, () => expect(at({ target })).toBe(expected))
  }

  for (const [name, also, expected] of [
    ['a doubled header', { repeated: ['authorization'] }, 'request_malformed'],
    ['HTTP/0.9', { version: '0.9' }, 'request_malformed'],
    ['HTTP/2.0 in the words of 1.1', { version: '2.0' }, 'request_malformed'],
    ['chunks in HTTP/1.0', { version: '1.0', headers: { 'transfer-encoding': 'chunked' } }, 'request_malformed'],
    ['a length with a zero before it', { headers: { 'content-length': '05' } }, 'request_malformed'],
    ['a length beyond numbers', { headers: { 'content-length': '9007199254740993' } }, 'request_malformed'],
    [
      'a Connection header that names an identity header (T26)',
      { headers: { connection: 'keep-alive, X-Forwarded-User' } },
      'request_malformed',
    ],
    [
      'a Connection header that names it with an underscore',
      { headers: { connection: 'x_remote_user' } },
      'request_malformed',
    ],
    ['a Connection header that names the cookie', { headers: { connection: 'cookie' } }, 'request_malformed'],
    ['an unknown expectation', { headers: { expect: 'x' } }, 'expectation_refused'],
    ['a fragment in the query (T6)', { target: '/a?b#c' }, 'path_refused'],
    ['an absolute target (T9)', { target: 'http://payroll.example/' }, 'path_refused'],
    ['the asterisk (T9)', { target: '*', method: 'OPTIONS' }, 'path_refused'],
    ['a path over 8 KB', { target: `/${'a'.repeat(8_193)}` }, 'path_too_long'],
    ['TRACE', { method: 'TRACE' }, 'method_refused'],
    ['a POST to an endpoint that only reads', { method: 'POST', target: '/.auth/me' }, 'method_refused'],
  ] as const) {
    test(`refuses ${name}`, () => expect(at(also)).toBe(expected))
  }

  test('lets an ordinary Connection header and 100-continue pass', () => {
    expect(at({ headers: { connection: 'keep-alive, Upgrade', expect: '100-continue' } })).toBe('payroll')
    expect(at({ headers: { connection: 'close, x-my-own' } })).toBe('payroll')
  })

  test('never looks at the query to decide (T7)', () => {
    expect(at({ target: '/x?/.auth/login' })).toBe('payroll')
    expect(at({ target: '/x?next=/../admin' })).toBe('payroll')
  })
})

describe('normaliseHost', () => {
  test('keeps ports that are not those of http and https, and brackets of IPv6', () => {
    expect(normaliseHost('[::1]:8080')).toBe('[::1]:8080')
    expect(normaliseHost('A.b:8443')).toBe('a.b:8443')
  })
})

describe('locate, at other hosts', () => {
  const pay = { scheme: 'https', host: 'pay.example', origin: 'https://pay.example' } as const
  const payroll = tenant({ aliases: [pay] })
  const house = {
    ...gateway(payroll),
    closedHosts: new Map([
      ['off.example', { tenant: 'off', why: 'off' }],
      ['broken.example', { tenant: 'broken', why: 'broken' }],
    ] as const),
  }
  const found = (also: Partial<RequestFacts>) => locate(house, facts(also))

  for (const [target, location] of [
    ['/', 'https://payroll.example/'],
    ['/a/b?c=d', 'https://payroll.example/a/b?c=d'],
    ['//evil.example/x', 'https://payroll.example//evil.example/x'],
    ['/.auth/login', 'https://payroll.example/.auth/login'],
    ['/%0d%0aX: y', 'https://payroll.example/%0d%0aX: y'],
  ] as const) {
    test(`sends ${target} of an alias to the public URL, and nowhere else`, () =>
      expect(found({ host: 'PAY.example:443', target })).toMatchObject({ at: 'alias', location }))
  }

  test('redirects no target that would go on with the name of the host', () => {
    for (const target of ['.evil.example/', '@evil.example/', ':80/', '*'])
      expect(found({ host: 'pay.example', target }).at).toBe('refused')
  })

  test('redirects no upgrade, since no client follows', () => {
    expect(found({ host: 'pay.example', kind: 'upgrade' })).toMatchObject({ at: 'refused', reason: 'tenant_unknown' })
  })

  test('says of a host that is switched off or broken just that, and serves nobody there', () => {
    expect(found({ host: 'off.example' })).toEqual({ at: 'refused', reason: 'tenant_off', detail: 'off', tenant: null })
    expect(found({ host: 'broken.example' })).toMatchObject({ at: 'refused', reason: 'tenant_broken', tenant: null })
    expect(found({ host: 'other.example' })).toMatchObject({ at: 'refused', reason: 'tenant_unknown' })
  })
})

describe('locate and the path that people come back to', () => {
  const at = (callbackPath: string, target: string, method = 'GET') => {
    const routes = [route('/signin-oidc', ['admin']), route('/', 'signed-in')]
    const located = locate(gateway(tenant({ callbackPath, routes })), facts({ target, method }))
    if (located.at === 'endpoint') return `${located.endpoint} ${located.query}`
    if (located.at !== 'route') return located.at === 'refused' ? located.reason : located.at
    return located.requirement.everyOf.length > 0 ? 'admins only' : 'route'
  }

  for (const [name, callbackPath, target, method, expected] of [
    ['takes it as it is registered', '/signin-oidc', '/signin-oidc?code=1&state=2', 'GET', 'callback code=1&state=2'],
    ['takes it with a slash at its end', '/a/b/', '/a/b/?code=1', 'GET', 'callback code=1'],
    ['leaves it without the slash to the application', '/a/b/', '/a/b?code=1', 'GET', 'route'],
    ['leaves it with a slash to the application', '/signin-oidc', '/signin-oidc/?code=1', 'GET', 'admins only'],
    ['leaves what lies below to the application', '/signin-oidc', '/signin-oidc/x', 'GET', 'admins only'],
    [
      'leaves another case to the application, and to its rules (T13)',
      '/signin-oidc',
      '/Signin-OIDC',
      'GET',
      'admins only',
    ],
    ['leaves an escaped spelling to the application (T1)', '/signin-oidc', '/%73ignin-oidc', 'GET', 'admins only'],
    ['leaves parameters of the path to the application (T4)', '/signin-oidc', '/signin-oidc;x=1', 'GET', 'admins only'],
    ['leaves a doubled slash to the application (T3)', '/a/b', '/a//b', 'GET', 'route'],
    ['leaves other methods to the application', '/signin-oidc', '/signin-oidc', 'POST', 'admins only'],
    ['leaves HEAD to the application', '/signin-oidc', '/signin-oidc', 'HEAD', 'admins only'],
    [
      'takes one below the prefix',
      '/.auth/login/aad/callback',
      '/.auth/login/aad/callback?code=1',
      'GET',
      'callback code=1',
    ],
    [
      'knows no other spelling of that',
      '/.auth/login/aad/callback',
      '/.auth/LOGIN/aad/callback',
      'GET',
      'endpoint_unknown',
    ],
    [
      'refuses other methods there',
      '/.auth/login/aad/callback',
      '/.auth/login/aad/callback',
      'POST',
      'endpoint_unknown',
    ],
    [
      'goes on taking the usual one, for sign-ins under way',
      '/signin-oidc',
      '/.auth/callback?code=1',
      'GET',
      'callback code=1',
    ],
    ['refuses other methods at the usual one', '/.auth/callback', '/.auth/callback', 'POST', 'method_refused'],
  ] as const) {
    test(name, () => expect(at(callbackPath, target, method)).toBe(expected))
  }
})

test('locate finds the console at its own host alone, and nothing of a tenant there', () => {
  const console = { scheme: 'https', host: 'gate.example', origin: 'https://gate.example' } as const
  const built = gateway(tenant())
  const withConsole = { ...built, server: { ...built.server, console } }
  const found = (target: string, host = 'gate.example') => {
    const located = locate(withConsole, facts({ host, target }))
    return located.at === 'console' ? located.place : located.at
  }
  expect(found('/')).toEqual({ at: 'front' })
  expect(found('/break-glass/payroll?state=x')).toEqual({ at: 'break-glass', tenant: 'payroll', query: 'state=x' })
  for (const target of [
    '/break-glass',
    '/break-glass/',
    '/break-glass/a/b',
    '/Break-Glass/payroll',
    '//',
    '/.auth/me',
    '',
  ])
    expect(found(target), target).toEqual({ at: 'nothing' })
  for (const host of ['gate.example:8443', 'xgate.example', 'gate.example.evil.example'])
    expect(found('/', host)).toBe('refused')
  expect(found('/', 'GATE.example.:443')).toEqual({ at: 'front' })
  expect(locate(built, facts({ host: 'gate.example', target: '/' })).at).toBe('refused')
})
