import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { asCertificate, createAuthority } from '../certificates.ts'
import { habitLines, metadataLines } from '../corpus/headers.ts'
import type { Listening } from '../http/listening.ts'
import { gatewayWith, openTenant, startListening } from '../http/listening.ts'
import { exchange, openSecure } from '../http/secure-wire.ts'
import { bytesOf, handshake, openWire, speak } from '../http/wire.ts'
import { until } from '../redis.ts'
import { type Seen, type Stage, startStage } from '../stage.ts'
import { createVisitor, signIn } from '../visitor.ts'
import { attack } from './attack.ts'

/** Nobody in front of it; and the same behind a proxy that is trusted. */
let direct: Stage
let proxied: Stage
const cookies = new Map<Stage, string>()
const open: Listening[] = []

beforeAll(async () => {
  direct = await startStage()
  proxied = await startStage({ server: ', trustedProxies: [127.0.0.1]' })
  for (const at of [direct, proxied]) {
    const visitor = createVisitor()
    await signIn(visitor, `${at.origin}/`, 'uwe@contoso.example')
    cookies.set(at, `Cookie: ${visitor.cookies(at.origin).join('; ')}`)
    visitor.close()
  }
})
afterEach(async () => {
  for (const at of [direct, proxied]) at.upstream.handle(null)
  for (const each of open.splice(0)) await each.close()
})
afterAll(async () => {
  await direct.close()
  await proxied.close()
})

interface Way {
  readonly line: string
  readonly cookie?: true
  readonly upgrade?: true
  readonly body?: string
  /** The status; none where the upstream leaves a handshake without an answer. */
  readonly status: number | null
}

/** Ways in which header lines arrive, with what becomes of the request without them. */
const ways: readonly Way[] = [
  { line: 'GET /public', status: 200 },
  { line: 'GET /public', cookie: true, status: 200 },
  { line: 'OPTIONS /public', status: 200 },
  { line: 'GET /x', status: 401 },
  { line: 'OPTIONS /x', status: 401 },
  { line: 'GET /x', cookie: true, status: 200 },
  { line: 'GET /optional', cookie: true, status: 200 },
  { line: 'POST /x', cookie: true, body: 'a=b', status: 200 },
  { line: 'GET /admin', cookie: true, status: 403 },
  { line: 'DELETE /reports', cookie: true, status: 405 },
  { line: 'GET /public/../admin', cookie: true, status: 400 },
  { line: 'GET /.auth/me', status: 401 },
  { line: 'GET /.auth/check/nginx', status: 404 },
  { line: 'GET /x', upgrade: true, status: 401 },
  { line: 'GET /x', upgrade: true, cookie: true, status: null },
  { line: 'GET /public', upgrade: true, status: null },
]

/** Sends a request with these lines: the status, and what the upstream saw. */
async function send(at: Stage, way: Way, lines: readonly string[]): Promise<{ status: number; seen: Seen | null }> {
  const before = at.upstream.seen.length
  const all = [
    ...lines,
    ...(way.cookie ? [cookies.get(at) ?? ''] : []),
    ...(way.upgrade ? handshake(at.origin) : []),
    ...(way.body === undefined ? [] : [`Content-Length: ${way.body.length}`]),
  ]
  const wire = await openWire(at.origin)
  wire.send(bytesOf(at.origin, way.line, all, way.body))
  if (way.status === null) await until('the handshake', () => at.upstream.seen.length > before)
  const answer = way.status === null ? null : await wire.answer()
  wire.end()
  return { status: answer?.status ?? 0, seen: at.upstream.seen[before] ?? null }
}

/** The names that arrived, in any order. */
function namesOf(seen: Seen | null): readonly string[] {
  return (seen?.rawHeaders ?? []).filter((_name, at) => at % 2 === 0).toSorted()
}

/** The same becomes of every request as without the lines, and nothing of them arrives. */
async function expectUnmoved(at: Stage, lines: readonly string[]): Promise<void> {
  for (const way of ways) {
    const what = `${way.line} with ${lines.join(', ')}`
    const { status, seen } = await send(at, way, lines)
    expect(status, what).toBe(way.status ?? 0)
    expect(seen !== null, what).toBe(way.status === null || way.status === 200)
    if (seen === null) continue
    for (const line of lines) expect(seen.rawHeaders, what).not.toContain(line.slice(line.indexOf(':') + 2))
    const { seen: without } = await send(at, way, [])
    expect(namesOf(seen), what).toEqual(namesOf(without))
    expect(`${seen.method} ${seen.url}`, what).toBe(way.line)
    expect(seen.headers, what).toMatchObject({
      'x-forwarded-proto': 'http',
      'x-forwarded-host': new URL(at.origin).host,
      host: new URL(at.origin).host,
    })
  }
}

