import type { IncomingMessage } from 'node:http'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { until } from '../redis.ts'
import { createVisitor, type Visitor } from '../visitor.ts'
import { comeIn, type GlassScene, password, startGlass, submit, toForm } from './glass-scene.ts'
import { expectPage, givesSession, visit } from './scene.ts'

let scene: GlassScene
const visitors: Visitor[] = []
const visitor = (): Visitor => {
  const made = createVisitor()
  visitors.push(made)
  return made
}
const door = () => `${scene.origin}/.auth/break-glass`

describe('break-glass while the provider answers and nobody has opened it', () => {
  beforeAll(async () => {
    scene = await startGlass()
  })
  afterAll(async () => {
    await scene.close()
    for (const each of visitors) each.close()
  })

  test('door answers as if there were none, whatever the method', async () => {
    for (const method of ['GET', 'POST', 'PUT', 'OPTIONS']) {
      const headers = { accept: 'application/json' }
      const [here, nowhere] = await Promise.all([
        visitor().ask(door(), { method, headers }),
        visitor().ask(`${scene.origin}/.auth/nothing-there`, { method, headers }),
      ])
      const neutral = (body: string) => body.replace(/[0-9a-f-]{36}/, '')
      expect([here.status, neutral(here.body)]).toEqual([nowhere.status, neutral(nowhere.body)])
      expect(here.status).toBe(404)
    }
    expectPage(await visit(visitor(), `${door()}-return?state=x&code=y`), 404, 'endpoint_unknown')
  })

  test('console says what it is at its front, and has nothing else', async () => {
    const front = await visit(visitor(), `${scene.console}/`)
    expect([front.status, front.body.split('\n').length]).toEqual([200, 2])
    for (const path of ['/break-glass/payroll', '/break-glass/payroll?state=x', '/x', '/.auth/login', '/public/x']) {
      expectPage(await visit(visitor(), scene.console + path), 404, 'endpoint_unknown')
    }
    const post = { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'name=anna' }
    expect((await visitor().ask(`${scene.console}/break-glass/payroll`, post)).status).toBe(403)
    expect(scene.upstream.seen).toHaveLength(0)
  })
})

