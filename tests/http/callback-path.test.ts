import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { attack } from '../attacks/attack.ts'
import { type Stage, startStage } from '../stage.ts'
import { createVisitor, navigation, signIn, type Visitor } from '../visitor.ts'
import { press, reconfigure } from './pages-of-entra.ts'
import { answerFor, begin, binding, cameBack, parameter, sid, visit } from './scene.ts'

let stage: Stage
beforeAll(async () => {
  stage = await startStage({ tenant: 'callbackPath: /signin-oidc/' })
  const redirectUris = ['/.auth/callback', '/signin-oidc/', '/.auth/login/aad/callback'].map(
    (path) => `http://localhost${path}`,
  )
  stage.emulator.control.changeApplication({ redirectUris })
})
afterAll(() => stage.close())

const uwe = 'uwe@contoso.example'

async function withVisitor(work: (visitor: Visitor) => Promise<void>): Promise<void> {
  const visitor = createVisitor()
  try {
    await work(visitor)
  } finally {
    visitor.close()
  }
}

describe('callbackPath', () => {
  for (const path of ['/signin-oidc/', '/.auth/login/aad/callback']) {
    test(`brings people back to ${path}, byte for byte, and no other address is registered`, () =>
      withVisitor(async (visitor) => {
        reconfigure(stage, { tenant: `callbackPath: ${path}` })
        const authorize = await begin(visitor, `${stage.origin}/deep?x=1`)
        expect(parameter(authorize, 'redirect_uri')).toBe(stage.origin + path)
        const answer = await answerFor(visitor, authorize, uwe)
        expect(answer.startsWith(`${stage.origin}${path}?`)).toBe(true)
        const reply = await visit(visitor, answer)
        expect([reply.status, reply.headers.location]).toEqual([302, '/deep?x=1'])
        expect((await visitor.ask(`${stage.origin}/x`)).status).toBe(200)
      }))
  }

  test('is the way back of admin consent too', () =>
    withVisitor(async (visitor) => {
      reconfigure(stage, { tenant: 'callbackPath: /signin-oidc/' })
      const page = await press(visitor, await visitor.open(`${stage.origin}/.auth/admin-consent`), 'consent', 'accept')
      expect(page.body).toContain('Consent has been given')
    }))

  test('leaves every other spelling and method to the application, which never sees a code of ours', () =>
    withVisitor(async (visitor) => {
      reconfigure(stage, { tenant: 'callbackPath: /signin-oidc/' })
      await signIn(visitor, `${stage.origin}/x`, uwe)
      const seen = stage.upstream.seen.length
      for (const path of ['/signin-oidc', '/SIGNIN-OIDC/', '/signin-oidc//', '/signin-oidc/;x', '/%73ignin-oidc/'])
        expect((await visitor.ask(`${stage.origin}${path}?code=1`)).status, path).toBe(200)
      expect((await visitor.ask(`${stage.origin}/signin-oidc/`, { method: 'POST', headers: navigation })).status).toBe(
        200,
      )
      expect(stage.upstream.seen.length).toBe(seen + 6)
      expect((await visitor.ask(`${stage.origin}/signin-oidc/?code=1`, { headers: navigation })).location).toBe(
        `${stage.origin}/`,
      )
      expect(stage.upstream.seen.length).toBe(seen + 6)
    }))

  test('changes while a sign-in is under way, which then still succeeds', () =>
    withVisitor(async (visitor) => {
      reconfigure(stage, {})
      const answer = await cameBack(visitor, `${stage.origin}/deep`, uwe)
      reconfigure(stage, { tenant: 'callbackPath: /signin-oidc/' })
      expect((await visit(visitor, answer)).headers.location).toBe('/deep')
    }))
})

describe('the tile in My Apps', () => {
  const from = { 'sec-fetch-site': 'cross-site', referer: 'https://myapplications.microsoft.com/' }

  for (const [what, query] of [
    ['alone', ''],
    [
      'with what a launcher adds',
      '?tenantId=0b5a9e1c-7f3d-4c62-9d84-2a6f1e8b7c30&iss=https%3A%2F%2Flogin.example&sessionId=x',
    ],
    ['with the account that is meant', `?login_hint=${encodeURIComponent(uwe)}&domain_hint=contoso.example`],
  ] as const) {
    test(`signs in whom the provider knows, without a question, by its address ${what}`, () =>
      withVisitor(async (visitor) => {
        reconfigure(stage, {})
        await signIn(visitor, `${stage.origin}/x`, uwe)
        visitor.setCookie(stage.origin, sid, null)
        visitor.setCookie(stage.origin, binding, null)
        const page = await visitor.open(`${stage.origin}/.auth/login${query}`, { headers: from })
        expect([page.url, page.status]).toEqual([`${stage.origin}/`, 200])
        expect(stage.upstream.seen.at(-1)?.headers['x-forwarded-preferred-username']).toBe(uwe)
      }))
  }

  attack('T82', 'leads whoever is signed in straight to the application, and changes nothing', () =>
    withVisitor(async (visitor) => {
      await signIn(visitor, `${stage.origin}/x`, uwe)
      const before = visitor.cookie(stage.origin, sid)
      expect((await visitor.ask(`${stage.origin}/.auth/login`, { headers: { ...navigation, ...from } })).location).toBe(
        `${stage.origin}/`,
      )
      expect(visitor.cookie(stage.origin, sid)).toBe(before)
    }),
  )
})

describe('hints on the way to the provider', () => {
  async function asked(query: string): Promise<string> {
    const visitor = createVisitor()
    try {
      await signIn(visitor, `${stage.origin}/x`, uwe)
      visitor.setCookie(stage.origin, sid, null)
      const page = await visitor.open(`${stage.origin}/.auth/login?${query}`)
      return page.url === `${stage.origin}/` ? 'signed in' : (/<h1>([^<]*)/.exec(page.body)?.[1] ?? '')
    } finally {
      visitor.close()
    }
  }

  for (const [what, query, expected] of [
    [
      'a login_hint for the account that is signed in there goes through',
      `login_hint=${encodeURIComponent(uwe)}`,
      'signed in',
    ],
    ['a login_hint for another account asks for that one', 'login_hint=ada%40contoso.example', 'Choose an account'],
    ['a domain_hint of the account’s home goes through', 'domain_hint=contoso.example', 'signed in'],
    ['a domain_hint of another home asks', 'domain_hint=fabrikam.example', 'Choose an account'],
    ['prompt=select_account asks', 'prompt=select_account', 'Choose an account'],
    ['prompt=login asks', 'prompt=login', 'Choose an account'],
    ['prompt=none is not passed on', 'prompt=none', 'signed in'],
    ['prompt=consent is not passed on', 'prompt=consent', 'signed in'],
    ['prompt=admin_consent is not passed on', 'prompt=admin_consent', 'signed in'],
  ] as const) {
    attack('T47', `${what}`, async () => {
      reconfigure(stage, {})
      expect(await asked(query)).toBe(expected)
    })
  }
})
