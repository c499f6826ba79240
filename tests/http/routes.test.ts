/** What a route may ask for by itself: where it leads, what is told there, how long it may take, and who answers. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { hostileNames } from '../corpus/headers.ts'
import { type Seen, type Stage, startStage, startUpstream, type Upstream } from '../stage.ts'
import { createVisitor, navigation, signIn, type Visitor } from '../visitor.ts'
import { type ClockedStage, startClockedStage } from './clocked.ts'
import { bytesOf, handshake, openWire, speak } from './wire.ts'

let stage: Stage
let reports: Upstream
let personnel: Upstream
let ada: Visitor
let uwe: Visitor

beforeAll(async () => {
  reports = await startUpstream()
  personnel = await startUpstream()
  stage = await startStage({
    routes: `- { path: /public, access: public }
- path: /reports
  access: signed-in
  stripPrefix: /reports
  upstream: { url: '${reports.origin}', host: upstream }
  headers: { set: { X-Report-User: '{claim.preferred_username}' } }
- { path: /personnel, access: [admin], upstream: { url: '${personnel.origin}', host: personnel.internal } }
- { path: /patient, access: public, timeouts: { firstByte: 1s } }
- { path: /stream, access: public, timeouts: { idle: 1s } }
- { path: /api, access: signed-in, onUnauthenticated: 401 }
- { path: /shared, access: signed-in, preflight: forward }
- { path: /shared/admin, access: [admin] }
- { path: /shared/secret, access: [admin], preflight: forward }
- { path: /old, access: public, redirect: { to: /start, status: 301 } }
- { path: /elsewhere, access: public, redirect: { to: 'https://intranet.contoso.example/x?y=1' } }
- { path: /moved, access: [admin], redirect: { to: /start, status: 308 } }
- { path: /robots.txt, access: public, exact: true, respond: { body: "User-agent: *\\nDisallow: /" } }
- { path: /gone, access: public, respond: { status: 410, contentType: text/html, body: '<p>gone</p>' } }
- { path: /notice, access: [admin], respond: { body: for administrators only } }
- { path: /204, access: public, respond: { status: 204, body: 'HTTP/1.1 200 OK' } }
- { path: /205, access: public, respond: { status: 205, body: 'HTTP/1.1 200 OK' } }
- { path: /304, access: public, respond: { status: 304, body: 'HTTP/1.1 200 OK' } }
- { path: /, access: signed-in }`,
  })
  ada = createVisitor()
  uwe = createVisitor()
  await signIn(ada, `${stage.origin}/`, 'ada@contoso.example')
  await signIn(uwe, `${stage.origin}/`, 'uwe@contoso.example')
})
afterEach(() => stage.upstream.handle(null))
afterAll(async () => {
  ada.close()
  uwe.close()
  await stage.close()
  await reports.close()
  await personnel.close()
})

const lineOf = (visitor: Visitor) => `Cookie: ${visitor.cookies(stage.origin).join('; ')}`
const everySight = () => stage.upstream.seen.length + reports.seen.length + personnel.seen.length
const last = (upstream: Upstream): Seen | undefined => upstream.seen.at(-1)
const spoken = (line: string, lines: readonly string[] = [], body = '') =>
  speak(stage.origin, bytesOf(stage.origin, line, lines, body))

describe('a route with an upstream of its own', () => {
  test('leads there, and all others to that of the tenant', async () => {
    const before = [stage.upstream.seen.length, reports.seen.length, personnel.seen.length]
    for (const path of ['/reports/a', '/personnel/b', '/c'])
      expect((await ada.ask(stage.origin + path)).status).toBe(200)
    const after = [stage.upstream.seen.length, reports.seen.length, personnel.seen.length]
    expect(after).toEqual(before.map((count) => count + 1))
    expect([last(reports)?.url, last(personnel)?.url, last(stage.upstream)?.url]).toEqual(['/a', '/personnel/b', '/c'])
  })

  test('says the host that its configuration names: public, that of its URL, or another', async () => {
    for (const path of ['/reports/a', '/personnel/b', '/c']) await ada.ask(stage.origin + path)
    const { host } = new URL(stage.origin)
    expect(last(stage.upstream)?.headers.host).toBe(host)
    expect(last(reports)?.headers.host).toBe(new URL(reports.origin).host)
    expect(last(personnel)?.headers.host).toBe('personnel.internal')
    for (const upstream of [stage.upstream, reports, personnel]) {
      expect(last(upstream)?.headers['x-forwarded-host']).toBe(host)
    }
  })

  test('gets WebSockets, too', async () => {
    for (const [path, upstream, url, prefix] of [
      ['/reports/live?x=1', reports, '/live?x=1', '/reports'],
      ['/personnel/live', personnel, '/personnel/live', undefined],
    ] as const) {
      const before = upstream.seen.length
      const wire = await openWire(stage.origin)
      wire.send(bytesOf(stage.origin, `GET ${path}`, [lineOf(ada), ...handshake(stage.origin)]))
      await expect.poll(() => upstream.seen.length).toBe(before + 1)
      expect(last(upstream)?.url).toBe(url)
      expect(last(upstream)?.headers['x-forwarded-prefix']).toBe(prefix)
      wire.end()
    }
  })
})

describe('a route with headers of its own', () => {
  test('tells these in place of those of the tenant', async () => {
    await uwe.ask(`${stage.origin}/reports/a`)
    expect(last(reports)?.headers['x-report-user']).toBe('uwe@contoso.example')
    expect(last(reports)?.headers).not.toHaveProperty('x-forwarded-user')
    await uwe.ask(`${stage.origin}/c`)
    expect(last(stage.upstream)?.headers).toHaveProperty('x-forwarded-user')
    expect(last(stage.upstream)?.headers).not.toHaveProperty('x-report-user')
  })

  test('makes their names forgeable on no route, signed in or not (T25, T27)', async () => {
    const spellings = [
      'X-Report-User',
      'x_report_user',
      'X-REPORT_USER',
      'X-Report.User',
      'X-Forwarded-User',
      'X-Forwarded-Prefix',
    ]
    for (const [path, upstream] of [
      ['/public', stage.upstream],
      ['/c', stage.upstream],
      ['/reports/a', reports],
      ['/personnel/b', personnel],
    ] as const) {
      for (const name of [...spellings, ...hostileNames.slice(0, 5)]) {
        const answer = await spoken(`GET ${path}`, [lineOf(ada), `${name}: forged`])
        expect(answer?.status, `${name} on ${path}`).toBe(200)
        expect(JSON.stringify(last(upstream)), `${name} on ${path}`).not.toContain('forged')
      }
    }
  })
})

describe('a route that takes its prefix off', () => {
  for (const [sent, arrives] of [
    ['/reports', '/'],
    ['/reports/', '/'],
    ['/reports?a=/reports/b', '/?a=/reports/b'],
    ['/reports/a%2Fb;c=1//d?e=%zz', '/a%2Fb;c=1//d?e=%zz'],
    ['/reports/reports/x', '/reports/x'],
  ] as const) {
    test(`passes ${sent} on as ${arrives}, and says what it took`, async () => {
      const answer = await spoken(`GET ${sent}`, [lineOf(uwe)])
      expect(answer?.status).toBe(200)
      expect(last(reports)?.url).toBe(arrives)
      expect(last(reports)?.headers['x-forwarded-prefix']).toBe('/reports')
    })
  }

  test('says nothing of a prefix elsewhere', async () => {
    await uwe.ask(`${stage.origin}/c`)
    expect(last(stage.upstream)?.headers).not.toHaveProperty('x-forwarded-prefix')
  })

  for (const path of [
    '/reports//evil.example',
    '/reports/%2Fevil.example',
    '/reports/;a/evil.example',
    '/reports/../c',
  ]) {
    test(`refuses ${path}, and nobody sees it (T2, T3)`, async () => {
      const before = everySight()
      expect((await spoken(`GET ${path}`, [lineOf(ada)]))?.status).toBe(400)
      expect(everySight()).toBe(before)
    })
  }

  for (const path of [
    '/REPORTS/x',
    '/reports%2Fx',
    '/%2Freports',
    '/reports;a=1/x',
    '/reports./x',
    '/reportsx',
    '/%72eports/x',
  ]) {
    test(`is not entered by ${path}: that goes elsewhere whole, or nowhere`, async () => {
      const before = reports.seen.length
      const answer = await spoken(`GET ${path}`, [lineOf(ada)])
      expect(reports.seen.length).toBe(before)
      if (answer?.status === 200) expect(last(stage.upstream)?.url).toBe(path)
      else expect([400, 404]).toContain(answer?.status)
    })
  }
})

describe('between routes with different upstreams', () => {
  const spellings = [
    '/PERSONNEL/x',
    '/Personnel',
    '/personnel;a=1/x',
    '/personnel%2Fx',
    '/personnel/',
    '/personnel%20/x',
    '/personnel./x',
    '/(S(a))/personnel/x',
    '/public/..%2Fpersonnel',
    '/public;/../personnel',
    '/reports/..%2f..%2fpersonnel',
    '/%70ersonnel',
    '/personnel%3Fx',
    '/personnel%00',
    '//personnel',
    '/public//../personnel',
    '/p%65rsonnel;/x',
    '/ｐersonnel',
    '/personnel%E2%80%8B/x',
  ]
  for (const path of spellings) {
    const bytes = Buffer.from(path, 'utf8').toString('latin1')
    test(`the strictest reading of ${path} decides: nobody without the role reaches any of them (T1, T13)`, async () => {
      const before = everySight()
      for (const lines of [[], [lineOf(uwe)]]) {
        const answer = await spoken(`GET ${bytes}`, lines)
        expect([400, 401, 403, 404], path).toContain(answer?.status)
      }
      expect(everySight()).toBe(before)
    })
  }

  test('the literal reading says to which of them an administrator is led', async () => {
    const before = personnel.seen.length
    expect((await spoken('GET /PERSONNEL/x', [lineOf(ada)]))?.status).toBe(200)
    expect(last(stage.upstream)?.url).toBe('/PERSONNEL/x')
    expect(personnel.seen.length).toBe(before)
  })
})

describe('a route with limits of its own', () => {
  test('waits for the first byte as long as it says, and the others as long as the tenant says', async () => {
    stage.upstream.handle((_request, response) => {
      setTimeout(() => response.end('late'), 1_500)
      return true
    })
    const [patient, other] = await Promise.all([uwe.ask(`${stage.origin}/patient`), uwe.ask(`${stage.origin}/public`)])
    expect([patient.status, other.status]).toEqual([504, 200])
    const line = stage.log().find((each) => each.reason === 'upstream_timeout')
    expect(JSON.stringify(line)).toContain(`${stage.upstream.origin}: no answer within 1 s (timeouts.firstByte)`)
  })

  test('cuts an answer that stands still, and the others live', async () => {
    stage.upstream.handle((_request, response) => {
      response.write('begun ')
      setTimeout(() => response.end('done'), 1_500)
      return true
    })
    const [stream, other] = await Promise.all([
      uwe.ask(`${stage.origin}/stream`).catch((error: NodeJS.ErrnoException) => error.code),
      uwe.ask(`${stage.origin}/public`),
    ])
    expect(stream).toBe('ECONNRESET')
    expect(other).toMatchObject({ status: 200, body: 'begun done' })
    expect(stage.log()).toContainEqual(
      expect.objectContaining({ event: 'upstream_broke', upstream: stage.upstream.origin, reason: 'idle' }),
    )
  })
})

describe('onUnauthenticated', () => {
  test('401 sends no page to the sign-in, and lets in who is signed in', async () => {
    const visitor = createVisitor()
    const api = await visitor.ask(`${stage.origin}/api/x`, { headers: navigation })
    expect(api.status).toBe(401)
    expect(api.headers).not.toHaveProperty('location')
    expect((await visitor.ask(`${stage.origin}/c`, { headers: navigation })).status).toBe(302)
    expect((await uwe.ask(`${stage.origin}/api/x`, { headers: navigation })).status).toBe(200)
    visitor.close()
  })

  test('401 counts for every spelling that somebody could read as its path', async () => {
    for (const path of ['/API/x', '/api;a/x', '/api%2Fx']) {
      const answer = await spoken(`GET ${path}`, [
        'Accept: text/html',
        'Sec-Fetch-Mode: navigate',
        'Sec-Fetch-Dest: document',
      ])
      expect(answer?.status, path).toBe(401)
    }
  })
})

describe('preflight', () => {
  const preflight = ['Origin: https://other.example', 'Access-Control-Request-Method: PUT']

  test('forward lets the preflight of a browser through, as nobody', async () => {
    const answer = await spoken('OPTIONS /shared/x', [
      ...preflight,
      'Access-Control-Request-Headers: x-a',
      'X-Forwarded-User: forged',
    ])
    expect(answer?.status).toBe(200)
    const { method, url, headers } = last(stage.upstream) ?? { headers: {} }
    expect(`${method} ${url}`).toBe('OPTIONS /shared/x')
    expect(headers).toMatchObject({ origin: 'https://other.example', 'access-control-request-headers': 'x-a' })
    for (const name of ['x-forwarded-user', 'x-forwarded-email', 'cookie', 'authorization']) {
      expect(headers).not.toHaveProperty(name)
    }
  })

  for (const [name, line, lines, body] of [
    ['a GET', 'GET /shared/x', preflight, ''],
    ['a POST', 'POST /shared/x', [...preflight, 'Content-Length: 0'], ''],
    ['a method in small letters', 'options /shared/x', preflight, ''],
    ['a body', 'OPTIONS /shared/x', [...preflight, 'Content-Length: 4'], 'a=b&'],
    ['a chunked body', 'OPTIONS /shared/x', [...preflight, 'Transfer-Encoding: chunked'], '0\r\n\r\n'],
    ['no Origin', 'OPTIONS /shared/x', preflight.slice(1), ''],
    ['no Access-Control-Request-Method', 'OPTIONS /shared/x', preflight.slice(0, 1), ''],
    ['a cookie of ours that is none', 'OPTIONS /shared/x', [...preflight, 'Cookie: __Host-sid=planted'], ''],
    ['a cookie of the application', 'OPTIONS /shared/x', [...preflight, 'Cookie: JSESSIONID=1'], ''],
    ['credentials', 'OPTIONS /shared/x', [...preflight, 'Authorization: Basic YTpi'], ''],
    ['a method that is overridden', 'GET /shared/x', [...preflight, 'X-HTTP-Method-Override: OPTIONS'], ''],
    ['a route that judges', 'OPTIONS /c', preflight, ''],
    ['a stricter route below', 'OPTIONS /shared/admin', preflight, ''],
    ['a spelling of a stricter route below', 'OPTIONS /shared/ADMIN', preflight, ''],
    ['an escaped spelling of it', 'OPTIONS /shared%2Fadmin', preflight, ''],
    ['another spelling of a route that forwards', 'OPTIONS /SHARED/x', preflight, ''],
  ] as const) {
    test(`forward lets nothing through with ${name}`, async () => {
      const before = everySight()
      const answer = await spoken(line, lines, body)
      expect([400, 401, 405], String(answer?.status)).toContain(answer?.status)
      expect(everySight()).toBe(before)
    })
  }

  test('forward gives nobody more than he has: with a session, the request is judged as any other', async () => {
    const before = everySight()
    expect((await spoken('OPTIONS /shared/secret', [...preflight, lineOf(uwe)]))?.status).toBe(403)
    expect(everySight()).toBe(before)
    expect((await spoken('OPTIONS /shared/secret', preflight))?.status).toBe(200)
    expect(last(stage.upstream)?.headers).not.toHaveProperty('x-forwarded-user')
  })

  test('forward opens no WebSocket', async () => {
    const before = everySight()
    const answer = await spoken('OPTIONS /shared/x', [
      ...preflight,
      ...handshake(stage.origin).filter((each) => !each.startsWith('Origin')),
    ])
    expect([400, 401, 403, 405, 426]).toContain(answer?.status)
    expect(everySight()).toBe(before)
  })
})

describe('a route that redirects', () => {
  test('says where to, word for word from the configuration (T34)', async () => {
    for (const [path, status, location] of [
      ['/old', 301, '/start'],
      ['/old/further?x=1', 301, '/start'],
      ['/elsewhere', 302, 'https://intranet.contoso.example/x?y=1'],
      ['/elsewhere/%2Fevil.example?return_to=//evil.example', 302, 'https://intranet.contoso.example/x?y=1'],
    ] as const) {
      const before = everySight()
      const lines = [
        'X-Forwarded-Host: evil.example',
        'X-Forwarded-Prefix: //evil.example',
        'X-Original-URL: //evil.example',
      ]
      const answer = await spoken(`GET ${path}`, lines)
      expect(answer, path).toMatchObject({ status, body: '' })
      expect(/^location: (.*)$/im.exec(answer?.head ?? '')?.[1]?.trim()).toBe(location)
      expect(answer?.head).not.toContain('evil.example')
      expect(everySight()).toBe(before)
    }
  })

  test('asks for its access first', async () => {
    expect((await spoken('GET /moved'))?.status).toBe(401)
    const refused = await uwe.ask(`${stage.origin}/moved`)
    expect([refused.status, refused.location]).toEqual([403, ''])
    const moved = await ada.ask(`${stage.origin}/moved`)
    expect([moved.status, moved.headers.location]).toEqual([308, '/start'])
  })
})

describe('a route that responds', () => {
  test('says what the configuration says, and asks nobody', async () => {
    const before = everySight()
    const robots = await spoken('GET /robots.txt')
    expect([robots?.status, robots?.body]).toEqual([200, 'User-agent: *\nDisallow: /'])
    expect(robots?.head).toMatch(/^content-type: text\/plain; charset=utf-8\r?$/im)
    expect(robots?.head).toMatch(/^x-content-type-options: nosniff\r?$/im)
    const gone = await spoken('GET /gone/x?y')
    expect([gone?.status, gone?.body]).toEqual([410, '<p>gone</p>'])
    expect(gone?.head).toMatch(/^content-type: text\/html\r?$/im)
    expect(await spoken('HEAD /robots.txt')).toMatchObject({ status: 200, body: '' })
    expect(await spoken('POST /gone', ['Content-Length: 3'], 'a=b')).toMatchObject({ status: 410 })
    expect(everySight()).toBe(before)
  })

  test('states no length that no content follows: who stands in front would take the next answer for it (T93)', async () => {
    for (const [status, lengths] of [
      [204, []],
      [205, ['content-length: 0']],
      [304, []],
    ] as const) {
      const wire = await openWire(stage.origin)
      wire.send(bytesOf(stage.origin, `GET /${status}`) + bytesOf(stage.origin, 'GET /gone'))
      const answer = await wire.answer()
      expect(answer?.status).toBe(status)
      expect(answer?.head.toLowerCase().match(/^(?:content-length|transfer-encoding):.*$/gm) ?? []).toEqual(lengths)
      expect((await wire.answer())?.status).toBe(410)
      wire.end()
    }
  })

  test('is guarded as any other route: its text is for whom it is meant', async () => {
    const text = 'for administrators only'
    for (const path of ['/notice', '/NOTICE', '/notice;a', '/notice/', '/notice/x', '/%6Eotice']) {
      for (const lines of [[], ['Accept: text/html'], [lineOf(uwe)], ['Cookie: __Host-sid=planted']]) {
        for (const method of ['GET', 'POST', 'OPTIONS']) {
          const answer = await spoken(`${method} ${path}`, lines)
          expect([302, 401, 403, 404], `${method} ${path}`).toContain(answer?.status)
          expect(answer?.body).not.toContain(text)
        }
      }
    }
    expect(await spoken('GET /notice', [lineOf(ada)])).toMatchObject({ status: 200, body: text })
  })

  test('opens no WebSocket, to anybody', async () => {
    for (const lines of [[], [lineOf(ada)]]) {
      for (const path of ['/gone', '/notice', '/old']) {
        const answer = await spoken(`GET ${path}`, [...lines, ...handshake(stage.origin)])
        expect(answer?.status).toBeGreaterThanOrEqual(400)
        expect(answer?.body).not.toContain('administrators only')
      }
    }
  })
})

describe('keepsAlive: false', () => {
  let clocked: ClockedStage
  beforeAll(async () => {
    const routes = '- { path: /poll, access: signed-in, keepsAlive: false }\n- { path: /, access: signed-in }'
    clocked = await startClockedStage('lifetime: 10m\nidle: 2m\nstore: { type: memory }', { routes })
  })
  afterAll(() => clocked.close())

  test('lets requests in without counting them as activity of the person (T131)', async () => {
    const visitor = createVisitor()
    await signIn(visitor, `${clocked.origin}/`, 'uwe@contoso.example')
    const status = async (path: string) => (await visitor.ask(clocked.origin + path)).status
    clocked.forward(100)
    expect(await status('/poll/x')).toBe(200)
    clocked.forward(100)
    expect(await status('/poll/x')).toBe(401)
    visitor.close()
  })

  test('does not keep other routes from counting', async () => {
    const visitor = createVisitor()
    await signIn(visitor, `${clocked.origin}/`, 'uwe@contoso.example')
    const status = async (path: string) => (await visitor.ask(clocked.origin + path)).status
    for (let round = 0; round < 3; round++) {
      clocked.forward(100)
      expect([await status('/poll'), await status('/x')]).toEqual([200, 200])
    }
    visitor.close()
  })
})

describe('a Destination', () => {
  const move = (visitor: Visitor, ...destinations: readonly string[]) =>
    spoken('MOVE /shared/x', [lineOf(visitor), ...destinations.map((each) => `Destination: ${each}`)])

  test('takes what the place takes that it names, and the same application', async () => {
    expect((await move(ada, `${stage.origin}/shared/admin/x`))?.status).toBe(200)
    const before = everySight()
    expect((await move(uwe, `${stage.origin}/shared/admin/x`))?.status).toBe(403)
    expect((await move(ada, `${stage.origin}/personnel/x`))?.status).toBe(400)
    expect(everySight()).toBe(before)
  })

  test('stands once, or nobody knows which of two counts', async () => {
    const before = everySight()
    expect((await move(ada, '/shared/y', '/shared/z'))?.status).toBe(400)
    expect(everySight()).toBe(before)
    const refused = stage.log().filter(({ event }) => event === 'request_refused')
    expect(refused.at(-1)).toMatchObject({ reason: 'request_malformed', detail: 'repeated-header' })
  })
})
