/** Access tokens for an application that calls an API in the person's name. */
import { afterEach, describe, expect, test } from 'vitest'
import { attack } from '../attacks/attack.ts'
import { type PlainProvider, plainClient, startPlainProvider } from '../plain-provider.ts'
import { plainYaml, signInAs } from '../plain-stage.ts'
import { freePort, startUpstream, type Upstream } from '../stage.ts'
import { createVisitor, type Reply, signIn, type Visitor } from '../visitor.ts'
import { type ClockedGateway, type ClockedStage, startClockedGateway, startClockedStage } from './clocked.ts'
import { expectPage, visit } from './scene.ts'

const uwe = 'uwe@contoso.example'
const routes = `- path: /public
  access: public
- path: /token
  access: signed-in
  headers: { accessToken: { scope: email } }
- path: /own
  access: signed-in
  headers: { accessToken: { scope: profile, header: X-Payroll-Token } }
- { path: /, access: signed-in }`

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

interface Scene extends ClockedStage {
  readonly visitor: Visitor
  /** Since the sign-in. */
  refreshes(): number
  ask(path: string, headers?: Record<string, string>): Promise<Reply>
  told(name: string): string | undefined
}

async function setUp(): Promise<Scene> {
  // A revalidation would only be one more question to count.
  const stage = await startClockedStage('revalidate: 10h', { routes })
  const visitor = createVisitor()
  open.push(stage, visitor)
  await signIn(visitor, `${stage.origin}/`, uwe)
  const before = stage.emulator.control.requests('token')
  return {
    ...stage,
    visitor,
    refreshes: () => stage.emulator.control.requests('token') - before,
    ask: (path, headers = {}) => visitor.ask(stage.origin + path, { headers }),
    told: (name) => String(stage.upstream.seen.at(-1)?.headers[name]),
  }
}

const jwt = /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/

describe('valueFor', () => {
  test('valueFor gives the application a token of the person, and asks for it once', async () => {
    const scene = await setUp()
    const all = await Promise.all(Array.from({ length: 20 }, () => scene.ask('/token')))
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200]))
    const sent = new Set(
      scene.upstream.seen.filter(({ url }) => url === '/token').map((seen) => seen.headers.authorization),
    )
    expect(sent.size).toBe(1)
    const [scheme, token = ''] = String([...sent][0]).split(' ')
    expect(scheme).toBe('Bearer')
    expect(token).toMatch(jwt)
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())
    expect(claims).toMatchObject({ scp: 'email', oid: '71f8d2b5-0e4c-4936-a6d7-9b3c5f1e2a48' })
    expect(scene.refreshes()).toBe(1)
  })

  test('valueFor sends it bare in a header of another name, each scope its own', async () => {
    const scene = await setUp()
    await scene.ask('/token')
    const first = scene.told('authorization')
    expect((await scene.ask('/own')).status).toBe(200)
    expect(scene.told('x-payroll-token')).toMatch(jwt)
    expect(scene.told('x-payroll-token')).not.toBe(first?.replace('Bearer ', ''))
    await scene.ask('/token')
    expect(scene.told('authorization')).toBe(first)
    expect(scene.refreshes()).toBe(2)
  })

  test('valueFor renews it before it runs out, and not earlier', async () => {
    const scene = await setUp()
    await scene.ask('/token')
    const first = scene.told('authorization')
    scene.forward(3_000)
    await scene.ask('/token')
    expect(scene.told('authorization')).toBe(first)
    expect(scene.refreshes()).toBe(1)
    scene.forward(5_000 - 3_000 + 1_000)
    expect((await scene.ask('/token')).status).toBe(200)
    expect(scene.told('authorization')).not.toBe(first)
    expect(scene.refreshes()).toBe(2)
  })

  test('valueFor lets nobody through without one, shows why, and asks again a little later', async () => {
    const scene = await setUp()
    scene.emulator.control.fail('token', { kind: 'aadsts', code: 65001 }, Number.POSITIVE_INFINITY)
    const seen = scene.upstream.seen.length
    expectPage(await visit(scene.visitor, `${scene.origin}/token`), 502, 'access_token_unavailable')
    expect((await scene.ask('/token')).status).toBe(502)
    expect(scene.upstream.seen.length).toBe(seen)
    expect(scene.refreshes()).toBe(1)
    const lines = scene.log().filter(({ event }) => event === 'access_token_unavailable')
    expect(lines).toMatchObject([{ scope: 'email', why: 'interactive', providerCode: 'AADSTS65001' }])
    expect((await scene.ask('/x')).status).toBe(200)
    scene.emulator.control.recover()
    scene.forward(31)
    expect((await scene.ask('/token')).status).toBe(200)
  })

  attack(
    'T25',
    'valueFor never passes on what the caller sent under that name, on no route of the tenant',
    async () => {
      const scene = await setUp()
      const forged = { authorization: 'Bearer forged', 'x-payroll-token': 'forged', x_payroll_token: 'forged' }
      for (const path of ['/public', '/x', '/token', '/own']) {
        expect((await scene.ask(path, forged)).status).toBe(200)
        expect(JSON.stringify(scene.upstream.seen.at(-1)?.rawHeaders)).not.toContain('forged')
      }
      expect((await scene.ask('/public')).status).toBe(200)
      expect(scene.told('authorization')).toBe('undefined')
    },
  )

  attack('T94', 'valueFor writes no token into the log', async () => {
    const scene = await setUp()
    await scene.ask('/token')
    expect(JSON.stringify(scene.log())).not.toMatch(/eyJ|1\.A[\w-]{40}/)
  })
})

