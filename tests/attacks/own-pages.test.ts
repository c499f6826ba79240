import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { endpointMethods, endpoints } from '../../src/core/request/addresses.ts'
import { expectOwnAnswer } from '../http/own-answers.ts'
import { setCookies, sid } from '../http/scene.ts'
import { bytesOf, handshake, speak, type WireAnswer } from '../http/wire.ts'
import { type Stage, startStage } from '../stage.ts'
import { createVisitor, signIn, type Visitor } from '../visitor.ts'
import { attack } from './attack.ts'

let stage: Stage
let uwe: Visitor
beforeAll(async () => {
  stage = await startStage({
    tenant: 'photo: true\nkeepFragment: true',
    routes: `- { path: /public, access: public }
- { path: /optional, access: optional }
- { path: /admin, access: [admin] }
- { path: /gone, access: public, upstream: { url: 'http://127.0.0.1:1' } }
- { path: /, access: signed-in }`,
  })
  uwe = createVisitor()
  await signIn(uwe, stage.origin + endpoints.login, 'uwe@contoso.example')
})
afterEach(() => stage.upstream.handle(null))
afterAll(async () => {
  uwe.close()
  await stage.close()
})

const session = () => `Cookie: ${sid}=${uwe.cookie(stage.origin, sid)}`
const injected = '"><xss/onload=alert(1)>'
const hostile = `a=${encodeURIComponent(injected)}&return_to=${encodeURIComponent(`/${injected}`)}&state=x&code=1&error=access_denied&error_description=${encodeURIComponent(`AADSTS50105: ${injected}`)}&sid=${encodeURIComponent(injected)}&provider=x&login_hint=${encodeURIComponent(injected)}&q=${encodeURIComponent(injected)}`

/** How a browser, a script, a frame and an old client ask. */
const kinds: readonly (readonly [string, readonly string[]])[] = [
  ['window', ['Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document', 'Sec-Fetch-Site: none', 'Accept: text/html']],
  ['frame', ['Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: iframe', 'Sec-Fetch-Site: cross-site', 'Accept: text/html']],
  ['script', ['Sec-Fetch-Mode: cors', 'Sec-Fetch-Dest: empty', 'Sec-Fetch-Site: same-origin', 'Accept: */*']],
  ['image', ['Sec-Fetch-Mode: no-cors', 'Sec-Fetch-Dest: image', 'Sec-Fetch-Site: cross-site', 'Accept: image/*']],
  ['old client', ['Accept: text/html']],
]

const addresses = [
  ...Object.entries(endpoints).map(([name, address]) => ({
    address: address.replace('<provider>', 'contoso').replace('<code>', '50105'),
    methods: endpointMethods[name as keyof typeof endpoints],
  })),
  ...['/.auth', '/.auth/', '/.auth/nothing', '/.AUTH/login', '/.auth/help/x', '/.auth//me', '/.auth/me/'].map(
    (address) => ({ address, methods: ['GET', 'POST', 'PUT'] }),
  ),
]

/** As it came over the socket. */
function parsed(answer: WireAnswer | null) {
  const headers: Record<string, string[]> = {}
  for (const line of (answer?.head ?? '').split('\r\n').slice(1)) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    headers[name] = [...(headers[name] ?? []), line.slice(colon + 1).trim()]
  }
  return {
    status: answer?.status ?? 0,
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, values]) => [name, name === 'set-cookie' ? values : values.join(', ')]),
    ),
    body: Buffer.from(answer?.body ?? '', 'latin1').toString('utf8'),
  }
}

attack(
  'T91',
  'runs nothing: every address of ours answers every kind of request strictly, and repeats nothing raw',
  async () => {
    const seen = stage.upstream.seen.length
    const statuses = new Set<number>()
    for (const { address, methods } of addresses) {
      for (const method of new Set([...methods, 'GET', 'HEAD', 'DELETE'])) {
        // Signing out is the last thing that this session does, in another test.
        const isSignOut = address === endpoints.logout && method !== 'HEAD'
        for (const [kind, lines] of kinds) {
          for (const cookie of isSignOut ? [[]] : [[], [session()]]) {
            for (const query of ['', `?${hostile}`]) {
              const body = method === 'POST' ? ['Content-Length: 0'] : []
              const bytes = bytesOf(stage.origin, `${method} ${address}${query}`, [...lines, ...cookie, ...body])
              const answer = parsed(await speak(stage.origin, bytes))
              const what = `${method} ${address}${query === '' ? '' : '?…'} (${kind}${cookie.length > 0 ? ', signed in' : ''})`
              statuses.add(answer.status)
              expectOwnAnswer(answer, what)
              expect(answer.body, what).not.toContain('<xss')
              expect(JSON.stringify(answer.headers), what).not.toContain('<xss')
            }
          }
        }
      }
    }
    expect([...statuses].filter((status) => status < 200 || status >= 500)).toEqual([])
    expect([...statuses]).toEqual(expect.arrayContaining([200, 302, 400, 401, 403, 404, 405]))
    expect(stage.upstream.seen.length).toBe(seen)
  },
)

