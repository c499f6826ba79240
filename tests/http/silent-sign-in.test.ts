/** Sessions at a provider that is none of ours: without refresh tokens they are confirmed by sign-ins that show nothing. */
import { afterEach, describe, expect, test } from 'vitest'
import { attack } from '../attacks/attack.ts'
import { type PlainProvider, type PlainProviderOptions, startPlainProvider } from '../plain-provider.ts'
import { type PlainYamlParts, plainYaml, signInAs } from '../plain-stage.ts'
import { freePort, startUpstream, type Upstream } from '../stage.ts'
import { createVisitor, type Reply, type Visitor } from '../visitor.ts'
import { type ClockedGateway, startClockedGateway } from './clocked.ts'
import { binding, givesSession, parameter, sid, visit } from './scene.ts'

const anna = 'auth0|anna'
const interval = 600

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close()
})

interface Scene extends ClockedGateway {
  readonly provider: PlainProvider
  readonly upstream: Upstream
  readonly visitor: Visitor
}

async function setUp(options: Partial<PlainProviderOptions> & Partial<PlainYamlParts> = {}): Promise<Scene> {
  const [port, providerPort, upstream] = await Promise.all([freePort(), freePort(), startUpstream()])
  const provider = await startPlainProvider({ port: providerPort, origins: [`http://localhost:${port}`], ...options })
  const yaml = plainYaml({
    ...{ port, issuer: provider.issuer, upstream: upstream.origin, session: 'revalidate: 10m' },
    ...options,
  })
  const gateway = await startClockedGateway(yaml)
  const visitor = createVisitor()
  open.push(provider, upstream, gateway, visitor)
  await signInAs(visitor, `${gateway.origin}/`, anna)
  return { ...gateway, provider, upstream, visitor }
}

const ask = ({ visitor, origin }: Scene, path: string): Promise<Reply> => visitor.ask(origin + path)

