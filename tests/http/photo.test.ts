/** `/.auth/me/photo` over the wire: what comes, for whom, and how often Graph is asked for it. */
import { afterEach, describe, expect, test } from 'vitest'
import { attack } from '../attacks/attack.ts'
import { type Impostor, impostor, json } from '../oidc/graph-scene.ts'
import type { StageOptions } from '../stage.ts'
import { createVisitor, navigation, type Reply, signIn, type Visitor } from '../visitor.ts'
import { type ClockedStage, startClockedStage } from './clocked.ts'
import { setCookies } from './scene.ts'

const jpeg = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3])
const [greta, uwe] = ['greta@contoso.example', 'uwe@contoso.example']
const people = [
  { username: greta, name: 'Greta', photo: jpeg.toString('base64'), appRoles: ['Payroll.Reader'] },
  { username: 'hans@contoso.example', name: '<b>Hans</b> "x" Ärmel', appRoles: ['Payroll.Reader'] },
]
const long = 'revalidate: 10h\nidle: 10h\nlifetime: 10h'

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

interface Scene extends ClockedStage {
  /** Who has signed in as this person. */
  enter(username: string): Promise<Visitor>
  ask(visitor: Visitor, query?: string, headers?: Record<string, string>): Promise<Reply>
  /** What Graph and the token endpoint were asked, since the last look. */
  asked(): { readonly graph: number; readonly token: number }
}

async function setUp(session = long, also: StageOptions = {}): Promise<Scene> {
  const stage = await startClockedStage(session, { people, tenant: 'photo: true', ...also })
  open.push(stage)
  const { control } = stage.emulator
  let seen = { graph: 0, token: 0 }
  const asked = () => {
    const before = seen
    seen = { graph: control.requests('graph'), token: control.requests('token') }
    return { graph: seen.graph - before.graph, token: seen.token - before.token }
  }
  return {
    ...stage,
    asked,
    async enter(username) {
      const visitor = createVisitor()
      open.push(visitor)
      await signIn(visitor, `${stage.origin}/`, username)
      asked()
      return visitor
    },
    ask: (visitor, query = '', headers = {}) => visitor.ask(`${stage.origin}/.auth/me/photo${query}`, { headers }),
  }
}

function isInitials(reply: Reply, text: string): void {
  expect([reply.status, reply.headers['content-type']]).toEqual([200, 'image/svg+xml'])
  expect(reply.body).toContain(`>${text}</text>`)
}

const type = (reply: Reply) => reply.headers['content-type']

