import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import { aspNet, classicAsp, type OldApplication, php, tomcat, type Visit } from '../http/old-applications.ts'
import { setCookies, sid } from '../http/scene.ts'
import { openWire } from '../http/wire.ts'
import { type Stage, startStage } from '../stage.ts'
import { createVisitor, navigation, signIn, type Visitor } from '../visitor.ts'
import { attack } from './attack.ts'

const [uwe, ada] = ['uwe@contoso.example', 'ada@contoso.example']
let stage: Stage
/** That of a workstation which people share. */
let browser: Visitor
/** The Cookie headers that arrived. */
const cookies: string[] = []

beforeAll(async () => {
  stage = await startStage({
    server: ', limits: { headers: 256KB }',
    routes: `- { path: /app/open, access: public }
- { path: /php/open, access: public }
- { path: /asp/open, access: public }
- { path: /net/open, access: public }
- { path: /public, access: public }
- { path: /optional, access: optional }
- { path: /, access: signed-in }`,
  })
})
beforeEach(() => {
  browser = createVisitor()
})
afterEach(() => {
  browser.close()
  stage.upstream.handle(null)
})
afterAll(() => stage.close())

const at = (path: string) => stage.origin + path
const cookieOf = (name: string) => browser.cookie(stage.origin, name)

function run(application: OldApplication): OldApplication {
  stage.upstream.handle((request, response) => {
    cookies.push(request.headers.cookie ?? '')
    application.handle(request, response)
    return true
  })
  return application
}

async function use(path: string, headers: Record<string, string> = {}): Promise<Visit> {
  const reply = await browser.ask(at(path), { headers })
  expect(reply.status).toBe(200)
  return JSON.parse(reply.body)
}

async function signOut(): Promise<void> {
  const reply = await browser.ask(at('/.auth/logout'), { headers: { ...navigation, 'sec-fetch-site': 'same-origin' } })
  expect(reply.status).toBe(302)
  // At the provider too, or the next person would not be asked who they are.
  await browser.open(reply.location)
  expect(cookieOf(sid)).toBeUndefined()
}

for (const [like, create] of [
  ['Tomcat', tomcat],
  ['PHP', php],
  ['classic ASP', classicAsp],
  ['ASP.NET', aspNet],
] as const) {
  attack('T128', `is never continued by the next person, with an application like ${like}`, async () => {
    const application = run(create())
    const { path, cookie, given, arrived } = application
    await signIn(browser, at(`${path}/x`), uwe)
    const first = await use(`${path}/x`)
    const again = await use(`${path}/y`)
    expect(again).toEqual({ ...first, hits: first.hits + 1 })
    expect(arrived.every((id) => given.has(id))).toBe(true)
    // What scripts read is as the application said it; the session's cookie ends with its value.
    expect(cookieOf('XSRF-TOKEN')).toBe('for-scripts')
    expect(cookieOf(cookie)).toMatch(new RegExp(`^[\\w-]{22}\\.${first.id}$`))
    const login = await use(`${path}/login`)
    expect(login.owner).toBe(first.owner)
    expect((await use(`${path}/x`)).id).toBe(login.id)

    await signOut()
    arrived.splice(0)
    const stale = cookieOf(cookie)
    expect(stale).toBeDefined()
    // Nobody, then the next person: neither continues it.
    expect((await use(`${path}/open`)).owner).toBeNull()
    await signIn(browser, at(`${path}/x`), ada)
    const next = await use(`${path}/x`)
    expect(next.owner).not.toBe(first.owner)
    expect(next.owner).toMatch(/^ada|^[0-9a-f-]{36}$/)
    // Not with what the browser still had, nor with the bare value, nor under another spelling of the name.
    const bare = String(stale).slice(23)
    cookies.splice(0)
    for (const planted of [
      `${cookie}=${stale}`,
      `${cookie}=${bare}`,
      `${cookie.toLowerCase()}=${bare}`,
      `x=1,${cookie}=${bare}`,
      `x=1 ${cookie}=${bare}`,
      `=${cookie}=${bare}`,
      `"${cookie}"=${bare}`,
      `${cookie}%00x=${bare}`,
      `${cookie}=${stale}; ${cookie}=${bare}`,
    ]) {
      const headers = { cookie: `${planted}; ${sid}=${cookieOf(sid)}; other=1` }
      const { owner, id } = await use(`${path}/x`, headers)
      expect([owner, id === bare]).toEqual([next.owner, false])
    }
    expect(arrived.filter((id) => id.includes(bare))).toEqual([])
    // In no other spelling either, whatever a server would make of it.
    expect(cookies.length).toBeGreaterThan(8)
    expect(cookies.filter((header) => header.includes(bare))).toEqual([])
  })
}