describe('a session without a refresh token', () => {
  test('is confirmed by a redirect that shows nothing, and leads back to where the person wanted to go', async () => {
    const scene = await setUp()
    scene.forward(interval)
    expect((await ask(scene, '/x')).status).toBe(401)
    const first = await visit(scene.visitor, `${scene.origin}/deep?x=1`)
    expect(parameter(first.location, 'prompt')).toBe('none')
    expect(parameter(first.location, 'login_hint')).toBe('anna')
    const reply = await scene.visitor.open(`${scene.origin}/deep?x=1`)
    expect(reply.url).toBe(`${scene.origin}/deep?x=1`)
    expect(reply.status).toBe(200)
    expect((await ask(scene, '/x')).status).toBe(200)
  })

  test('is confirmed from 80 % on by whatever page is opened, and for anything else not before the end', async () => {
    const scene = await setUp()
    scene.forward(interval * 0.9)
    expect((await ask(scene, '/x')).status).toBe(200)
    const { location } = await visit(scene.visitor, `${scene.origin}/deep`)
    expect(parameter(location, 'prompt')).toBe('none')
    expect((await ask(scene, '/x')).status).toBe(200)
    const form = { method: 'POST', body: 'a=1', headers: { 'sec-fetch-mode': 'navigate', accept: 'text/html' } }
    expect((await scene.visitor.ask(`${scene.origin}/form`, form)).status).toBe(200)
  })

  test('is not taken for signed in by the sign-in that a program leads the person to', async () => {
    const scene = await setUp()
    const login = `${scene.origin}/.auth/login?return_to=/x`
    scene.forward(interval * 0.9)
    expect((await visit(scene.visitor, login)).location).toBe(`${scene.origin}/x`)
    scene.forward(interval * 0.1)
    expect((await ask(scene, '/x')).status).toBe(401)
    const begun = await visit(scene.visitor, login)
    expect(begun.location.startsWith(`${scene.provider.issuer}/auth?`)).toBe(true)
    expect((await scene.visitor.open(begun.location)).url).toBe(`${scene.origin}/x`)
    expect((await ask(scene, '/x')).status).toBe(200)
  })

  test('keeps its id and its lifetime, however often it is confirmed', async () => {
    const scene = await setUp()
    const id = scene.visitor.cookie(scene.origin, sid)
    let last = await scene.visitor.open(`${scene.origin}/x`)
    for (let at = 0; at < 10 * 3_600 - 1_800; at += 1_800) {
      scene.forward(1_800)
      last = await scene.visitor.open(`${scene.origin}/x`)
    }
    expect(last.status).toBe(200)
    expect(scene.visitor.cookie(scene.origin, sid)).toBe(id)
    expect(scene.log().filter(({ event }) => event === 'signed_in')).toHaveLength(1)
    scene.forward(1_800)
    const over = await visit(scene.visitor, `${scene.origin}/x`)
    expect(over.status).toBe(302)
    expect(parameter(over.location, 'prompt')).toBe('')
  })

  test('gets the roles that the provider says now', async () => {
    const scene = await setUp()
    expect((await ask(scene, '/admin')).status).toBe(200)
    scene.provider.tamper('/me', (exchange) => {
      exchange.body = { sub: anna, groups: ['staff'] }
    })
    scene.forward(interval)
    await scene.visitor.open(`${scene.origin}/x`)
    expect((await ask(scene, '/admin')).status).toBe(403)
    expect(scene.log().filter(({ event }) => event === 'roles_changed')).toMatchObject([{ roles: ['user'] }])
  })

  attack('T74', 'that was signed out meanwhile is not brought back', async () => {
    const scene = await setUp()
    scene.forward(interval)
    const silent = await visit(scene.visitor, `${scene.origin}/x`)
    const back = await visit(scene.visitor, silent.location)
    const cookie = scene.visitor.cookie(scene.origin, sid) ?? ''
    const bound = scene.visitor.cookie(scene.origin, binding) ?? ''
    await scene.visitor.ask(`${scene.origin}/.auth/logout`, { method: 'POST', headers: { origin: scene.origin } })
    // As somebody has them who copied them before.
    scene.visitor.setCookie(scene.origin, sid, cookie)
    scene.visitor.setCookie(scene.origin, binding, bound)
    await visit(scene.visitor, back.location)
    const old = await scene.visitor.ask(`${scene.origin}/x`, { headers: { cookie: `${sid}=${cookie}` } })
    expect(old.status).toBe(401)
  })

  attack('T74', 'does not bring a person back who has signed out in another tab meanwhile', async () => {
    const scene = await setUp()
    scene.forward(interval)
    const silent = await visit(scene.visitor, `${scene.origin}/x`)
    const back = await visit(scene.visitor, silent.location)
    await scene.visitor.ask(`${scene.origin}/.auth/logout`, { method: 'POST', headers: { origin: scene.origin } })
    expect(givesSession(await visit(scene.visitor, back.location))).toBe(false)
    expect(scene.visitor.cookie(scene.origin, sid)).toBeUndefined()
    expect((await ask(scene, '/x')).status).toBe(401)
  })

  test('ends in a sign-in that asks the person, once, where the provider does not know them any more', async () => {
    const scene = await setUp()
    scene.forward(interval)
    for (const cookie of scene.visitor.cookies(scene.provider.issuer))
      scene.visitor.setCookie(scene.provider.issuer, cookie.split('=')[0] ?? '', null)
    const silent = await visit(scene.visitor, `${scene.origin}/deep?x=1`)
    const back = await visit(scene.visitor, silent.location)
    expect(parameter(back.location, 'error')).toBe('login_required')
    const aloud = await visit(scene.visitor, back.location)
    expect(givesSession(aloud)).toBe(false)
    expect(aloud.location.startsWith(`${scene.provider.issuer}/auth?`)).toBe(true)
    expect(parameter(aloud.location, 'prompt')).toBe('')
    const page = await scene.visitor.open(aloud.location)
    expect(page.body).toContain('Sign in to Example')
  })

  attack(
    'T131',
    'is not kept alive by a page that only looks after itself, however often it is confirmed',
    async () => {
      const routes = ['{ path: /board, access: signed-in, keepsAlive: false }']
      const scene = await setUp({ routes, session: 'revalidate: 10m\n  idle: 30m' })
      const prompts: string[] = []
      for (let minutes = 0; minutes < 40; minutes += 5) {
        scene.forward(300)
        const { location } = await visit(scene.visitor, `${scene.origin}/board`)
        prompts.push(location === '' ? 'none needed' : parameter(location, 'prompt'))
        if (location !== '') await scene.visitor.open(`${scene.origin}/board`)
      }
      // After half an hour there is no session any more, and the page begins a sign-in.
      expect(prompts.slice(0, 5)).not.toContain('')
      expect(prompts.slice(5)).toContain('')
    },
  )

  attack('T69', 'that another session at the provider vouches for is a new one, which ends with that one', async () => {
    const scene = await setUp()
    const old = scene.visitor.cookie(scene.origin, sid)
    scene.forward(interval)
    scene.provider.tamper('/token', async (exchange) => {
      const body = exchange.body as { id_token: string }
      const claims = JSON.parse(Buffer.from(body.id_token.split('.')[1] ?? '', 'base64url').toString())
      exchange.body = { ...body, id_token: await scene.provider.sign({ ...claims, sid: 'another-session' }) }
    })
    await scene.visitor.open(`${scene.origin}/x`)
    expect((await ask(scene, '/x')).status).toBe(200)
    expect(scene.visitor.cookie(scene.origin, sid)).not.toBe(old)
    await scene.visitor.ask(`${scene.origin}/.auth/frontchannel-logout/example?sid=another-session`)
    expect((await ask(scene, '/x')).status).toBe(401)
  })

  test('of somebody else is a sign-in like any other: the session before it ends', async () => {
    const scene = await setUp()
    scene.forward(5 * 3_600 - 1)
    await scene.visitor.open(`${scene.origin}/x`)
    const old = scene.visitor.cookie(scene.origin, sid) ?? ''
    scene.forward(interval)
    scene.provider.tamper('/token', async (exchange) => {
      const body = exchange.body as { id_token: string }
      const claims = JSON.parse(Buffer.from(body.id_token.split('.')[1] ?? '', 'base64url').toString())
      exchange.body = { ...body, id_token: await scene.provider.sign({ ...claims, sub: 'nobody' }) }
    })
    scene.provider.tamper('/me', (exchange) => {
      exchange.body = { sub: 'nobody', groups: ['staff'] }
    })
    await scene.visitor.open(`${scene.origin}/x`)
    expect(scene.upstream.seen.at(-1)?.headers['x-forwarded-user']).toBe('nobody')
    const stale = await scene.visitor.ask(`${scene.origin}/x`, { headers: { cookie: `${sid}=${old}` } })
    expect(stale.status).toBe(401)
    // The lifetime is that of the new person.
    scene.forward(6 * 3_600)
    expect(parameter((await visit(scene.visitor, `${scene.origin}/x`)).location, 'prompt')).toBe('')
  })
})

