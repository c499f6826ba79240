import assert from 'node:assert/strict'
import { describe, test } from 'vitest'
import { linesOf, load, minimal, tenant, withTenant } from './written.ts'

type Json = Record<string, unknown>

const upstream = { url: 'http://other.internal' }
const route = (more: Json, own: Json = {}) =>
  withTenant({ ...own, routes: [{ path: '/a', access: 'signed-in', ...more }] })
/** A tenant without an application of its own. */
function without(routes?: readonly Json[]): Json {
  const { upstream: _, ...payroll } = tenant('payroll')
  return { ...minimal(), tenants: [{ ...payroll, ...(routes && { routes }) }] }
}
const at = (key: string, message: string) => `tenants[0].routes[0].${key}: ${message}`
const notAsked = (answer: string) => `with \`${answer}\` the application is not asked, so this has no effect`

describe('checkDestinations refuses', () => {
  for (const [what, file, lines] of [
    [
      'a tenant without application and routes',
      without(),
      ['tenants[0].upstream: this is required: where the application listens'],
    ],
    [
      'a route that leads nowhere',
      without([{ path: '/', access: 'public' }]),
      [
        'tenants[0].routes[0]: this route leads nowhere: the tenant has no upstream, so name one here, or redirect, or respond',
      ],
    ],
    ['redirect beside respond', route({ redirect: { to: '/b' }, respond: {} }), [at('respond', notAsked('redirect'))]],
    [
      'settings for an application that is not asked',
      route({
        ...{ respond: {}, upstream, timeouts: { connect: '1s' }, headers: {}, stripPrefix: '/a', preflight: 'judge' },
      }),
      ['upstream', 'timeouts', 'headers', 'stripPrefix', 'preflight'].map((key) => at(key, notAsked('respond'))),
    ],
    [
      'the management listener as an application (T125)',
      { ...withTenant({ upstream: { url: 'http://localhost:9090' } }), server: { management: '127.0.0.1:9090' } },
      ['tenants[0].upstream.url: this is the management listener, which is no application'],
    ],
    [
      'the management listener of every address as an application of a route (T125)',
      {
        ...route({ upstream: { url: 'http://127.8.0.1:9091' } }),
        server: { management: '0.0.0.0:9091' },
      },
      [at('upstream.url', 'this is the management listener, which is no application')],
    ],
    [
      'a redirect to itself',
      route({ redirect: { to: '/a/b?c' } }),
      [at('redirect.to', 'this leads to the same route again, without end')],
    ],
    [
      'a redirect of everything to a path that nothing else covers',
      withTenant({ routes: [{ path: '/', access: 'public', redirect: { to: '/start' } }] }),
      [at('redirect.to', 'this leads to the same route again, without end')],
    ],
    [
      'onUnauthenticated where no session is needed',
      route({ access: 'optional', onUnauthenticated: 401 }),
      [at('onUnauthenticated', '`optional` needs no session, so this has no effect')],
    ],
    [
      'preflight where everything passes',
      route({ access: 'public', preflight: 'forward' }),
      [at('preflight', '`public` lets everything through, so this has no effect')],
    ],
    [
      'preflights on a route that does not take their method',
      route({ preflight: 'forward', methods: ['GET', 'PUT'] }),
      [at('methods', 'preflights are OPTIONS, which is not among these')],
    ],
    [
      'a prefix that the path does not begin with',
      route({ stripPrefix: '/b' }),
      [at('stripPrefix', 'the path of the route does not begin with this')],
    ],
    ['a prefix that is none', route({ stripPrefix: '/' }), [at('stripPrefix', 'there is nothing to take off')]],
    [
      'what only https has, over http',
      withTenant({ upstream: { ...upstream, serverName: 'app.internal' } }),
      [
        'tenants[0].upstream.serverName: the application is asked over http, so this has no effect: write https in `url`',
      ],
    ],
    [
      'what only https has, over http, in a route',
      route({ upstream: { ...upstream, serverName: 'app.internal' } }),
      [at('upstream.serverName', 'the application is asked over http, so this has no effect: write https in `url`')],
    ],
    [
      'headers in a route that the gateway makes',
      route({ headers: { set: { Host: 'x' } } }),
      [at('headers.set.Host', 'the gateway makes this header itself')],
    ],
    [
      'a status that is no redirect',
      route({ redirect: { to: '/b', status: 200 } }),
      [at('redirect.status', 'this is none of the values that are allowed')],
    ],
    [
      'a redirect that a browser takes for another host',
      route({ redirect: { to: '//evil.example' } }),
      [at('redirect.to', 'a browser takes this for another host')],
    ],
    [
      'a redirect over http',
      route({ redirect: { to: 'http://a.example' } }),
      [at('redirect.to', 'this is neither a path nor an https URL')],
    ],
    [
      'a link-local application in a route (T125)',
      route({ upstream: { url: 'http://169.254.169.254' } }),
      [at('upstream.url', 'this is a link-local or metadata address, which no application has')],
    ],
  ] as const) {
    test(what, () => assert.deepEqual(linesOf(file), lines))
  }
})