describe('the answer', () => {
  test('photo gives the picture byte by byte, to this browser alone, to be asked for again, and fit for nothing else', async () => {
    const scene = await setUp()
    const visitor = await scene.enter(greta)
    const cookie = visitor.cookies(scene.origin).join('; ')
    const answer = await fetch(`${scene.origin}/.auth/me/photo`, { headers: { cookie, 'sec-fetch-site': 'none' } })
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(jpeg)
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'image/jpeg',
      'content-length': '7',
      'cache-control': 'private, max-age=0, must-revalidate',
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringMatching(/^default-src 'none';.*frame-ancestors 'none'; sandbox$/),
      'cross-origin-resource-policy': 'same-origin',
      vary: 'Cookie',
    })
    const head = await visitor.ask(`${scene.origin}/.auth/me/photo`, { method: 'HEAD' })
    expect([head.status, head.headers['content-length'], head.body]).toEqual([200, '7', ''])
    expect(answer.headers.get('access-control-allow-origin')).toBe(null)
    expect(setCookies(head)).toEqual([])
  })

  test('photo says 304 to who has it already, and sends it to who has another', async () => {
    const scene = await setUp()
    for (const username of [greta, uwe]) {
      const visitor = await scene.enter(username)
      const tag = String((await scene.ask(visitor)).headers.etag)
      expect(tag).toMatch(/^"[\w-]{22}"$/)
      for (const value of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
        const again = await scene.ask(visitor, '', { 'if-none-match': value })
        expect([again.status, again.body, again.headers.etag]).toEqual([304, '', tag])
        expect(again.headers['cache-control']).toContain('private')
      }
      for (const value of ['"other"', tag.slice(1, -1), '']) {
        expect((await scene.ask(visitor, '', { 'if-none-match': value })).status).toBe(200)
      }
    }
  })

  attack('T91', 'photo draws initials for who has none, in the size, as text whatever the name is', async () => {
    const scene = await setUp()
    const visitor = await scene.enter(uwe)
    isInitials(await scene.ask(visitor), 'UM')
    for (const size of [48, 96, 240]) {
      const reply = await scene.ask(visitor, `?size=${size}`)
      expect(reply.body).toContain(`width="${size}" height="${size}"`)
      expect(reply.headers).toMatchObject({
        'cross-origin-resource-policy': 'same-origin',
        'x-content-type-options': 'nosniff',
        'cache-control': 'private, max-age=0, must-revalidate',
      })
    }
    isInitials(await scene.ask(await scene.enter('hans@contoso.example')), 'BÄ')
  })

  for (const query of ['?size=', '?size=97', '?size=48x48', '?size=48&size=96', '?size=1e9', '?size=-48']) {
    test(`photo refuses ${query}`, async () => {
      const scene = await setUp()
      const reply = await scene.ask(await scene.enter(greta), query)
      expect([reply.status, JSON.parse(reply.body).code]).toEqual([400, 'request_malformed'])
    })
  }

  test('photo gives the size that was asked for, else the nearest larger one', async () => {
    const graph: Impostor = await impostor((_request, response) => {
      const entry = (id: string, bytes: number[]) => ({
        ...{ id, status: 200, headers: { 'Content-Type': 'image/jpeg' } },
        body: Buffer.from([0xff, 0xd8, 0xff, ...bytes]).toString('base64'),
      })
      json(response, { responses: [entry('240', [2, 4, 0]), entry('48', [48]), { id: '96', status: 404 }] })
    })
    open.push(graph)
    const scene = await setUp(long, { graph: graph.origin })
    const visitor = await scene.enter(greta)
    const length = async (query: string) => Number((await scene.ask(visitor, query)).headers['content-length'])
    expect([await length('?size=48'), await length('?size=96'), await length('?size=240'), await length('')]).toEqual([
      4, 6, 6, 6,
    ])
    expect(graph.asked).toEqual(['POST /v1.0/$batch'])
  })
})

