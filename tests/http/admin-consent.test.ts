import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { attack } from '../attacks/attack.ts'
import { type Stage, startStage } from '../stage.ts'
import { createVisitor, navigation, type Visitor } from '../visitor.ts'
import { press } from './pages-of-entra.ts'
import {
  answerFor,
  begin,
  binding,
  expectPage,
  givesSession,
  parameter,
  setCookies,
  sid,
  visit,
  withParameter,
} from './scene.ts'

const directory = '0b5a9e1c-7f3d-4c62-9d84-2a6f1e8b7c30'

let stage: Stage
beforeAll(async () => {
  stage = await startStage()
})
afterAll(() => stage.close())

const here = () => `${stage.origin}/.auth/admin-consent`
const lastLog = (event: string) => stage.log().findLast(({ event: name }) => name === event)

async function withVisitor(work: (visitor: Visitor) => Promise<void>): Promise<void> {
  const visitor = createVisitor()
  try {
    await work(visitor)
  } finally {
    visitor.close()
  }
}

describe('/.auth/admin-consent', () => {
  test('leads to Entra with what an administrator is asked to agree to', () =>
    withVisitor(async (visitor) => {
      const url = new URL(await begin(visitor, `${here()}?client_id=evil&redirect_uri=https://evil.example&state=x`))
      expect(url.origin + url.pathname).toBe(`${stage.emulator.origin}/${directory}/v2.0/adminconsent`)
      const { state = '', ...others } = Object.fromEntries(url.searchParams)
      expect(others).toEqual({
        client_id: '6d1f0c52-3b7e-4a98-8c15-f0e2d4b6a791',
        // All that a sign-in will ask for.
        scope: parameter(await begin(visitor, `${stage.origin}/x`), 'scope'),
        redirect_uri: `${stage.origin}/.auth/callback`,
      })
      expect(state.length).toBeGreaterThan(100)
    }))

  test('says for which directory the consent is, and signs nobody in', () =>
    withVisitor(async (visitor) => {
      stage.emulator.control.changeApplication({ consent: 'administrator' })
      const page = await press(visitor, await visitor.open(here()), 'consent', 'accept')
      expect(page.status).toBe(200)
      expect(page.body).toContain('Consent has been given')
      expect(page.body).toContain(directory)
      expect(page.headers['cache-control']).toBe('no-store')
      expect([givesSession(page), visitor.cookie(stage.origin, sid)]).toEqual([false, undefined])
      expect(lastLog('consent_given')).toMatchObject({ tenant: 'payroll', consentedDirectoryId: directory })
      // And people come in without a question.
      const answer = await answerFor(visitor, await begin(visitor, `${stage.origin}/x`), 'uwe@contoso.example')
      expect((await visitor.open(answer)).status).toBe(200)
    }))

  test('says what has happened where it was declined, and what that means', () =>
    withVisitor(async (visitor) => {
      const page = await press(visitor, await visitor.open(here()), 'consent', 'decline')
      expect(page.status).toBe(403)
      expect(page.body).toContain('AADSTS65004')
      expect(page.body).toContain('Consent has not been given')
      expect(lastLog('consent_refused')).toMatchObject({ providerError: 'access_denied', providerCode: 'AADSTS65004' })
    }))

  async function returning(visitor: Visitor, query: string) {
    const state = parameter(await begin(visitor, here()), 'state')
    return await visit(visitor, `${stage.origin}/.auth/callback?state=${encodeURIComponent(state)}${query}`)
  }

  for (const [what, query] of [
    ['nothing', ''],
    ['a consent that is none', '&admin_consent=False'],
    ['an error beside the consent', `&admin_consent=True&tenant=${directory}&error=server_error`],
  ] as const) {
    test(`takes ${what} for no consent`, () =>
      withVisitor(async (visitor) => expectPage(await returning(visitor, query), 403, 'consent_refused')))
  }

  attack('T91', 'repeats no name of a directory that is none', () =>
    withVisitor(async (visitor) => {
      const page = await returning(visitor, '&admin_consent=True&tenant=%3Cb%3Eevil')
      expect(page.status).toBe(200)
      expect(page.body).not.toContain('evil')
    }),
  )

  test('makes no session of a code that comes back with its state', () =>
    withVisitor(async (visitor) => {
      const code = parameter(
        await answerFor(visitor, await begin(visitor, `${stage.origin}/x`), 'uwe@contoso.example'),
        'code',
      )
      const redeemed = stage.emulator.control.requests('token')
      expectPage(await returning(visitor, `&code=${code}`), 403, 'consent_refused')
      expect(stage.emulator.control.requests('token')).toBe(redeemed)
    }))

  test('is not told of by the state of a sign-in', () =>
    withVisitor(async (visitor) => {
      const answer = await answerFor(visitor, await begin(visitor, `${stage.origin}/x`), 'uwe@contoso.example')
      const forged = withParameter(withParameter(answer, 'admin_consent', 'True'), 'code', null)
      const page = await visit(visitor, forged)
      expect(page.status).toBeGreaterThanOrEqual(400)
      expect(page.body).not.toContain('Consent has been given')
    }))

  test('works once, and in the browser that began it only', () =>
    withVisitor(async (visitor) => {
      const state = encodeURIComponent(parameter(await begin(visitor, here()), 'state'))
      const back = `${stage.origin}/.auth/callback?state=${state}&admin_consent=True&tenant=${directory}`
      await withVisitor(async (stranger) => {
        const page = await visit(stranger, back)
        expect(page.body).not.toContain('Consent has been given')
      })
      expect((await visit(visitor, back)).status).toBe(200)
      expectPage(await visit(visitor, back), 400, 'transaction_used')
    }))

  test('begins for nobody who does not open it as a page, and names its provider exactly', () =>
    withVisitor(async (visitor) => {
      const reply = await visitor.ask(here(), { headers: { accept: '*/*' } })
      expect([reply.status, setCookies(reply)]).toEqual([401, []])
      expect((await visit(visitor, `${here()}?provider=contoso`)).status).toBe(302)
      expectPage(await visit(visitor, `${here()}?provider=other`), 404, 'endpoint_unknown')
      expect((await visit(visitor, `${here()}?provider=contoso&provider=contoso`)).status).toBe(400)
      expect((await visitor.ask(here(), { method: 'POST', headers: navigation })).status).toBe(405)
      expect(visitor.cookie(stage.origin, binding)).toMatch(/^[\w-]{22}[.][\w.-]+$/)
    }))
})
