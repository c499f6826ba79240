import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { attack } from '../attacks/attack.ts'
import { redisMissing, startRedis, type TestRedis } from '../redis.ts'
import { type Stage, startStage } from '../stage.ts'
import { createVisitor, navigation, type Reply, signIn, type Visitor } from '../visitor.ts'
import { answerFor, begin, binding, cameBack, parameter, setCookies, sid, visit } from './scene.ts'

let stage: Stage
let uwe: Visitor

beforeAll(async () => {
  stage = await startStage()
  uwe = createVisitor()
  await signIn(uwe, `${stage.origin}/`, 'uwe@contoso.example')
})
afterAll(async () => {
  uwe.close()
  await stage.close()
})

const loginUrl = (returnTo: string) => `${stage.origin}/.auth/login?return_to=${encodeURIComponent(returnTo)}`
/** A whole sign-in of somebody whom the provider knows already; the last answer of the gateway, not followed. */
async function signInAgain(visitor: Visitor, url: string): Promise<Reply> {
  visitor.setCookie(stage.origin, sid, null)
  return await visit(visitor, await cameBack(visitor, url, 'uwe@contoso.example'))
}

function expectInside(reply: Reply): void {
  const location = reply.headers.location ?? ''
  expect(reply.status).toBe(302)
  expect(location).toMatch(/^\/(?![/\\])/)
  expect(new URL(location, stage.origin).origin).toBe(stage.origin)
}

describe('login and where people go afterwards', () => {
  attack('T38', 'login takes letters of every script, and says them as a browser would', async () => {
    for (const [wanted, expected] of [
      ['/日本/é?ü=山', '/%E6%97%A5%E6%9C%AC/%C3%A9?%C3%BC=%E5%B1%B1'],
      ['/🙂', '/%F0%9F%99%82'],
    ] as const) {
      expect((await visit(uwe, loginUrl(wanted))).headers.location).toBe(expected)
      expect((await signInAgain(uwe, loginUrl(wanted))).headers.location).toBe(expected)
    }
    // Bytes that are no UTF-8: nobody knows what they mean, but nothing fails.
    expectInside(await visit(uwe, `${stage.origin}/.auth/login?return_to=/%ff%fe`))
  })

  test('login does not lead back into our own endpoints', async () => {
    await uwe.open(`${stage.origin}/`)
    for (const own of ['/.auth/logout', '/.AUTH/logout', '/x/../.auth/logout', '/.auth', '/%2e/.auth/logout']) {
      expect((await visit(uwe, loginUrl(own))).headers.location).toBe('/')
    }
  })

  attack('T37', 'login keeps addresses up to 8 KB exactly, and a short state', async () => {
    for (const length of [1_000, 1_500, 4_000, 8_192]) {
      const wanted = `/x?long=${'a'.repeat(length - 8)}`
      for (const url of [loginUrl(wanted), stage.origin + wanted]) {
        uwe.setCookie(stage.origin, sid, null)
        const authorize = await begin(uwe, url)
        expect(parameter(authorize, 'state').length).toBeLessThan(2_048)
        const reply = await visit(uwe, await answerFor(uwe, authorize, 'uwe@contoso.example'))
        expect(reply.headers.location).toBe(wanted)
      }
    }
  })

  attack('T37', 'state reveals nothing of the address', async () => {
    uwe.setCookie(stage.origin, sid, null)
    const state = parameter(await begin(uwe, loginUrl('/a-telling-address?q=secret')), 'state')
    const readable = state.split(/[.]/).map((part) => Buffer.from(part, 'base64url').toString('latin1'))
    for (const text of [state, ...readable]) expect(text).not.toMatch(/telling|secret|return/)
  })
})