describe('who may ask', () => {
  attack('T62', 'photo says 401 as data to a stranger, also in a window, and after a sign-out', async () => {
    const scene = await setUp()
    const visitor = await scene.enter(greta)
    expect(type(await scene.ask(visitor))).toBe('image/jpeg')
    const stranger = createVisitor()
    open.push(stranger)
    for (const headers of [{}, navigation, { accept: 'image/*' }]) {
      const reply = await scene.ask(stranger, '', headers)
      expect([reply.status, type(reply)]).toEqual([401, 'application/problem+json'])
      expect(JSON.parse(reply.body).code).toBe('login_required')
    }
    const old = visitor.cookies(scene.origin).join('; ')
    const sameOrigin = { ...navigation, 'sec-fetch-site': 'same-origin' }
    await visitor.ask(`${scene.origin}/.auth/logout`, { headers: sameOrigin })
    expect((await scene.ask(visitor)).status).toBe(401)
    expect((await scene.ask(stranger, '', { cookie: old })).status).toBe(401)
  })

  attack('T62', 'photo gives everybody their own, also in one browser', async () => {
    const scene = await setUp()
    const [first, second] = [await scene.enter(greta), await scene.enter(uwe)]
    const both = await Promise.all([scene.ask(first), scene.ask(second), scene.ask(first), scene.ask(second)])
    expect(both.map(type)).toEqual(['image/jpeg', 'image/svg+xml', 'image/jpeg', 'image/svg+xml'])
    const tag = String(both[0]?.headers.etag)
    isInitials(await scene.ask(second, '', { 'if-none-match': tag }), 'UM')
  })

  for (const [what, headers] of [
    ['on a page of another site', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }],
    ['on a page of the host beside it', { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors' }],
    ['by a link of another site', { ...navigation, 'sec-fetch-site': 'cross-site' }],
    ['by a browser without Fetch Metadata, with the origin of another site', { origin: 'https://evil.example' }],
  ] as const) {
    attack('T82', `photo is not given ${what}`, async () => {
      const scene = await setUp()
      const reply = await scene.ask(await scene.enter(greta), '', headers)
      expect([reply.status, JSON.parse(reply.body).code]).toEqual([403, 'cross_site_refused'])
      expect(scene.asked()).toEqual({ graph: 0, token: 0 })
    })
  }

  test('photo is there only where the configuration says so, and me says whether it is', async () => {
    const [on, off] = [await setUp(), await setUp(long, { tenant: '' })]
    const me = async (scene: Scene) =>
      JSON.parse((await (await scene.enter(greta)).ask(`${scene.origin}/.auth/me`)).body)
    expect((await me(on)).photo).toBe('/.auth/me/photo')
    expect(await me(off)).not.toHaveProperty('photo')
    const reply = await off.ask(await off.enter(greta))
    expect([reply.status, JSON.parse(reply.body).code]).toEqual([404, 'endpoint_unknown'])
    expect(off.upstream.seen.every(({ url }) => !url.includes('photo'))).toBe(true)
  })

  attack('T131', 'photo is read only, and no activity of the person', async () => {
    const scene = await setUp('idle: 1h\nrevalidate: 10h')
    const visitor = await scene.enter(greta)
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      expect((await visitor.ask(`${scene.origin}/.auth/me/photo`, { method })).status).toBe(405)
    }
    scene.forward(3_000)
    expect((await scene.ask(visitor)).status).toBe(200)
    scene.forward(1_200)
    expect((await scene.ask(visitor)).status).toBe(401)
  })
})

describe('what it costs', () => {
  test('photo is asked of Graph once for twenty at a time, every size and every session of the person', async () => {
    const scene = await setUp()
    const visitor = await scene.enter(greta)
    const sizes = ['', '?size=48', '?size=96', '?size=240']
    const all = await Promise.all(Array.from({ length: 20 }, (_, each) => scene.ask(visitor, sizes[each % 4])))
    expect(new Set(all.map(type))).toEqual(new Set(['image/jpeg']))
    expect(scene.asked()).toEqual({ graph: 1, token: 1 })
    expect(type(await scene.ask(await scene.enter(greta)))).toBe('image/jpeg')
    expect(scene.asked()).toEqual({ graph: 0, token: 0 })
  })

  test('photo is remembered for hours, and what there is not for one', async () => {
    const scene = await setUp()
    const [some, none] = [await scene.enter(greta), await scene.enter(uwe)]
    const look = async () => {
      await scene.ask(some)
      isInitials(await scene.ask(none), 'UM')
      return scene.asked().graph
    }
    expect(await look()).toBe(2)
    scene.forward(3_500)
    expect(await look()).toBe(0)
    scene.forward(200)
    expect(await look()).toBe(1)
    scene.forward(14_400 - 3_700 + 10)
    expect(await look()).toBe(2)
  })

  test('photo of somebody who gets one is there within the hour', async () => {
    const scene = await setUp()
    const visitor = await scene.enter(uwe)
    isInitials(await scene.ask(visitor), 'UM')
    scene.emulator.control.changePerson(uwe, { photo: jpeg.toString('base64') })
    isInitials(await scene.ask(visitor), 'UM')
    scene.forward(3_610)
    expect(type(await scene.ask(visitor))).toBe('image/jpeg')
  })

  attack('T94', 'photo takes no token but that of the one permission, and writes none into the log', async () => {
    const scene = await setUp()
    let sent = ''
    const graph = await impostor((request, response) => {
      sent = String(request.headers.authorization)
      json(response, { responses: [] }, 500)
    })
    open.push(graph)
    const other = await setUp(long, { graph: graph.origin })
    await other.ask(await other.enter(greta))
    const claims = JSON.parse(Buffer.from(sent.split('.')[1] ?? '', 'base64url').toString())
    expect(claims.scp.split(' ').filter((scope: string) => scope.includes('.'))).toEqual(['User.Read'])
    await scene.ask(await scene.enter(greta))
    for (const each of [scene, other]) expect(JSON.stringify(each.log())).not.toMatch(/eyJ|1\.A[\w-]{40}/)
  })
})