describe('checkDestinations takes', () => {
  for (const [what, file] of [
    ['a tenant whose only route answers by itself', without([{ path: '/', access: 'public', respond: { body: 'x' } }])],
    ['a tenant whose routes have an application each', without([{ path: '/', access: 'public', upstream }])],
    [
      'a redirect to a path that another route covers',
      withTenant({
        routes: [
          { path: '/', exact: true, access: 'public', redirect: { to: '/start' } },
          { path: '/start', access: 'public' },
        ],
      }),
    ],
    ['a redirect to another host', route({ redirect: { to: 'https://a.example/a', status: 308 } })],
    ['a prefix that is the path of the route, or its beginning', route({ path: '/a/b', stripPrefix: '/a' })],
    ['preflights where OPTIONS is among the methods', route({ preflight: 'forward', methods: ['OPTIONS', 'PUT'] })],
  ] as const) {
    test(what, () => assert.deepEqual(linesOf(file), []))
  }
})

test('compile gives each route what it says, and the tenant’s for the rest', () => {
  const { tenants } = load(
    withTenant({
      upstream: { url: 'https://app.internal', host: 'upstream', serverName: 'a.internal', timeouts: { idle: '5m' } },
      headers: { presets: ['x-forwarded'] },
      routes: [
        { path: '/slow', access: 'signed-in', timeouts: { firstByte: '1h' } },
        {
          path: '/api',
          access: 'signed-in',
          upstream: { ...upstream, socket: '/run/a', host: 'x.example' },
          stripPrefix: '/api',
        },
        { path: '/plain', access: 'public', headers: {}, onUnauthenticated: 'auto', keepsAlive: false },
        { path: '/old', access: 'public', redirect: { to: '/new' } },
        { path: '/robots.txt', access: 'public', respond: { body: 'no' } },
        { path: '/rest', access: 'signed-in', onUnauthenticated: 401 },
      ],
    }),
  )
  const [slow, api, plain, old, robots, rest] = tenants[0]?.routes.map((each) => each) ?? []
  assert(slow?.to.act === 'forward' && api?.to.act === 'forward' && plain?.to.act === 'forward')
  assert.deepEqual(
    [
      slow.to.host,
      slow.to.upstream.tls.serverName,
      slow.to.upstream.firstByteTimeoutSeconds,
      slow.to.upstream.idleTimeoutSeconds,
    ],
    ['app.internal', 'a.internal', 3_600, 300],
  )
  assert.deepEqual(
    [api.to.host, api.to.upstream.socketPath, api.to.stripPrefix, api.to.upstream.idleTimeoutSeconds],
    ['x.example', '/run/a', '/api', 0],
  )
  assert.equal(slow.to.headers.entries.length, 6)
  assert.deepEqual([plain.to.headers.entries, plain.keepsAlive, plain.onUnauthenticated], [[], false, 'auto'])
  assert.deepEqual(old?.to, { act: 'redirect', status: 302, location: '/new' })
  assert.deepEqual(robots?.to, { act: 'respond', status: 200, contentType: 'text/plain; charset=utf-8', body: 'no' })
  assert.equal(rest?.onUnauthenticated, '401')
})

test('compile gives routes that want the same one object', () => {
  const [one, two, three] =
    load(
      withTenant({
        routes: [
          { path: '/a', access: 'public' },
          { path: '/b', access: 'public' },
          { path: '/c', access: 'public', upstream: { url: 'http://10.0.0.7:8080' }, headers: { set: { A: 'b' } } },
        ],
      }),
    ).tenants[0]?.routes ?? []
  assert.equal(one?.to, two?.to)
  assert(one?.to.act === 'forward' && three?.to.act === 'forward')
  assert.equal(one.to.upstream, three.to.upstream)
  assert.notEqual(one.to, three.to)
})