describe('login and what it asks of the provider', () => {
  attack('T43', 'login always sends PKCE with S256, a nonce and a state, fresh each time', async () => {
    const visitor = createVisitor()
    const seen = new Set<string>()
    for (let round = 0; round < 10; round += 1) {
      const authorize = await begin(visitor, `${stage.origin}/same`)
      expect(parameter(authorize, 'code_challenge_method')).toBe('S256')
      for (const name of ['state', 'nonce', 'code_challenge']) {
        expect(parameter(authorize, name).length).toBeGreaterThanOrEqual(43)
        seen.add(parameter(authorize, name))
      }
    }
    expect(seen.size).toBe(30)
    visitor.close()
  })

  attack(['T47', 'T22'], 'login sends nothing of what a caller tries to slip in', async () => {
    const visitor = createVisitor()
    const injected = new URLSearchParams({
      ...{ redirect_uri: 'https://evil.example/', state: 'evil', nonce: 'evil', client_id: 'evil', scope: 'evil' },
      ...{ response_type: 'token', response_mode: 'fragment', code_challenge: 'evil', code_challenge_method: 'plain' },
      ...{ request: 'evil', request_uri: 'https://evil.example/', claims: '{}', max_age: '0', id_token_hint: 'evil' },
      ...{ prompt: 'none', acr_values: 'evil', 'return_to[]': 'evil', domain_hint: 'contoso.example' },
    })
    const reply = await visit(visitor, `${stage.origin}/.auth/login?${injected}`, {
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'https',
      'x-original-host': 'evil.example',
    })
    const authorize = new URL(reply.location)
    expect(authorize.origin + authorize.pathname).toBe(
      `${stage.emulator.origin}/0b5a9e1c-7f3d-4c62-9d84-2a6f1e8b7c30/oauth2/v2.0/authorize`,
    )
    const { state, nonce, code_challenge, ...others } = Object.fromEntries(authorize.searchParams)
    expect(others).toEqual({
      client_id: '6d1f0c52-3b7e-4a98-8c15-f0e2d4b6a791',
      response_type: 'code',
      response_mode: 'query',
      redirect_uri: `${stage.origin}/.auth/callback`,
      scope: 'openid profile email offline_access User.Read',
      code_challenge_method: 'S256',
      domain_hint: 'contoso.example',
    })
    for (const value of [state, nonce, code_challenge]) expect(value).not.toBe('evil')
    expect([...authorize.searchParams.keys()].length).toBe(new Set(authorize.searchParams.keys()).size)
    visitor.close()
  })

  for (const name of ['return_to', 'prompt', 'login_hint', 'domain_hint']) {
    attack('T47', `login refuses a doubled ${name}`, async () => {
      const visitor = createVisitor()
      for (const second of [name, encodeURIComponent(name).replace('_', '%5F')]) {
        const reply = await visit(visitor, `${stage.origin}/.auth/login?${name}=/a&${second}=/b`)
        expect(reply.status).toBe(400)
        expect(setCookies(reply)).toEqual([])
      }
      visitor.close()
    })
  }

  for (const [name, query, sent] of [
    ['passes on the choice of an account', 'prompt=select_account', { prompt: 'select_account' }],
    ['passes on that the password is wanted again', 'prompt=login', { prompt: 'login' }],
    ['knows no silent sign-in', 'prompt=none', {}],
    ['asks for no consent', 'prompt=consent', {}],
    ['takes a prompt only as it is spelled', 'prompt=Login', {}],
    ['takes no list of prompts', 'prompt=login%20consent', {}],
    ['passes on a hint', 'login_hint=uwe%40contoso.example', { login_hint: 'uwe@contoso.example' }],
    ['passes on no hint with line breaks', 'login_hint=a%0d%0aSet-Cookie:x', {}],
    ['passes on no hint that is too long', `login_hint=${'a'.repeat(255)}`, {}],
    ['passes on a hint as data', 'login_hint=a%26state%3Devil', { login_hint: 'a&state=evil' }],
    [
      'leaves a hint out that contradicts the choice',
      'prompt=select_account&login_hint=a',
      { prompt: 'select_account' },
    ],
  ] as const) {
    attack('T47', `login ${name}`, async () => {
      const visitor = createVisitor()
      const { prompt, login_hint, domain_hint } = Object.fromEntries(
        new URL(await begin(visitor, `${stage.origin}/.auth/login?${query}`)).searchParams,
      )
      expect({ prompt, login_hint, domain_hint }).toEqual({
        prompt: undefined,
        login_hint: undefined,
        domain_hint: undefined,
        ...sent,
      })
      visitor.close()
    })
  }
})

