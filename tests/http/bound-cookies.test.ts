import { createHash } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { redisMissing, startRedis, type TestRedis, until } from '../redis.ts'
import { type Stage, startStage } from '../stage.ts'
import { createVisitor, navigation, type Reply, signIn, type Visitor } from '../visitor.ts'
import { type ClockedStage, startClockedStage } from './clocked.ts'
import { type OldApplication, php, tomcat, type Visit } from './old-applications.ts'
import { approve } from './pages-of-entra.ts'
import { begin, setCookies, sid, visit } from './scene.ts'
import { bytesOf, handshake, openWire, speak } from './wire.ts'

const [uwe, ada] = ['uwe@contoso.example', 'ada@contoso.example']
const routes = `- { path: /app/open, access: public }
- { path: /php/open, access: public }
- { path: /asp/open, access: public }
- { path: /net/open, access: public }
- { path: /app/maybe, access: optional }
- { path: /app/admin, access: [admin] }
- { path: /app/proof, access: signed-in, authContext: mfa }
- { path: /free, access: signed-in, upstream: { url: 'http://127.0.0.1:1', bindCookies: [] } }
- { path: /, access: signed-in }`
const provider = () => '\n    authContexts: { mfa: c1 }'

let stage: Stage
let browser: Visitor
let at: (path: string) => string

async function start(also: Parameters<typeof startStage>[0] = {}): Promise<void> {
  stage = await startStage({ routes, provider, ...also })
  browser = createVisitor()
  at = (path) => stage.origin + path
}

function run(application: OldApplication): OldApplication {
  stage.upstream.handle((request, response) => {
    application.handle(request, response)
    return true
  })
  return application
}

const told = (reply: Reply): Visit => {
  expect(reply.status).toBe(200)
  return JSON.parse(reply.body)
}
const use = async (path: string) => told(await browser.ask(at(path)))

async function signOut(): Promise<void> {
  const reply = await browser.ask(at('/.auth/logout'), { headers: { ...navigation, 'sec-fetch-site': 'same-origin' } })
  expect(reply.status).toBe(302)
  // At the provider too, or the next person would not be asked who they are.
  await browser.open(reply.location)
  expect(browser.cookie(stage.origin, sid)).toBeUndefined()
}

const cookieOf = (name: string) => browser.cookie(stage.origin, name)