attack(
  'T16',
  'states another target in each header that some proxy states it in, and is judged by its own',
  async () => {
    for (const value of ['/public', '/public/x', 'https://localhost/public', '/admin/../public']) {
      for (const name of [
        'X-Original-URI',
        'X-Original-URL',
        'X-Forwarded-Uri',
        'X-Rewrite-URL',
        'X-Envoy-Original-Path',
      ]) {
        await expectUnmoved(direct, [`${name}: ${value}`, 'X-Forwarded-Method: OPTIONS', 'X-Original-Method: HEAD'])
      }
    }
    await expectUnmoved(proxied, [
      'X-Original-URI: /public',
      'X-Forwarded-Uri: /public',
      'X-Forwarded-Host: other.example',
    ])
  },
)

attack('T17', 'says the same through a peer that is trusted and one that is not: the second says nothing', async () => {
  const lines = ['X-Forwarded-For: 198.51.100.7', 'X-Forwarded-Proto: https', 'X-Forwarded-Host: other.example']
  for (const [at, chain] of [
    [direct, '127.0.0.1'],
    [proxied, '198.51.100.7, 127.0.0.1'],
  ] as const) {
    await expectUnmoved(at, lines)
    const { seen } = await send(at, { line: 'GET /public', status: 200 }, lines)
    expect(seen?.headers['x-forwarded-for']).toBe(chain)
    await send(at, { line: 'GET /x', status: 401 }, lines)
    const refused = at.log().filter(({ event, path }) => event === 'request_refused' && path === '/x')
    expect(refused.at(-1)?.callerAddress).toBe(chain.split(',')[0])
  }
})

attack('T18', 'puts addresses to the left of what the trusted proxy wrote, and none of them counts', async () => {
  for (const [stated, chain] of [
    ['127.0.0.1, 198.51.100.9', '198.51.100.9, 127.0.0.1'],
    ['10.0.0.1, 127.0.0.1, 198.51.100.9', '198.51.100.9, 127.0.0.1'],
    ['::1, 198.51.100.9, 127.0.0.1', '198.51.100.9, 127.0.0.1, 127.0.0.1'],
    ['"127.0.0.1", 198.51.100.9', '198.51.100.9, 127.0.0.1'],
  ] as const) {
    const { seen } = await send(proxied, { line: 'GET /public', status: 200 }, [`X-Forwarded-For: ${stated}`])
    expect(seen?.headers['x-forwarded-for'], stated).toBe(chain)
  }
  const twice = ['X-Forwarded-For: 198.51.100.9', 'X-Forwarded-For: 198.51.100.10']
  const { seen } = await send(proxied, { line: 'GET /public', status: 200 }, twice)
  expect(seen?.headers['x-forwarded-for']).toBe('198.51.100.10, 127.0.0.1')
})

const garbage = [
  ...['', ',', ',,,,', '<script>', '\xff\xfe', '127.0.0.1:99999', '[::1', '"', '0', '-1', '{}', '../..', '%00', 'null'],
  ...[
    '1.2.3.4.5',
    '1.2.3',
    '01.2.3.4',
    '::ffff:1.2.3',
    'for=;by=;host=;proto=',
    'a'.repeat(4_000),
    '10.0.0.1,'.repeat(400),
  ],
]

attack(
  'T19',
  'states garbage in every header about the way it took, and neither passes nor breaks anything',
  async () => {
    const names = [
      'X-Forwarded-For',
      'X-Forwarded-Host',
      'X-Forwarded-Proto',
      'X-Forwarded-Port',
      'Forwarded',
      'X-Real-IP',
    ]
    for (const at of [direct, proxied]) {
      for (const value of garbage) {
        for (const [line, status] of [
          ['GET /x', 401],
          ['GET /public', 200],
        ] as const) {
          const lines = names.map((name) => `${name}: ${value.slice(0, 2_000)}`)
          const { seen, status: got } = await send(at, { line, status }, lines)
          expect(got, value.slice(0, 40)).toBe(status)
          if (seen !== null) expect(seen.headers['x-forwarded-for']).toMatch(/^(?:10\.0\.0\.1, )*127\.0\.0\.1$/)
        }
      }
      expect(at.logText().includes('<script>')).toBe(false)
    }
  },
)

