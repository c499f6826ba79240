import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { attack } from '../attacks/attack.ts'
import { redisMissing, startRedis, type TestRedis, until } from '../redis.ts'
import { type Stage, startStage } from '../stage.ts'
import { createVisitor, navigation, type Reply, signIn, type Visitor } from '../visitor.ts'
import { begin, expectPage, parameter, setCookies, sid, visit } from './scene.ts'

let stage: Stage
let visitor: Visitor
beforeAll(async () => {
  stage = await startStage()
  visitor = createVisitor()
})
afterAll(async () => {
  visitor.close()
  await stage.close()
})

const url = () => `${stage.origin}/.auth/logout`
const fromHere = { ...navigation, 'sec-fetch-site': 'same-origin' }

async function signedIn(): Promise<void> {
  await visitor.open(`${stage.origin}/`).then((reply) => reply)
  if (visitor.cookie(stage.origin, sid) === undefined) await signIn(visitor, `${stage.origin}/`, 'ada@contoso.example')
}

async function isSignedIn(): Promise<boolean> {
  return (await visitor.ask(`${stage.origin}/x`)).status === 200
}

function expectSignedOut(reply: Reply): void {
  expect(reply.status).toBe(302)
  expect(setCookies(reply).filter((line) => line.startsWith(`${sid}=;`))).toHaveLength(1)
  expect(reply.headers['cache-control']).toBe('no-store')
}

describe('logout by a GET', () => {
  test('logout acts on a link of the application', async () => {
    await signedIn()
    expectSignedOut(await visitor.ask(url(), { headers: fromHere }))
    expect(await isSignedIn()).toBe(false)
  })

  for (const [what, headers] of [
    ['an address typed in', navigation],
    ['a link of another site', { ...navigation, 'sec-fetch-site': 'cross-site' }],
    ['a link of a sibling host', { ...navigation, 'sec-fetch-site': 'same-site' }],
    ['an old browser', { accept: 'text/html' }],
    ['an image of the application', { ...fromHere, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }],
    ['a frame of the application', { ...fromHere, 'sec-fetch-dest': 'iframe' }],
    ['a fetch of the application', { ...fromHere, 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }],
    ['a prefetch of the application', { ...fromHere, 'sec-purpose': 'prefetch' }],
    [
      'an image of another site',
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
    ],
    ['a site that claims much', { ...navigation, 'sec-fetch-site': 'same-origin, cross-site' }],
    ['a site with our name in capitals', { ...navigation, 'sec-fetch-site': 'SAME-ORIGIN' }],
  ] as const) {
    attack('T82', `logout asks after ${what}, and ends nothing`, async () => {
      await signedIn()
      const reply = await visitor.ask(url(), { headers })
      expect(reply.status).toBe(200)
      expect(reply.body).toContain('Do you want to sign out?')
      expect(reply.body).toMatch(/<form[^>]*method="post"[^>]*action="\/\.auth\/logout"/)
      expect(reply.headers['content-security-policy']).toContain("frame-ancestors 'none'")
      expect(setCookies(reply)).toEqual([])
      expect(await isSignedIn()).toBe(true)
    })
  }

  test('logout does nothing on HEAD', async () => {
    await signedIn()
    await visitor.ask(url(), { method: 'HEAD', headers: fromHere })
    expect(await isSignedIn()).toBe(true)
  })
})