describe('valueFor, where a refresh token is good for one use', () => {
  async function plain(
    refreshTokens: boolean,
  ): Promise<ClockedGateway & { provider: PlainProvider; upstream: Upstream; visitor: Visitor }> {
    const [port, providerPort, upstream] = await Promise.all([freePort(), freePort(), startUpstream()])
    const provider = await startPlainProvider({
      ...{ port: providerPort, origins: [`http://localhost:${port}`], refreshTokens },
    })
    const gateway = await startClockedGateway(
      plainYaml({
        ...{ port, issuer: provider.issuer, upstream: upstream.origin, session: 'revalidate: 10m' },
      }).replace('headers: { presets', 'headers: { accessToken: { scope: groups }, presets'),
    )
    const visitor = createVisitor()
    open.push(provider, upstream, gateway, visitor)
    await signInAs(visitor, `${gateway.origin}/x`, 'auth0|anna')
    return { ...gateway, provider, upstream, visitor }
  }

  test('valueFor and a revalidation never use the same one', async () => {
    const scene = await plain(true)
    for (let round = 0; round < 4; round += 1) {
      scene.forward(590 + round * 5)
      const all = await Promise.all(Array.from({ length: 10 }, () => scene.visitor.ask(`${scene.origin}/x`)))
      expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200]))
    }
    expect(String(scene.upstream.seen.at(-1)?.headers.authorization)).toMatch(/^Bearer [\w-]{20,}$/)
    expect(scene.log().filter(({ event }) => event === 'session_ended')).toEqual([])
  })

  attack('T67', 'valueFor passes no token on that comes with an ID token of somebody else', async () => {
    const scene = await plain(true)
    for (let idle = 0; idle < 2; idle += 1) {
      scene.forward(1_400)
      expect((await scene.visitor.ask(`${scene.origin}/x`)).status).toBe(200)
    }
    const seen = scene.upstream.seen.length
    scene.provider.tamper('/token', async (exchange) => {
      const body = exchange.body as Record<string, unknown>
      const at = Math.floor(Date.now() / 1_000)
      const claims = { iss: scene.provider.issuer, aud: plainClient.id, iat: at, exp: at + 60 }
      if (body.scope !== 'groups') return
      exchange.body = { ...body, id_token: await scene.provider.sign({ ...claims, sub: 'nobody' }) }
    })
    scene.forward(1_400)
    expect((await scene.visitor.ask(`${scene.origin}/x`)).status).toBe(502)
    expect(scene.upstream.seen.length).toBe(seen)
    const [line] = scene.log().filter(({ event }) => event === 'access_token_unavailable')
    expect(line).toMatchObject({ why: 'grace' })
  })

  attack('T88', 'valueFor passes no token on that is longer than a header can be', async () => {
    const scene = await plain(true)
    for (let idle = 0; idle < 2; idle += 1) {
      scene.forward(1_400)
      expect((await scene.visitor.ask(`${scene.origin}/x`)).status).toBe(200)
    }
    const seen = scene.upstream.seen.length
    scene.provider.tamper('/token', (exchange) => {
      const body = exchange.body as Record<string, unknown>
      if (body.scope === 'groups') exchange.body = { ...body, access_token: `x${'='.repeat(9_000)}` }
    })
    scene.forward(1_400)
    expect((await scene.visitor.ask(`${scene.origin}/x`)).status).toBe(502)
    expect(scene.upstream.seen.length).toBe(seen)
  })

  test('valueFor says that there is no refresh token', async () => {
    const scene = await plain(false)
    expect((await scene.visitor.ask(`${scene.origin}/x`)).status).toBe(502)
    const lines = scene.log().filter(({ event }) => event === 'access_token_unavailable')
    expect(lines).toMatchObject([{ why: 'no-refresh-token' }])
  })
})