attack('T20', 'finds nobody trusted who is not named, and no configuration that names everybody', async () => {
  const { seen } = await send(direct, { line: 'GET /public', status: 200 }, ['X-Forwarded-For: 127.0.0.1, 127.0.0.1'])
  expect(seen?.headers['x-forwarded-for']).toBe('127.0.0.1')
  for (const block of ['0.0.0.0/0', "'::/0'", '10.0.0.0/0']) {
    const edit = () => direct.edit((yaml) => yaml.replace('drain: 10s', `drain: 10s, trustedProxies: [${block}]`))
    expect(edit, block).toThrow(/trusts everybody/)
  }
  direct.edit((yaml) => yaml.replace(/, trustedProxies: \[.*?\]/g, ''))
})

for (const [index, line] of metadataLines.entries()) {
  attack('T21', `sends member ${index + 1} of the family, and neither it nor what it says arrives`, async () => {
    await expectUnmoved(direct, [line])
  })
}

attack('T21', 'tries what opens doors elsewhere by habit, and opens none', async () => {
  for (const line of habitLines) {
    for (const request of [
      'GET /x',
      'OPTIONS /x',
      'HEAD /x',
      'POST /x',
      'GET /admin',
      'GET /healthz',
      'GET /metrics',
    ]) {
      const before = direct.upstream.seen.length
      const lines = [line, 'Content-Length: 0', 'Connection: close']
      const answer = await speak(direct.origin, bytesOf(direct.origin, request, lines))
      // A navigation is led to the sign-in where the method allows it; everybody else is told.
      const led = line.startsWith('Sec-Fetch-Mode') && /^(?:GET|HEAD)/.test(request)
      expect(answer?.status, `${request} ${line}`).toBe(led ? 302 : 401)
      expect(direct.upstream.seen.length).toBe(before)
    }
  }
})