attack('T91', 'runs nothing on the pages of refusals and failures either', async () => {
  const page = ['Accept: text/html']
  const cases: readonly (readonly [number, string, readonly string[]])[] = [
    [400, `GET /x/..%2f${encodeURIComponent(injected)}`, page],
    [400, 'GET /x', [...page, 'Authorization: a', 'Authorization: b']],
    [400, 'GET /x', [...page, 'Connection: X-Forwarded-User']],
    [414, `GET /${'a'.repeat(8_193)}`, page],
    [417, 'GET /x', [...page, `Expect: ${injected}`]],
    [421, 'GET /x', [...page, `Host: evil.example`]],
    [431, 'GET /x', [...page, `X-Much: ${'a'.repeat(20_000)}`]],
    [431, 'GET /x', [...page, ...Array.from({ length: 101 }, (_, at) => `X-${at}: 1`)]],
    [405, 'TRACE /x', [...page, session()]],
    [403, 'GET /admin', [...page, session()]],
    [401, `GET /x?${hostile}`, [...page, 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: iframe']],
    // The page with the one script that we have.
    [401, 'GET /x', kinds[0]?.[1] ?? []],
    [401, 'GET /x', []],
    [401, 'GET /x', handshake(stage.origin)],
    [403, 'GET /x', [...handshake('https://evil.example'), session()]],
    [400, 'GET /x', ['Connection: Upgrade', 'Upgrade: h2c']],
    [400, 'GARBAGE', []],
    [502, 'GET /gone', page],
    [502, 'GET /gone', []],
  ]
  for (const [status, line, lines] of cases) {
    const answer = parsed(await speak(stage.origin, bytesOf(stage.origin, line, lines)))
    const what = `${line.slice(0, 40)} → ${status}`
    expect(answer.status, what).toBe(status)
    expectOwnAnswer(answer, what)
    expect(answer.body, what).not.toContain('<xss')
  }
})

attack('T118', 'gets no service worker at our addresses, and no wider scope by a header', async () => {
  const script = ['Service-Worker: script', 'Sec-Fetch-Dest: serviceworker', 'Sec-Fetch-Mode: same-origin', session()]
  for (const { address } of addresses) {
    const answer = parsed(await speak(stage.origin, bytesOf(stage.origin, `GET ${address}`, script)))
    expect([address, answer.status]).toEqual([address, 404])
    expect(setCookies({ headers: answer.headers } as never)).toEqual([])
  }
  for (const [path, allowed, arrives] of [
    ['/app/sw.js', '/', undefined],
    ['/app/sw.js', '/.', undefined],
    ['/app/sw.js', '/.auth', undefined],
    ['/app/sw.js', '/.auth/login', undefined],
    ['/app/sw.js', '../', undefined],
    ['/app/sw.js', '/x/..', undefined],
    ['/app/sw.js', `${stage.origin}/`, '*'],
    ['/app/js/sw.js', '../', '../'],
    ['/app/js/sw.js', '/app/', '/app/'],
    ['/app/js/sw.js', '/.authority/', '/.authority/'],
  ] as const) {
    stage.upstream.handle((_request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/javascript', 'Service-Worker-Allowed': allowed }).end('//')
      return true
    })
    const { headers } = await uwe.ask(stage.origin + path, { headers: { 'service-worker': 'script' } })
    expect([path, allowed, headers['service-worker-allowed']]).toEqual([
      path,
      allowed,
      arrives === '*' ? undefined : arrives,
    ])
  }
})

attack('T118', 'cannot have the browser forget our cookies, alone or among other things', async () => {
  for (const [said, arrives] of [
    ['"cookies"', undefined],
    ['"*"', undefined],
    ['"cache", "cookies"', '"cache"'],
    ['"storage" ,"*","cache"', '"storage", "cache"'],
    ['cookies', undefined],
    ['"Cookies"', undefined],
    ['"cache", "something-new"', '"cache"'],
    ['"executionContexts", "clientHints"', '"executionContexts", "clientHints"'],
  ] as const) {
    for (const path of ['/x', '/public', '/optional']) {
      stage.upstream.handle((_request, response) => {
        response.writeHead(200, { 'Clear-Site-Data': said }).end()
        return true
      })
      const reply = await uwe.ask(stage.origin + path)
      expect([path, said, reply.headers['clear-site-data']]).toEqual([path, said, arrives])
    }
  }
})

attack('T118', 'signs nobody out from a script without a form or link that a person used', async () => {
  for (const [method, lines] of [
    ['GET', ['Sec-Fetch-Site: same-origin', 'Sec-Fetch-Mode: cors', 'Sec-Fetch-Dest: empty']],
    ['GET', ['Sec-Fetch-Site: same-origin', 'Sec-Fetch-Mode: no-cors', 'Sec-Fetch-Dest: image']],
    ['GET', ['Sec-Fetch-Site: same-origin', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: iframe']],
    ['HEAD', []],
    ['POST', ['Sec-Fetch-Site: cross-site', 'Origin: https://evil.example', 'Content-Length: 0']],
  ] as const) {
    await speak(stage.origin, bytesOf(stage.origin, `${method} ${endpoints.logout}`, [...lines, session()]))
    expect((await uwe.ask(`${stage.origin}/x`)).status, `${method} ${lines.join(' ')}`).toBe(200)
  }
})

attack(
  'T121',
  'is not kept by a shared cache: what a person is shown becomes private, unless the application says how',
  async () => {
    for (const [said, path, arrives] of [
      [{}, '/api/me/x.css', 'private'],
      [{ ETag: '"1"' }, '/x.js', 'private'],
      [{ 'Cache-Control': 'public, max-age=60' }, '/x.css', 'public, max-age=60'],
      [{ Expires: 'Thu, 01 Jan 2037 00:00:00 GMT' }, '/x.css', undefined],
      [{}, '/optional/x.css', 'private'],
      [{}, '/public/x.css', undefined],
    ] as const) {
      stage.upstream.handle((_request, response) => {
        response.writeHead(200, { ...said }).end('body')
        return true
      })
      const reply = await uwe.ask(stage.origin + path)
      expect([path, reply.headers['cache-control']]).toEqual([path, arrives])
    }
  },
)