describe('an application with sessions of its own', () => {
  beforeAll(() => start())
  beforeEach(() => {
    browser = createVisitor()
  })
  afterEach(() => {
    browser.close()
    stage.upstream.handle(null)
  })
  afterAll(() => stage.close())

  test('lets an application end its own session', async () => {
    run(php())
    await signIn(browser, at('/php/x'), uwe)
    await use('/php/x')
    expect(cookieOf('PHPSESSID')).toBeDefined()
    await use('/php/leave')
    expect(cookieOf('PHPSESSID')).toBeUndefined()
  })

  test('keeps it through a stronger sign-in of the same person, whose own session gets a new id', async () => {
    run(tomcat())
    await signIn(browser, at('/app/x'), uwe)
    const before = await use('/app/x')
    const id = cookieOf(sid)
    const authorize = await begin(browser, at('/app/proof'))
    const back = told(await approve(browser, await visit(browser, authorize)))
    expect(cookieOf(sid)).not.toBe(id)
    expect(back).toEqual({ ...before, hits: before.hits + 1 })
  })

  test('keeps what a public route began through stronger sign-ins, and it is nobody else’s afterwards', async () => {
    const { arrived } = run(tomcat())
    await signIn(browser, at('/app/x'), uwe)
    browser.setCookie(stage.origin, 'JSESSIONID', null)
    const { id } = await use('/app/open')
    await approve(browser, await visit(browser, await begin(browser, at('/app/proof'))))
    expect((await use('/app/x')).id).toBe(id)
    expect((await use('/app/open')).id).toBe(id)
    const stale = cookieOf('JSESSIONID')
    await signIn(browser, at('/.auth/login?prompt=select_account&return_to=/app/x'), ada)
    browser.setCookie(stage.origin, 'JSESSIONID', stale ?? '')
    arrived.splice(0)
    expect((await use('/app/x')).id).not.toBe(id)
    expect(arrived).not.toContain(id)
  })

  test('loses it by a new sign-in of another person without a sign-out', async () => {
    const { arrived } = run(tomcat())
    await signIn(browser, at('/app/x'), uwe)
    const before = await use('/app/x')
    await signIn(browser, at('/.auth/login?prompt=select_account&return_to=/app/x'), ada)
    arrived.splice(0)
    expect((await use('/app/x')).owner).not.toBe(before.owner)
    expect(arrived).not.toContain(before.id)
  })

  test('goes on with it on public and optional routes, without being told who it is', async () => {
    run(tomcat())
    await signIn(browser, at('/app/x'), uwe)
    const { id } = await use('/app/x')
    expect((await use('/app/open')).id).toBe(id)
    expect((await use('/app/maybe')).id).toBe(id)
    expect((await use('/app/x')).id).toBe(id)
  })

  test('goes on with what a public route began for who is signed in, although nobody looked who that was', async () => {
    run(tomcat())
    await signIn(browser, at('/app/x'), uwe)
    browser.setCookie(stage.origin, 'JSESSIONID', null)
    const { id } = await use('/app/open')
    expect((await use('/app/open')).id).toBe(id)
    expect((await use('/app/x')).id).toBe(id)
  })

  test('never makes nobody’s session that of who signs in: it may have been planted', async () => {
    const { arrived } = run(php())
    const open = await use('/php/open')
    expect((await use('/php/open')).id).toBe(open.id)
    await signIn(browser, at('/php/x'), uwe)
    const mine = await use('/php/x')
    expect(mine.id).not.toBe(open.id)
    // An id that somebody made up and planted, which this application would take.
    browser.setCookie(stage.origin, 'PHPSESSID', 'evilevilevilevilevilevil')
    expect((await use('/php/x')).id).not.toBe('evilevilevilevilevilevil')
    expect(arrived).not.toContain('evilevilevilevilevilevil')
  })

  test('is given two cookies of one name (of two paths) each by its own mark, and nothing else is touched', async () => {
    await signIn(browser, at('/x'), uwe)
    const bind = async (line: string) => {
      stage.upstream.handle((_request, response) => {
        response.writeHead(200, { 'Set-Cookie': line }).end()
        return true
      })
      const [set = ''] = setCookies(await browser.ask(at('/x'))).filter((each) => each.startsWith('JSESSIONID='))
      return set.split(';')[0]
    }
    const [one, two] = [await bind('JSESSIONID=1; Path=/'), await bind('JSESSIONID="2=="; Path=/app; HttpOnly')]
    stage.upstream.handle(null)
    const cookie = `Cookie: a=1;  ${two}; JSESSIONID=3; b="x;${one}; ${sid}=${cookieOf(sid)}; c`
    const answer = await speak(stage.origin, bytesOf(stage.origin, 'GET /x', [cookie]))
    expect(JSON.parse(answer?.body ?? '').headers.cookie).toBe('a=1;  JSESSIONID="2=="; b="x;JSESSIONID=1; c')
  })

  test('is told the same by requests with Expect, chunked bodies and WebSockets', async () => {
    await signIn(browser, at('/x'), uwe)
    stage.upstream.handle((_request, response) => {
      response.writeHead(200, { 'Set-Cookie': 'PHPSESSID=p1; path=/' }).end()
      return true
    })
    await browser.ask(at('/x'))
    stage.upstream.handle(null)
    const [bound, session] = [cookieOf('PHPSESSID'), `${sid}=${cookieOf(sid)}`]
    const cookie = `Cookie: PHPSESSID=stale; PHPSESSID=${bound}; JSESSIONID=planted; ${session}`
    const before = stage.upstream.seen.length
    for (const bytes of [
      bytesOf(stage.origin, 'POST /x', [cookie, 'Expect: 100-continue', 'Content-Length: 1'], 'a'),
      bytesOf(stage.origin, 'POST /x', [cookie, 'Transfer-Encoding: chunked'], '1\r\na\r\n0\r\n\r\n'),
    ]) {
      expect((await speak(stage.origin, bytes))?.status).toBe(200)
    }
    const socket = await openWire(stage.origin)
    socket.send(bytesOf(stage.origin, 'GET /x', [...handshake(stage.origin), cookie]))
    await until('the handshake at the application', () => stage.upstream.seen.length === before + 3)
    socket.end()
    for (const { headers } of stage.upstream.seen.slice(before)) expect(headers.cookie).toBe('PHPSESSID=p1')
  })

  test('can set it in the answer to a WebSocket handshake, whether it agrees or not', async () => {
    await signIn(browser, at('/x'), uwe)
    const cookie = `Cookie: ${sid}=${cookieOf(sid)}`
    const accept = createHash('sha1').update('dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11')
    const accepted = `101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept.digest('base64')}`
    for (const start of [accepted, '403 Forbidden\r\nContent-Length: 0']) {
      stage.upstream.server.once('upgrade', (_request, socket) =>
        socket.write(`HTTP/1.1 ${start}\r\nSet-Cookie: JSESSIONID=w1; Path=/\r\nSet-Cookie: theme=1\r\n\r\n`),
      )
      const wire = await openWire(stage.origin)
      wire.send(bytesOf(stage.origin, 'GET /x', [...handshake(stage.origin), cookie]))
      const answer = await wire.answer()
      wire.end()
      expect(answer?.head).toMatch(/^set-cookie: JSESSIONID=[\w-]{22}\.w1; Path=\/\r$/im)
      expect(answer?.head).toMatch(/^set-cookie: theme=1\r?$/im)
    }
  })

  test('is cut off from an open WebSocket on a public route when the person whose session it took up signs out', async () => {
    run(tomcat())
    await signIn(browser, at('/app/x'), uwe)
    await use('/app/x')
    stage.upstream.server.once('upgrade', (_request, socket) => {
      const accept = createHash('sha1').update('dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11')
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept.digest('base64')}\r\n\r\n`,
      )
    })
    const wire = await openWire(stage.origin)
    const cookie = `Cookie: ${browser.cookies(stage.origin).join('; ')}`
    wire.send(bytesOf(stage.origin, 'GET /app/open', [...handshake(stage.origin), cookie]))
    expect((await wire.answer())?.status).toBe(101)
    await signOut()
    // At once, and not when all that is open is looked at again.
    expect(await wire.closed(2_000)).toBe(true)
    wire.end()
  })

  test('is cut off from a stream on a public route in the same way, and that of nobody goes on', async () => {
    run(tomcat())
    await signIn(browser, at('/app/x'), uwe)
    await use('/app/x')
    stage.upstream.handle((_request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: 1\n\n')
      return true
    })
    const [mine, nobodys] = [await openWire(stage.origin), await openWire(stage.origin)]
    mine.send(bytesOf(stage.origin, 'GET /app/open', [`Cookie: ${browser.cookies(stage.origin).join('; ')}`]))
    nobodys.send(bytesOf(stage.origin, 'GET /app/open'))
    for (const wire of [mine, nobodys]) await until('the stream', () => wire.rest().includes('data: 1'))
    await signOut()
    expect(await mine.closed(2_000)).toBe(true)
    expect(nobodys.socket.destroyed).toBe(false)
    nobodys.end()
  })
})

describe('an application with sessions of its own, as time goes by', () => {
  let clocked: ClockedStage
  beforeEach(async () => {
    clocked = await startClockedStage('revalidate: 10m\nidle: 30m', { routes, provider })
    browser = createVisitor()
    at = (path) => clocked.origin + path
    const application = tomcat()
    clocked.upstream.handle((request, response) => {
      application.handle(request, response)
      return true
    })
    await signIn(browser, at('/app/x'), uwe)
  })
  afterEach(async () => {
    browser.close()
    await clocked.close()
  })

  test('keeps it through every revalidation', async () => {
    const { id } = await use('/app/x')
    for (let times = 0; times < 3; times += 1) {
      clocked.forward(601)
      expect((await use('/app/x')).id).toBe(id)
    }
    expect(await clocked.metrics()).toMatch(/revalidations_total\{[^}]*result="refreshed"\} [1-9]/)
  })

  test('loses nothing while the provider wants to see the person: until then it gets and gives no session', async () => {
    const { id } = await use('/app/x')
    const mine = browser.cookie(clocked.origin, 'JSESSIONID')
    clocked.emulator.control.fail('token', { kind: 'aadsts', code: 50076 }, 1)
    clocked.forward(601)
    for (const path of ['/app/open', '/app/maybe']) {
      const between = await use(path)
      expect([path, between.id === id, between.owner]).toEqual([path, false, null])
      expect(browser.cookie(clocked.origin, 'JSESSIONID')).toBe(mine)
    }
    const page = await browser.open(at('/app/x'))
    const back = page.url.startsWith(clocked.origin) ? page : await approve(browser, page)
    expect(told(back).id).toBe(id)
  })

  test('keeps no session alive by its requests on public routes: they are nobody’s activity (T131)', async () => {
    const { id } = await use('/app/x')
    for (let minutes = 0; minutes < 29; minutes += 7) {
      expect((await use('/app/open')).id).toBe(id)
      clocked.forward(7 * 60)
    }
    // By now it is over: the application begins anew, for nobody.
    expect((await use('/app/open')).id).not.toBe(id)
    expect((await browser.ask(at('/app/x'))).status).toBe(401)
  })
})

describe('bindCookies', () => {
  afterEach(async () => {
    browser.close()
    await stage.close()
  })

  const echo = async (cookie: string) => {
    const headers = { cookie: `${cookie}; ${sid}=${cookieOf(sid)}` }
    return JSON.parse((await browser.ask(at('/x'), { headers })).body).headers.cookie
  }

  async function startWith(bindCookies: string): Promise<void> {
    await start()
    stage.edit((yaml) => yaml.replace(/(upstream: \{ url: '[^']*',)(?= timeouts)/, `$1 bindCookies: ${bindCookies},`))
    await signIn(browser, at('/x'), uwe)
  }

  test('binds nothing where it is empty', async () => {
    await startWith('[]')
    expect(await echo('JSESSIONID=1; PHPSESSID=2')).toBe('JSESSIONID=1; PHPSESSID=2')
    stage.upstream.handle((_request, response) => {
      response.writeHead(200, { 'Set-Cookie': 'JSESSIONID=1; Path=/' }).end()
      return true
    })
    expect(setCookies(await browser.ask(at('/x')))).toEqual(['JSESSIONID=1; Path=/'])
  })

  test('binds what is named beside the known ones, and leaves out what is left out', async () => {
    await startWith("[known, 'APPSID*', -PHPSESSID]")
    expect(await echo('APPSIDX1=1; JSESSIONID=1; PHPSESSID=2; APP=3')).toBe('PHPSESSID=2; APP=3')
  })
})

describe.skipIf(redisMissing())('an application with sessions of its own, while Redis is silent', () => {
  let redis: TestRedis
  beforeAll(async () => {
    redis = await startRedis()
    await start({ session: `store: { type: redis, url: '${redis.url}' }` })
    await until('Redis', async () =>
      (await browser.ask(`${stage.management}/readyz`)).body.includes('"sessionStore":"ready"'),
    )
  })
  afterAll(async () => {
    redis.thaw()
    browser.close()
    await stage.close()
    await redis.stop()
  })

  test('is told no session of anybody whom nobody knows, gives none, and goes on with all afterwards', async () => {
    const { arrived } = run(tomcat())
    await signIn(browser, at('/app/x'), uwe)
    const mine = await use('/app/x')
    const cookies = browser.cookies(stage.origin)
    // As on a replica that does not know the session.
    const stranger = await startStage({ routes, provider, session: `store: { type: redis, url: '${redis.url}' }` })
    try {
      stranger.upstream.handle((request, response) => {
        expect(request.headers.cookie ?? '').not.toContain('JSESSIONID')
        response.writeHead(200, { 'Set-Cookie': ['JSESSIONID=new; Path=/app', 'theme=1'] }).end('{}')
        return true
      })
      redis.freeze()
      for (const path of ['/app/open', '/app/maybe']) {
        const reply = await browser.ask(stranger.origin + path, { headers: { cookie: cookies.join('; ') } })
        expect([path, reply.status, setCookies(reply)]).toEqual([path, 200, ['theme=1']])
      }
      redis.thaw()
      await until('Redis', async () => {
        const { headers } = await browser.ask(at('/app/x'))
        return headers['content-type'] === 'application/json'
      })
      expect((await use('/app/x')).id).toBe(mine.id)
      expect(arrived).toContain(mine.id)
    } finally {
      await stranger.close()
    }
  })
})