describe('login and who is there already', () => {
  attack(['T50', 'T82'], 'login leads whoever is signed in on at once, and ends nothing', async () => {
    await signInAgain(uwe, loginUrl('/'))
    const before = uwe.cookie(stage.origin, sid)
    for (const site of ['none', 'same-origin', 'cross-site']) {
      const reply = await visit(uwe, loginUrl('/deep?x=1'), { 'sec-fetch-site': site })
      expect(reply.headers.location).toBe('/deep?x=1')
      expect(setCookies(reply)).toEqual([])
    }
    expect(uwe.cookie(stage.origin, sid)).toBe(before)
    expect((await uwe.ask(`${stage.origin}/x`)).status).toBe(200)
  })

  attack('T50', 'login with another account in mind ends nothing until that has worked', async () => {
    const before = uwe.cookie(stage.origin, sid)
    const authorize = await begin(uwe, `${stage.origin}/.auth/login?prompt=select_account`)
    expect(parameter(authorize, 'prompt')).toBe('select_account')
    expect(uwe.cookie(stage.origin, sid)).toBe(before)
    expect((await uwe.ask(`${stage.origin}/x`)).status).toBe(200)
  })

  test('login answers no method that changes anything', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      expect((await uwe.ask(`${stage.origin}/.auth/login`, { method, headers: navigation })).status).toBe(405)
    }
  })
})