describe('a session with a refresh token that is good for one use', () => {
  test('is confirmed in the background, also by many requests at once, and userinfo says what the ID token does not', async () => {
    const scene = await setUp({ refreshTokens: true })
    for (let round = 1; round <= 3; round += 1) {
      scene.forward(interval)
      const all = await Promise.all(Array.from({ length: 20 }, () => ask(scene, '/admin')))
      expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200]))
      expect(scene.provider.asked('/token')).toBe(1 + round)
    }
    expect(scene.upstream.seen.at(-1)?.headers['x-forwarded-roles']).toBe('admin,approver')
  })

  test('keeps the new token where the userinfo endpoint fails, and goes on', async () => {
    const scene = await setUp({ refreshTokens: true })
    scene.provider.tamper('/me', (exchange) => {
      exchange.status = 503
    })
    scene.forward(interval)
    expect((await ask(scene, '/x')).status).toBe(200)
    scene.provider.tamper('/me', null)
    scene.forward(interval)
    expect((await ask(scene, '/x')).status).toBe(200)
    expect(scene.provider.asked('/token')).toBe(3)
    expect(scene.log().filter(({ event }) => event === 'session_ended')).toEqual([])
  })

  test('goes on where the answer has no ID token (OpenID Connect Core 12.2)', async () => {
    const scene = await setUp({ refreshTokens: true })
    scene.provider.tamper('/token', (exchange) => {
      const { id_token: _, ...rest } = exchange.body as Record<string, unknown>
      exchange.body = rest
    })
    scene.forward(interval)
    expect((await ask(scene, '/admin')).status).toBe(200)
    scene.forward(interval * 0.7)
    expect((await ask(scene, '/admin')).status).toBe(200)
    expect(scene.provider.asked('/token')).toBe(2)
  })

  attack('T107', 'ends where the answer is about somebody else', async () => {
    const scene = await setUp({ refreshTokens: true })
    scene.provider.tamper('/token', async (exchange) => {
      const body = exchange.body as { id_token: string }
      const claims = JSON.parse(Buffer.from(body.id_token.split('.')[1] ?? '', 'base64url').toString())
      exchange.body = { ...body, id_token: await scene.provider.sign({ ...claims, sub: 'nobody' }) }
    })
    scene.provider.tamper('/me', (exchange) => {
      exchange.body = { sub: 'nobody', groups: ['Payroll Admins'] }
    })
    scene.forward(interval)
    expect((await ask(scene, '/x')).status).toBe(401)
    expect(scene.log().filter(({ event }) => event === 'session_ended')).toMatchObject([{ reason: 'another_person' }])
  })
})