describe('break-glass in an outage', () => {
  const anna = visitor()

  beforeAll(async () => {
    scene = await startGlass()
    await until('the provider is known', async () => (await visit(visitor(), `${scene.origin}/admin`)).status === 302)
    await scene.stopProvider()
  })
  afterAll(() => scene.close())

  test('opens only when the provider has been silent for long, and says so aloud', async () => {
    scene.gateway.forward(20)
    await until('it is asked in vain', async () => {
      scene.gateway.forward(20)
      return (await visit(visitor(), `${scene.origin}/admin`)).status === 302
    })
    expect((await visit(visitor(), door())).status).toBe(404)
    await until('it opens', async () => {
      scene.gateway.forward(60)
      return scene.logged('break_glass_opened').length > 0
    })
    expect(scene.logged('break_glass_opened')).toMatchObject([
      { level: 'error', tenant: 'payroll', why: 'outage' },
      { level: 'error', tenant: 'canteen', why: 'outage' },
    ])
    expect(await scene.gateway.metrics()).toContain('sallyport_break_glass_open{tenant="payroll"} 1')
  })

  test('page of the outage offers the way to it, and nobody is sent to the provider', async () => {
    const page = await visit(visitor(), `${scene.origin}/admin?of=2026`)
    expectPage(page, 503, 'provider_unreachable')
    expect(page.body).toContain('href="/.auth/break-glass?return_to=%2Fadmin%3Fof%3D2026"')
  })

  test('signs in with name and password on an origin of its own, and comes back to the page', async () => {
    const form = await toForm(anna, scene)
    expect(new URL(form.url).origin).toBe(scene.console)
    expect(form.headers['content-security-policy']).toContain(`form-action 'self' ${scene.origin};`)
    expect(form.headers['content-security-policy']).not.toContain('script')
    expect(form.headers['set-cookie']?.[0]).toMatch(/^__Host-console=[\w-]{22}; .*SameSite=Strict$/)
    const sent = await submit(anna, form, { name: ' ANNA ', password })
    expect([sent.status, givesSession(sent)]).toEqual([303, false])
    const arrived = await visit(anna, sent.location)
    expect([arrived.status, givesSession(arrived), arrived.headers.refresh]).toEqual([200, true, '0; url=/admin'])
    expect(arrived.headers['referrer-policy']).toBe('no-referrer')
    expect((await visit(anna, `${scene.origin}/admin`)).status).toBe(200)
    expect(scene.logged('break_glass_signed_in')).toMatchObject([
      { level: 'error', tenant: 'payroll', account: 'anna', roles: ['admin'] },
    ])
  })

  test('tells the application who it is, with exactly the one role and nothing else', async () => {
    await visit(anna, `${scene.origin}/x`)
    const { headers } = scene.upstream.seen.at(-1) ?? { headers: {} }
    expect(headers).toMatchObject({
      'x-forwarded-user': 'break-glass:anna',
      'x-forwarded-preferred-username': 'break-glass:anna',
    })
    expect(headers).not.toHaveProperty('x-forwarded-groups')
    expect(headers).not.toHaveProperty('x-forwarded-email')
    const bert = visitor()
    await comeIn(bert, scene, { name: 'bert', password })
    expectPage(await visit(bert, `${scene.origin}/admin`), 403, 'role_missing')
    expect((await visit(bert, `${scene.origin}/reports`)).status).toBe(200)
  })

  test('tells the person the same, and until when', async () => {
    const me = JSON.parse((await visit(anna, `${scene.origin}/.auth/me`)).body)
    expect(me).toMatchObject({
      directoryId: 'break-glass',
      objectId: 'break-glass:anna',
      email: null,
      roles: ['admin'],
    })
    const session = JSON.parse((await visit(anna, `${scene.origin}/.auth/session`)).body)
    expect(session.ends_in).toBeGreaterThan(3_500)
    expect(session.ends_in).toBeLessThanOrEqual(3_600)
    const explained = await visit(anna, `${scene.origin}/.auth/explain?path=/admin`)
    expect(explained.body).toContain('by the emergency account')
    expect(explained.body).toContain('an emergency account of the gateway')
    expect(explained.body).not.toContain('Last checked')
    expect((await visit(anna, `${scene.origin}/.auth/me/photo`)).status).toBe(404)
  })

  test('signs out without a word to any provider', async () => {
    const bert = visitor()
    await comeIn(bert, scene, { name: 'bert', password })
    const out = await bert.ask(`${scene.origin}/.auth/logout`, {
      method: 'POST',
      headers: { origin: scene.origin, 'sec-fetch-site': 'same-origin' },
    })
    expect([out.status, out.location]).toEqual([302, `${scene.origin}/.auth/signed-out`])
    expect((await visit(bert, `${scene.origin}/x`)).status).toBe(503)
  })

  test('says the same of a wrong password, an unknown name, and an account of another tenant', async () => {
    const said = []
    for (const typed of [
      { name: 'anna', password: 'wrong horse battery staple' },
      { name: 'nobody', password },
      { name: 'carl', password },
    ]) {
      const failed = await submit(visitor(), await toForm(visitor(), scene), typed)
      // Without the cookie of the form, it is only shown again.
      expect([failed.status, failed.body.includes('role="alert"')]).toEqual([200, false])
      const browser = visitor()
      const page = await submit(browser, await toForm(browser, scene), typed)
      said.push([page.status, page.body.replace(/value="[^"]*"|<code>[^<]*/g, '')])
    }
    expect(said[0]?.[0]).toBe(403)
    expect(said[0]?.[1]).toContain('Name or password is not right')
    expect(said[1]).toEqual(said[0])
    expect(said[2]).toEqual(said[0])
    expect(scene.logged('break_glass_refused')).toMatchObject([
      { level: 'error', account: 'anna', why: 'password' },
      { why: 'name' },
      { why: 'name' },
    ])
    expect(JSON.stringify(scene.gateway.log())).not.toContain('horse')
  })

  test('ends its sessions within the grace once the provider has answered for a while', async () => {
    await scene.startProvider()
    scene.gateway.forward(20)
    await until('it answers', async () => (await visit(visitor(), `${scene.origin}/admin`)).status === 302)
    expect(scene.logged('break_glass_closed')).toEqual([])
    scene.gateway.forward(61)
    await until('it closes', () => scene.logged('break_glass_closed').length > 0)
    expect((await visit(anna, `${scene.origin}/admin`)).status).toBe(200)
    expect((await visit(visitor(), door())).status).toBe(404)
    scene.gateway.forward(13 * 60)
    expect((await visit(anna, `${scene.origin}/admin`)).status).toBe(200)
    scene.gateway.forward(3 * 60)
    const sentOn = await visit(anna, `${scene.origin}/admin`)
    expect([sentOn.status, new URL(sentOn.location).pathname]).toEqual([302, expect.stringContaining('/authorize')])
    expect((await visit(anna, `${scene.origin}/.auth/me`)).status).toBe(401)
  })
})

describe('break-glass that an outage has opened', () => {
  beforeEach(async () => {
    scene = await startGlass()
    await until('the provider is known', async () => (await visit(visitor(), `${scene.origin}/admin`)).status === 302)
    await scene.stopProvider()
    await until('it opens', () => {
      scene.gateway.forward(60)
      return scene.logged('break_glass_opened').length > 0
    })
  })
  afterEach(() => scene.close())

  test('closes when the provider is back, also where the clock was set back meanwhile', async () => {
    await scene.startProvider()
    scene.gateway.forward(-86_400)
    await until('it closes', () => {
      scene.gateway.forward(20)
      return scene.logged('break_glass_closed').length > 0
    })
    expect((await visit(visitor(), `${scene.origin}/admin`)).status).toBe(302)
  })

  test('keeps nobody from the provider, and is not open again, once it was taken out of the configuration', async () => {
    expectPage(await visit(visitor(), `${scene.origin}/admin`), 503, 'provider_unreachable')
    let before = ''
    scene.gateway.edit((yaml) => {
      before = yaml
      return yaml.slice(0, yaml.indexOf('breakGlass:'))
    })
    await scene.startProvider()
    await until('it is closed', () => scene.logged('break_glass_closed').length > 0)
    expect((await visit(visitor(), `${scene.origin}/admin`)).status).toBe(302)
    scene.gateway.edit(() => before)
    scene.open()
    await scene.isOpen(true)
    expect(scene.logged('break_glass_opened').at(-1)).toMatchObject({ why: 'operator' })
    expect((await visit(visitor(), `${scene.origin}/admin`)).status).toBe(302)
  })
})

describe('break-glass opened by the operator', () => {
  beforeAll(async () => {
    scene = await startGlass({ settings: '  open: by-operator\n  lifetime: 30m\n  grace: 1h' })
    scene.open()
    await scene.isOpen(true)
  })
  afterAll(() => scene.close())

  test('is open while the file is there, with the usual sign-in beside it', async () => {
    expect(scene.logged('break_glass_opened')).toMatchObject([{ why: 'operator' }, { why: 'operator' }])
    expect((await visit(visitor(), `${scene.origin}/admin`)).status).toBe(302)
    const anna = visitor()
    await comeIn(anna, scene)
    expect((await visit(anna, `${scene.origin}/admin`)).status).toBe(200)
  })

  test('ends a session at its own lifetime, however long break-glass is open and the session policy allows', async () => {
    const anna = visitor()
    await comeIn(anna, scene)
    scene.gateway.forward(29 * 60)
    expect((await visit(anna, `${scene.origin}/admin`)).status).toBe(200)
    scene.gateway.forward(2 * 60)
    expect((await visit(anna, `${scene.origin}/admin`)).status).toBe(302)
  })

  test('takes what an open door has given out for two minutes, wherever it is closed by then, and no longer', async () => {
    const [early, late] = [visitor(), visitor()]
    const [soon, tooLate] = [await toForm(early, scene), await toForm(late, scene)]
    scene.shut()
    await scene.isOpen(false)
    expect((await visit(visitor(), door())).status).toBe(404)
    expect((await submit(early, soon, { name: 'anna', password })).status).toBe(303)
    scene.gateway.forward(121)
    expect((await visit(late, tooLate.url)).status).toBe(404)
    expect((await submit(late, tooLate, { name: 'anna', password })).status).toBe(404)
    scene.open()
    await scene.isOpen(true)
    expect((await visit(late, tooLate.url)).status).toBe(200)
    scene.gateway.forward(600)
    expect((await visit(late, tooLate.url)).status).toBe(404)
  })

  test('cuts an open WebSocket when the session ends', async () => {
    const accepting = new WebSocketServer({ noServer: true })
    scene.upstream.server.on('upgrade', (request: IncomingMessage, socket, head) => {
      accepting.handleUpgrade(request, socket, head, (opened) => {
        opened.on('error', () => {})
        opened.send(String(request.headers['x-forwarded-user']))
      })
    })
    const anna = visitor()
    await comeIn(anna, scene)
    const { host } = new URL(scene.origin)
    const chat = new WebSocket(`ws://localhost:${new URL(scene.origin).port}/chat`, {
      headers: { host, origin: scene.origin, cookie: anna.cookies(scene.origin).join('; ') },
    })
    const said: string[] = []
    chat.on('error', () => {})
    chat.on('message', (data) => said.push(String(data)))
    chat.on('close', () => said.push('cut'))
    await until('the greeting', () => said.length === 1)
    scene.gateway.forward(31 * 60)
    await until('it is cut', () => said.includes('cut'), 15_000)
    expect(said).toEqual(['break-glass:anna', 'cut'])
  })

  test('does not open by itself', async () => {
    scene.shut()
    await scene.isOpen(false)
    await scene.stopProvider()
    for (let minutes = 0; minutes < 12; minutes += 1) {
      scene.gateway.forward(60)
      await visit(visitor(), `${scene.origin}/public`)
    }
    expect(scene.logged('break_glass_opened')).toHaveLength(4)
    expect((await visit(visitor(), door())).status).toBe(404)
  })
})