attack('T128', 'is not that of who signs in where nobody’s was planted, nor the other way round', async () => {
  const { arrived } = run(php())
  const planted = (await use('/php/open')).id
  const nobodys = String(cookieOf('PHPSESSID'))
  await signIn(browser, at('/php/x'), uwe)
  const mine = await use('/php/x')
  const [own, session] = [String(cookieOf('PHPSESSID')), `${sid}=${cookieOf(sid)}`]
  arrived.splice(0)
  for (const cookie of [`PHPSESSID=${nobodys}; ${session}`, `PHPSESSID=${planted}; ${session}`]) {
    expect((await use('/php/x', { cookie })).id).not.toBe(planted)
    expect((await use('/php/open', { cookie })).id).not.toBe(planted)
  }
  for (const cookie of [
    `PHPSESSID=${own}`,
    `PHPSESSID=${own}; ${sid}=s%3Aforged`,
    `PHPSESSID=${own}; ${session}; ${session}`,
  ]) {
    expect((await use('/php/open', { cookie })).id).not.toBe(mine.id)
  }
  expect(arrived).toEqual([])
})

attack('T89', 'stands still for no cookie, however many blanks and brackets its name and value have', async () => {
  run(php())
  const wires = await Promise.all(
    [`a.${' '.repeat(200_000)}b=1`, '['.repeat(200_000), `PHPSESSID=a${' '.repeat(200_000)}b`].map(async (cookie) => {
      const wire = await openWire(stage.origin)
      wire.send(`GET /php/open HTTP/1.1\r\nHost: ${new URL(stage.origin).host}\r\nCookie: ${cookie}\r\n\r\n`)
      return wire
    }),
  )
  for (const wire of wires) {
    // What does not reach the application, or is too long for it.
    expect([200, 431]).toContain((await wire.answer({ milliseconds: 10_000 }))?.status)
    wire.end()
  }
})

attack('T96', 'fails: an application neither sets nor clears our cookies, by any answer', async () => {
  await signIn(browser, at('/x'), uwe)
  const lines = [
    '__Host-sid=evil; Path=/; Secure',
    '__Host-sid=; Max-Age=0; Path=/; Secure',
    ' __Host-sid =x; Path=/',
    '=__Host-sid=x',
    '__Host-login=evil; Path=/; Secure',
    '__Host-provider=evil; Path=/; Secure',
    'app=1; Path=/',
    'app=2; Path=/x',
    'app=__Host-sid=3',
  ]
  const kept = cookieOf(sid)
  for (const status of [200, 204, 302, 404, 500]) {
    stage.upstream.handle((_request, response) => {
      response.writeHead(status, { 'Set-Cookie': lines, 'Clear-Site-Data': '"cookies"', Location: '/x' }).end()
      return true
    })
    for (const path of ['/x', '/public', '/optional']) {
      const reply = await browser.ask(at(path))
      expect([status, path, setCookies(reply)]).toEqual([status, path, lines.slice(6)])
      expect(reply.headers).not.toHaveProperty('clear-site-data')
    }
  }
  stage.upstream.handle(null)
  expect(cookieOf(sid)).toBe(kept)
  expect((await browser.ask(at('/x'))).status).toBe(200)
})