describe('login and what nobody waits for', () => {
  const html = { accept: 'text/html,*/*' }
  for (const [what, headers] of [
    ['a fetch', { accept: '*/*', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }],
    ['a fetch that asks for HTML', { ...html, 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }],
    ['an image', { ...html, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }],
    ['a script', { accept: '*/*', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' }],
    ['a frame', { ...navigation, 'sec-fetch-dest': 'iframe' }],
    ['a frame of another site', { ...navigation, 'sec-fetch-dest': 'iframe', 'sec-fetch-site': 'cross-site' }],
    ['an embedded object', { ...navigation, 'sec-fetch-dest': 'object' }],
    ['a prefetch', { ...navigation, 'sec-purpose': 'prefetch' }],
    ['a prerender', { ...navigation, 'sec-purpose': 'prefetch;prerender' }],
    ['a prefetch of an old browser', { ...html, purpose: 'prefetch' }],
    ['an XMLHttpRequest', { ...html, 'x-requested-with': 'XMLHttpRequest' }],
    ['a tool', { accept: '*/*' }],
    ['a request that wants nothing in particular', {}],
  ] as const) {
    attack('T53', `login does not begin for ${what}`, async () => {
      const visitor = createVisitor()
      for (const path of ['/.auth/login?return_to=/x', '/x']) {
        const reply = await visitor.ask(stage.origin + path, { headers })
        expect(reply.status).toBe(401)
        expect(reply.location).toBe('')
        expect(setCookies(reply)).toEqual([])
      }
      visitor.close()
    })
  }

  attack('T53', 'a cross-site post begins no sign-in', async () => {
    const visitor = createVisitor()
    const headers = { ...navigation, 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }
    const reply = await visitor.ask(`${stage.origin}/x`, { method: 'POST', headers, body: 'a=b' })
    expect(reply.status).toBe(401)
    expect(setCookies(reply)).toEqual([])
    visitor.close()
  })
})

describe('twenty tabs at once', () => {
  const tabs = Array.from({ length: 20 }, (_, index) => `/tab/${index}?of=20`)

  async function allArrive(visitor: Visitor, answers: readonly string[]): Promise<void> {
    const pages = await Promise.all(answers.map((answer) => visitor.open(answer)))
    expect(pages.map((page) => page.url)).toEqual(tabs.map((tab) => stage.origin + tab))
    expect(pages.map((page) => page.status)).toEqual(tabs.map(() => 200))
    const names = visitor.cookies(stage.origin).map((pair) => pair.split('=')[0])
    expect(names.sort()).toEqual([binding, sid].sort())
    expect(visitor.cookies(stage.origin).join('; ').length).toBeLessThan(200)
  }

  attack('T45', 'a browser without any cookie gets each of its twenty tabs to its own address', async () => {
    const visitor = createVisitor()
    const begun = await Promise.all(tabs.map((tab) => begin(visitor, stage.origin + tab)))
    const answers: string[] = []
    for (const authorize of begun) answers.push(await answerFor(visitor, authorize, 'uwe@contoso.example'))
    await allArrive(visitor, answers)
    visitor.close()
  })

  attack('T45', 'a browser that has signed in before does so as well', async () => {
    const visitor = createVisitor()
    await signIn(visitor, `${stage.origin}/`, 'uwe@contoso.example')
    const kept = visitor.cookie(stage.origin, binding)
    visitor.setCookie(stage.origin, sid, null)
    const answers = await Promise.all(tabs.map((tab) => cameBack(visitor, stage.origin + tab, 'uwe@contoso.example')))
    await allArrive(visitor, answers)
    expect(visitor.cookie(stage.origin, binding)).toBe(kept)
    visitor.close()
  })

  attack('T45', 'a browser with twenty tabs needs no second round where all share the cookie', async () => {
    const visitor = createVisitor()
    await signIn(visitor, `${stage.origin}/`, 'uwe@contoso.example')
    visitor.setCookie(stage.origin, sid, null)
    const answers = await Promise.all(tabs.map((tab) => cameBack(visitor, stage.origin + tab, 'uwe@contoso.example')))
    for (const [index, answer] of answers.entries()) {
      expect((await visit(visitor, answer)).headers.location).toBe(tabs[index])
    }
    visitor.close()
  })
})

describe.skipIf(redisMissing())('anonymous traffic', () => {
  let redis: TestRedis
  let withRedis: Stage
  beforeAll(async () => {
    redis = await startRedis()
    withRedis = await startStage({ session: `store: { type: redis, url: '${redis.url}' }` })
  })
  afterAll(async () => {
    await withRedis.close()
    await redis.stop()
  })

  attack('T95', 'anonymous traffic stores nothing', async () => {
    const visitor = createVisitor()
    for (const path of [
      '/',
      '/x?y',
      '/public/x',
      '/optional',
      '/admin',
      '/.auth/me',
      '/.auth/logout',
      '/.auth/signed-out',
    ]) {
      await visit(visitor, withRedis.origin + path)
      await visitor.ask(withRedis.origin + path, { headers: { accept: '*/*' } })
    }
    const callback = `${withRedis.origin}/.auth/callback`
    const state = parameter(await begin(visitor, `${withRedis.origin}/deep`), 'state')
    for (const query of ['', '?code=x', '?state=x&code=x', '?error=access_denied', `?state=${state}x&code=x`]) {
      await visit(visitor, callback + query)
    }
    const stranger = createVisitor()
    await visit(stranger, `${callback}?state=${state}&code=x`)
    await stranger.ask(`${withRedis.origin}/.auth/logout`, { method: 'POST', headers: { origin: withRedis.origin } })
    const held = await redis.client.keys('*')
    // Counters alone: a bounded number of them, without a name, for a minute (limits.test.ts).
    expect(held.filter((name) => !name.startsWith('sallyport:limit:'))).toEqual([])
    for (const name of held) expect(await redis.client.ttl(name)).toBeLessThanOrEqual(60)
    visitor.close()
    stranger.close()
  })

  attack('T80', 'a sign-in stores what it needs, under names that tell nothing', async () => {
    const visitor = createVisitor()
    await signIn(visitor, `${withRedis.origin}/`, 'uwe@contoso.example')
    const keys = await redis.client.keys('*')
    expect(keys.length).toBeGreaterThan(0)
    const id = decodeURIComponent(visitor.cookie(withRedis.origin, sid) ?? '').slice(2, 24)
    for (const key of keys) {
      expect(key).not.toContain(id)
      const value = await redis.client.dump(key)
      expect(`${value}`).not.toMatch(/contoso\.example|objectId|eyJhbGciOi|71f8d2b5/)
    }
    visitor.close()
  })
})