attack('T22', 'states scheme and host, and finds both in no address and no header', async () => {
  const claims = [
    ...['X-Forwarded-Host: evil.example', 'X-Forwarded-Proto: javascript', 'X-Original-Host: evil.example'],
    ...[
      'Forwarded: host=evil.example;proto=gopher',
      'X-Forwarded-Port: 666',
      'X-Scheme: evil',
      'X-Forwarded-Prefix: /evil',
    ],
  ]
  for (const at of [direct, proxied]) {
    const { host } = new URL(at.origin)
    for (const path of ['/x', '/.auth/login', '/.auth/login?return_to=/x', '/.auth/logout', '/.auth/admin-consent']) {
      const lines = [...claims, 'Accept: text/html', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document']
      const answer = await speak(at.origin, bytesOf(at.origin, `GET ${path}`, lines))
      // Not the bare words: a random state or request id may have the letters of any.
      expect(`${answer?.head}${answer?.body}`, path).not.toMatch(
        /evil\.example|(?:\/|%2f)evil|evil(?::|%3a)|gopher|javascript/i,
      )
      expect(`${answer?.head}${answer?.body}`, path).not.toMatch(/(?::|%3a)666(?!\d)/i)
      const location = /^location: (.*)$/im.exec(answer?.head ?? '')?.[1]
      const back = location === undefined ? null : new URL(location).searchParams.get('redirect_uri')
      if (path === '/x') expect(back).toBe(`http://${host}/.auth/callback`)
    }
    await expectUnmoved(at, claims)
  }
})

attack('T23', 'asks for the contracts of other proxies, which are not spoken: none answers', async () => {
  for (const name of ['nginx', 'traefik', 'caddy', 'envoy', 'haproxy']) {
    const lines = [
      'X-Original-URL: /public',
      'X-Forwarded-Uri: /public',
      'X-Forwarded-Method: GET',
      cookies.get(direct) ?? '',
    ]
    for (const path of [`/.auth/check/${name}`, `/.auth/check/${name}/public`, '/.auth/check']) {
      const answer = await speak(direct.origin, bytesOf(direct.origin, `GET ${path}`, lines))
      expect(answer?.status, path).toBe(404)
    }
  }
})

attack('T24', 'sends values for ours to be hung on to: they are written anew', async () => {
  for (const [at, chain] of [
    [direct, '127.0.0.1'],
    [proxied, '127.0.0.1, 127.0.0.1'],
  ] as const) {
    const lines = ['X-Forwarded-For: 203.0.113.5, 127.0.0.1', 'x-forwarded-for: 127.0.0.1', 'X-Request-Id: mine']
    const others = ['X-Forwarded-Proto: ftp', 'x-forwarded-proto: https', 'X-Forwarded-Host: a', 'Via: 1.0 evil']
    const { seen } = await send(at, { line: 'GET /public', status: 200 }, [...lines, ...others])
    const stated = at === direct ? chain : '203.0.113.5, 127.0.0.1, 127.0.0.1, 127.0.0.1'
    expect(seen?.headers['x-forwarded-for']).toBe(stated)
    expect(seen?.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
    for (const name of ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-request-id', 'host']) {
      expect(
        seen?.rawHeaders.filter((each) => each.toLowerCase() === name),
        name,
      ).toHaveLength(1)
    }
  }
})

attack('T121', 'makes a page about a person look like a file that caches keep, and they are told not to', async () => {
  const cookie = cookies.get(direct) ?? ''
  for (const [headers, rule] of [
    [{}, 'private'],
    [{ 'Cache-Control': 'no-store' }, 'no-store'],
    [{ Expires: '0' }, undefined],
    [{ ETag: '"x"', 'Last-Modified': 'Mon, 01 Jan 2024 00:00:00 GMT' }, 'private'],
  ] as const) {
    direct.upstream.handle((_request, response) => {
      response.writeHead(200, headers).end('about Uwe')
      return true
    })
    for (const path of ['/me/x.css', '/me%2Fx.css', '/me;x.css', '/me/x.css?v=1', '/me%23x.js', '/optional/x.png']) {
      const answer = await speak(direct.origin, bytesOf(direct.origin, `GET ${path}`, [cookie]))
      expect(answer?.status).toBe(200)
      expect(/^cache-control: (.*)$/im.exec(answer?.head ?? '')?.[1], path).toBe(rule)
    }
  }
  direct.upstream.handle(null)
  for (const path of ['/.auth/me/x.css', '/.auth/me%2Fx.css', '/.auth/me;x.css', '/.auth/session', '/.auth/me']) {
    const answer = await speak(direct.origin, bytesOf(direct.origin, `GET ${path}`, [cookie]))
    expect(/^cache-control: (.*)$/im.exec(answer?.head ?? '')?.[1], path).toBe('no-store')
    if (path.includes('x.css')) expect(answer?.status).toBe(404)
  }
})

attack('T133', 'opens a connection for one tenant, or for none, and asks for another', async () => {
  const authority = createAuthority()
  const issue = (name: string) => asCertificate(authority.issue(`DNS:${name}.example`))
  const port = Number(new URL(direct.upstream.origin).port)
  const tls = { certificate: issue('gateway'), redirectFrom: null, hstsSeconds: 0 }
  const tenants = [openTenant('payroll', port, issue('payroll')), openTenant('stock', port)] as const
  const listening = await startListening(gatewayWith({ tls }, ...tenants))
  open.push(listening)
  const before = direct.upstream.seen.length
  const ask = (host: string, also = '') => `GET / HTTP/1.1\r\nHost: ${host}\r\n${also}Connection: close\r\n\r\n`
  for (const [host, also, status] of [
    ['payroll.example', '', 200],
    ['PAYROLL.example:443', '', 200],
    ['stock.example', '', 421],
    ['stock.example.', '', 421],
    ['nobody.example', '', 421],
    ['payroll.example', 'X-Forwarded-Host: stock.example\r\n', 200],
    ['stock.example', 'X-Forwarded-Host: payroll.example\r\n', 421],
  ] as const) {
    const socket = await openSecure(listening.listener.port, { ca: authority.cert, servername: 'payroll.example' })
    expect((await exchange(socket, ask(host, also))).slice(9, 12), host).toBe(String(status))
  }
  const hosts = direct.upstream.seen.slice(before).map(({ headers }) => headers.host)
  expect(new Set(hosts)).toEqual(new Set(['payroll.example']))
})

attack('T134', 'comes through an edge that passes X-Forwarded-Host on: the tenant is that of Host', async () => {
  const { host } = new URL(proxied.origin)
  proxied.edit(
    (yaml) => `${yaml.trimEnd()}
  - name: canteen
    publicUrl: http://canteen.localhost:${new URL(proxied.origin).port}
    providers: [contoso]
    upstream: { url: '${proxied.upstream.origin}' }
    routes:
      - { path: /, access: public }
`,
  )
  const canteen = `canteen.localhost:${new URL(proxied.origin).port}`
  for (const name of [
    'X-Forwarded-Host',
    'X-Host',
    'X-Original-Host',
    'Forwarded',
    'X-Forwarded-Server',
    'X-HTTP-Host-Override',
  ]) {
    const line = name === 'Forwarded' ? `${name}: host="${canteen}"` : `${name}: ${canteen}`
    const { status, seen } = await send(proxied, { line: 'GET /x', status: 401 }, [line])
    expect([status, seen], name).toEqual([401, null])
    const open = await send(proxied, { line: 'GET /public', status: 200 }, [line])
    expect(open.seen?.headers['x-forwarded-host'], name).toBe(host)
  }
})