describe('logout by a POST', () => {
  for (const [what, headers] of [
    ['our own form', () => ({ ...fromHere, origin: stage.origin })],
    ['our own form in an old browser', () => ({ accept: 'text/html', origin: stage.origin })],
    ['our own form without Origin', () => fromHere],
  ] as const) {
    test(`logout acts on ${what}`, async () => {
      await signedIn()
      expectSignedOut(await visitor.ask(url(), { method: 'POST', headers: headers(), body: '' }))
      expect(await isSignedIn()).toBe(false)
    })
  }

  for (const [what, headers] of [
    ['another site', () => ({ ...navigation, 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' })],
    ['another port', () => ({ ...navigation, 'sec-fetch-site': 'same-site', origin: 'http://localhost:1' })],
    ['another scheme', () => ({ ...navigation, origin: stage.origin.replace('http:', 'https:') })],
    ['a sandboxed frame', () => ({ ...navigation, 'sec-fetch-site': 'cross-site', origin: 'null' })],
    ['another site that claims to be us', () => ({ ...fromHere, origin: 'https://evil.example' })],
    ['a host that begins with ours', () => ({ ...fromHere, origin: `${stage.origin}.evil.example` })],
    ['no site in particular', () => ({ accept: 'text/html' })],
    ['the browser itself', () => navigation],
  ] as const) {
    attack('T82', `logout refuses a form of ${what}, and ends nothing`, async () => {
      await signedIn()
      const reply = await visitor.ask(url(), { method: 'POST', headers: headers(), body: 'a=b' })
      expect(reply.status).toBe(403)
      expect(reply.body).toContain('cross_site_refused')
      expect(setCookies(reply)).toEqual([])
      expect(await isSignedIn()).toBe(true)
    })
  }

  test('logout refuses two Origins', async () => {
    await signedIn()
    const headers = { ...fromHere, origin: [stage.origin, 'https://evil.example'] }
    expect((await visitor.ask(url(), { method: 'POST', headers, body: '' })).status).toBe(400)
    expect(await isSignedIn()).toBe(true)
  })

  test('logout knows no other method', async () => {
    await signedIn()
    for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      expect((await visitor.ask(url(), { method, headers: { ...fromHere, origin: stage.origin } })).status).toBe(405)
    }
    expect(await isSignedIn()).toBe(true)
  })
})

describe('logout and what is left', () => {
  attack('T69', 'logout ends the record too: the cookie is worth nothing afterwards', async () => {
    await signedIn()
    const old = visitor.cookie(stage.origin, sid) ?? ''
    await visitor.ask(url(), { headers: fromHere })
    for (const path of ['/x', '/.auth/me']) {
      const reply = await visitor.ask(stage.origin + path, { headers: { cookie: `${sid}=${old}` } })
      expect(reply.status).toBe(401)
    }
    const again = await visitor.ask(url(), { headers: { ...fromHere, cookie: `${sid}=${old}` } })
    expect(again.location).toBe(`${stage.origin}/.auth/signed-out?only=here`)
  })

  attack('T70', 'logout clears the cookie with the attributes that it was set with', async () => {
    visitor.setCookie(stage.origin, sid, null)
    const lines: string[] = []
    const recording: Visitor = {
      ...visitor,
      ask: async (...asked) => {
        const reply = await visitor.ask(...asked)
        lines.push(...setCookies(reply))
        return reply
      },
    }
    let reply = await visit(recording, `${stage.origin}/.auth/login`)
    while (reply.location !== '' && !lines.some((line) => line.startsWith(sid)))
      reply = await visit(recording, reply.location)
    if (!lines.some((line) => line.startsWith(sid))) await signIn(recording, `${stage.origin}/`, 'ada@contoso.example')
    const set = lines.find((line) => line.startsWith(sid)) ?? ''
    const cleared =
      setCookies(await visitor.ask(url(), { headers: fromHere })).find((line) => line.startsWith(sid)) ?? ''
    const attributes = (line: string) => line.split('; ').slice(1).sort()
    expect(attributes(cleared).filter((each) => !each.startsWith('Expires='))).toEqual(attributes(set))
    expect(cleared).toContain('Expires=Thu, 01 Jan 1970')
  })

  attack('T40', 'logout goes on to the provider with the hint and the way back, and with no token', async () => {
    await signedIn()
    const { location } = await visitor.ask(url(), { headers: fromHere })
    const parameters = Object.fromEntries(new URL(location).searchParams)
    expect(location.startsWith(`${stage.emulator.origin}/`)).toBe(true)
    expect(Object.keys(parameters).sort()).toEqual(['client_id', 'logout_hint', 'post_logout_redirect_uri'])
    expect(parameters.post_logout_redirect_uri).toBe(`${stage.origin}/.auth/signed-out`)
    expect(parameters.logout_hint).toMatch(/^O\./)
    expect(location).not.toMatch(/eyJ[\w-]+\.eyJ|id_token/)
  })

  attack(['T36', 'T40'], 'logout takes nothing of a caller along', async () => {
    await signedIn()
    const hostile = `${url()}?post_logout_redirect_uri=https://evil.example&return_to=//evil.example&logout_hint=x&state=y`
    const { location } = await visitor.ask(hostile, { headers: { ...fromHere, 'x-forwarded-host': 'evil.example' } })
    expect(location).not.toContain('evil')
    expect(parameter(location, 'state')).toBe('')
  })

  test('logout ends at a page that offers the choice of an account, and the provider has forgotten', async () => {
    await signedIn()
    const reply = await visitor.open(url(), { headers: fromHere })
    expect(reply.url).toBe(`${stage.origin}/.auth/signed-out`)
    expect(reply.status).toBe(200)
    expect(reply.body).toContain('prompt=select_account')
    expect(reply.body).toContain('You are signed out')
    const picker = await visitor.open(`${stage.origin}/`)
    expect(picker.url.startsWith(stage.emulator.origin)).toBe(true)
  })

  test('logout of nobody ends at the same page, asks the provider nothing, and claims nothing about it', async () => {
    const stranger = createVisitor()
    const before = stage.emulator.control.requests('logout')
    const reply = await stranger.open(url(), { headers: fromHere })
    expect(reply.url).toBe(`${stage.origin}/.auth/signed-out?only=here`)
    expect(reply.body).toContain('the sign-in service may still know you')
    expect(stage.emulator.control.requests('logout')).toBe(before)
    stranger.close()
  })

  for (const query of ['', '?only=here']) {
    test(`signedOut${query} tells nobody who has a session that it has ended, and ends none`, async () => {
      await signedIn()
      const reply = await visitor.ask(`${stage.origin}/.auth/signed-out${query}`, { headers: fromHere })
      expect(reply.status).toBe(200)
      expect(reply.body).toContain('Do you want to sign out?')
      expect(reply.body).toContain('ada@contoso.example')
      expect(reply.body).not.toMatch(/You are signed out|has ended/)
      expect(setCookies(reply)).toEqual([])
      expect(await isSignedIn()).toBe(true)
      await visitor.ask(url(), { headers: fromHere })
    })
  }

  attack('T91', 'signedOut shows nothing of a caller, sets nothing and says no-store', async () => {
    const reply = await visit(visitor, `${stage.origin}/.auth/signed-out?only=<script>&state=<script>&x=evil`)
    expect(reply.status).toBe(200)
    expect(reply.body).not.toMatch(/<script|evil/)
    expect(reply.headers['cache-control']).toBe('no-store')
    expect(setCookies(reply)).toEqual([])
  })

  attack('T42', 'a new sign-in after the sign-out has an id of its own', async () => {
    await signedIn()
    const old = visitor.cookie(stage.origin, sid)
    await visitor.open(url(), { headers: fromHere })
    await begin(visitor, `${stage.origin}/`)
    await signedIn()
    expect(visitor.cookie(stage.origin, sid)).not.toBe(old)
  })
})

describe.skipIf(redisMissing())('logout while the store cannot be told', () => {
  let redis: TestRedis
  let shared: Stage
  beforeAll(async () => {
    redis = await startRedis()
    shared = await startStage({ session: `store: { type: redis, url: '${redis.url}' }` })
  })
  afterAll(async () => {
    redis.thaw()
    await shared.close()
    await redis.stop()
  })

  const leave = (leaving: Visitor) => leaving.ask(`${shared.origin}/.auth/logout`, { headers: fromHere })
  const records = () => redis.client.keys('*:facts')

  /** The page says what is left, the browser forgets the cookie, and a copy of it is worth nothing here. */
  async function expectUnfinished(reply: Reply, copy: string): Promise<void> {
    expectPage(reply, 503, 'sign_out_unfinished')
    expect(reply.body).not.toContain('You stay signed in')
    expect(reply.body).not.toContain('You are signed in as')
    expect(setCookies(reply).filter((line) => line.startsWith(`${sid}=;`))).toHaveLength(1)
    expect(reply.headers['clear-site-data']).toBe('"cache"')
    for (const path of ['/x', '/.auth/me']) {
      const again = await createVisitor().ask(shared.origin + path, { headers: { cookie: `${sid}=${copy}` } })
      expect(again.status).toBe(401)
    }
    expect(shared.log().findLast((line) => line.event === 'sign_out_unfinished')).toMatchObject({ level: 'error' })
    expect(shared.logText()).not.toContain(copy)
  }

  async function signedInThere(): Promise<{ readonly visitor: Visitor; readonly copy: string }> {
    const visitor = createVisitor()
    const state = async () => (await visitor.ask(`${shared.management}/readyz`)).body
    await until('the gateway reaches Redis', async () => (await state()).includes('"sessionStore":"ready"'))
    expect((await signIn(visitor, `${shared.origin}/x`, 'ada@contoso.example')).status).toBe(200)
    return { visitor, copy: visitor.cookie(shared.origin, sid) ?? '' }
  }

  test('logout ends the session here although Redis is silent, says what is left, and Redis learns it later', async () => {
    const { visitor, copy } = await signedInThere()
    redis.freeze()
    await expectUnfinished(await leave(visitor), copy)
    expect(visitor.cookie(shared.origin, sid)).toBeUndefined()
    redis.thaw()
    await until('the record is gone', async () => (await records()).length === 0, 40_000)
    visitor.close()
  }, 60_000)

  test('logout that Redis refuses is told to it again when the connection is new', async () => {
    const { visitor, copy } = await signedInThere()
    await redis.client.config('SET', 'min-replicas-to-write', '1')
    await expectUnfinished(await leave(visitor), copy)
    expect(await records()).toHaveLength(1)
    await redis.client.config('SET', 'min-replicas-to-write', '0')
    expect(await records()).toHaveLength(1)
    await redis.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
    await until('the record is gone', async () => (await records()).length === 0)
    visitor.close()
  })
})