describe('what may fail', () => {
  for (const [what, fail] of [
    ['is down', { kind: 'status', status: 503 }],
    ['throttles', { kind: 'status', status: 429, headers: { 'Retry-After': '30' } }],
    ['refuses', { kind: 'status', status: 403 }],
    ['talks nonsense', { kind: 'garbage' }],
    ['breaks off', { kind: 'close' }],
  ] as const) {
    test(`photo draws initials where Graph ${what}, says it once, and asks again after ten minutes`, async () => {
      const scene = await setUp()
      const visitor = await scene.enter(greta)
      scene.emulator.control.fail('graph', fail, Number.POSITIVE_INFINITY)
      for (let time = 0; time < 3; time += 1) isInitials(await scene.ask(visitor), 'G')
      expect(scene.asked().graph).toBe(1)
      const lines = scene.log().filter(({ event }) => event === 'photo_unavailable')
      expect(lines).toMatchObject([{ level: 'warn', tenant: 'payroll', provider: 'contoso' }])
      expect(lines[0]?.reason).toBe(what === 'refuses' ? 'graph_refused' : 'graph_unreachable')
      scene.emulator.control.recover()
      scene.forward(590)
      isInitials(await scene.ask(visitor), 'G')
      scene.forward(20)
      expect(type(await scene.ask(visitor))).toBe('image/jpeg')
      expect((await visitor.ask(`${scene.origin}/x`)).status).toBe(200)
    })
  }

  test('photo does not wait for a Graph that is slow, and has what it said the next time', async () => {
    const scene = await setUp()
    const visitor = await scene.enter(greta)
    scene.emulator.control.fail('graph', { kind: 'delay', milliseconds: 2_600 })
    const startedAt = performance.now()
    const first = await Promise.all([scene.ask(visitor), scene.ask(visitor)])
    expect(performance.now() - startedAt).toBeLessThan(2_500)
    for (const reply of first) isInitials(reply, 'G')
    await expect.poll(async () => type(await scene.ask(visitor)), { timeout: 5_000 }).toBe('image/jpeg')
    expect(scene.asked()).toEqual({ graph: 1, token: 1 })
  })

  test('photo draws initials where there is no token, and ends no session', async () => {
    const scene = await setUp()
    const visitor = await scene.enter(greta)
    scene.emulator.control.fail('token', { kind: 'aadsts', code: 65001 }, Number.POSITIVE_INFINITY)
    for (let time = 0; time < 3; time += 1) isInitials(await scene.ask(visitor), 'G')
    expect(scene.asked()).toEqual({ graph: 0, token: 1 })
    const lines = scene.log().filter(({ event }) => String(event).endsWith('unavailable'))
    expect(lines).toMatchObject([{ event: 'access_token_unavailable', scope: 'User.Read' }])
    expect((await visitor.ask(`${scene.origin}/x`)).status).toBe(200)
    scene.emulator.control.recover()
    scene.forward(610)
    expect(type(await scene.ask(visitor))).toBe('image/jpeg')
  })

  test('photo of a person whose account is disabled is 401, as everything is', async () => {
    const scene = await setUp('revalidate: 15m\nidle: 10h')
    const visitor = await scene.enter(greta)
    expect(type(await scene.ask(visitor))).toBe('image/jpeg')
    scene.emulator.control.changePerson(greta, { enabled: false })
    scene.forward(1_000)
    expect((await scene.ask(visitor)).status).toBe(401)
  })
})
