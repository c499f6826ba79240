import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { policyChallenge } from '../../src/emulator/error-catalogue.ts'
import {
  authorizeUrl,
  type Browser,
  choose,
  codeOf,
  createBrowser,
  hiddenRequest,
  type Page,
  payloadOf,
  redeem,
  refresh,
  signIn,
} from './client.ts'

const ada = 'ada@contoso.example'
let emulator: Emulator
let browser: Browser
beforeAll(async () => {
  emulator = await startEmulator()
})
beforeEach(() => {
  browser = createBrowser()
})
afterAll(() => emulator.close())

const stepUp = (value: string) => JSON.stringify({ id_token: { acrs: { essential: true, value } } })
const authorize = (claims: string, changes: Record<string, string> = {}) =>
  browser.get(authorizeUrl(emulator.origin, { claims, ...changes }))
const approve = (page: Page) => {
  const [, account = ''] = /name="account" value="([^"]+)"/.exec(page.text) ?? []
  return choose(browser, emulator.origin, hiddenRequest(page), { account, factor: 'shown' })
}
const tokenOf = async (page: Page) => payloadOf((await redeem(emulator.origin, codeOf(page))).body.id_token)
const parametersOf = (page: Page) => new URL(page.location).searchParams

describe('an authentication context', () => {
  test('judgePolicy asks for a second factor once, and the token names the context', async () => {
    await signIn(browser, emulator.origin, ada)
    const page = await authorize(stepUp('c1'))
    expect(page.text).toContain('Approve the sign-in')
    expect((await tokenOf(await approve(page))).acrs).toEqual(['c1'])
    expect((await tokenOf(await authorize(stepUp('c1')))).acrs).toEqual(['c1'])
  })

  test('judgePolicy passes a context without a policy, with no question', async () => {
    await signIn(browser, emulator.origin, ada)
    expect((await tokenOf(await authorize(stepUp('c2')))).acrs).toEqual(['c2'])
  })

  test('judgePolicy never names a context that is not published', async () => {
    await signIn(browser, emulator.origin, ada)
    expect(await tokenOf(await authorize(stepUp('c9')))).not.toHaveProperty('acrs')
  })

  test('judgePolicy blocks on the page (53003)', async () => {
    await signIn(browser, emulator.origin, ada)
    const page = await authorize(stepUp('c3'))
    expect(page).toMatchObject({ status: 400, location: '' })
    expect(page.text).toContain('AADSTS53003')
  })

  test('judgePolicy answers prompt=none with interaction_required', async () => {
    await signIn(browser, emulator.origin, ada)
    const page = await authorize(stepUp('c1'), { prompt: 'none' })
    expect(parametersOf(page).get('error')).toBe('interaction_required')
    expect(parametersOf(page).get('error_description')).toContain('AADSTS50076')
  })

  test('createAuthorize lets a step-up be cancelled', async () => {
    await signIn(browser, emulator.origin, ada)
    const page = await choose(browser, emulator.origin, hiddenRequest(await authorize(stepUp('c1'))), { cancel: 'yes' })
    expect(parametersOf(page).get('error_subcode')).toBe('cancel')
  })
})

test('judgePolicy takes the challenge of a refusal back, and the refresh then works', async () => {
  const first = await redeem(emulator.origin, await signIn(browser, emulator.origin, ada))
  emulator.control.changeApplication({ secondFactor: true })
  const refused = await refresh(emulator.origin, first.body.refresh_token)
  expect(refused.body).toMatchObject({ error: 'interaction_required', claims: policyChallenge })
  const page = await authorize(String(refused.body.claims))
  const { body } = await redeem(emulator.origin, codeOf(await approve(page)))
  expect((await refresh(emulator.origin, body.refresh_token)).status).toBe(200)
  emulator.control.changeApplication({ secondFactor: false })
})

for (const [name, claims] of [
  ['text that is no JSON', '{'],
  ['a list', '[]'],
  ['nothing', 'null'],
] as const) {
  test(`readAskedClaims refuses ${name}`, async () => {
    expect(parametersOf(await authorize(claims)).get('error_description')).toContain('AADSTS90023')
  })
}

test('judge asks again after the sign-in frequency', async () => {
  await signIn(browser, emulator.origin, ada)
  emulator.control.changeApplication({ signInFrequency: 60 })
  expect(codeOf(await browser.get(authorizeUrl(emulator.origin)))).not.toBe('')
  emulator.control.clock.forward(61)
  expect((await browser.get(authorizeUrl(emulator.origin))).text).toContain('Choose an account')
  emulator.control.changeApplication({ signInFrequency: null })
})

test('isLoop stops an application that fetches one code after the other (50196), for five minutes', async () => {
  await signIn(browser, emulator.origin, ada)
  emulator.control.changeApplication({ loopLimit: 3 })
  for (const _ of [1, 2, 3]) expect(codeOf(await browser.get(authorizeUrl(emulator.origin)))).not.toBe('')
  expect((await browser.get(authorizeUrl(emulator.origin))).text).toContain('AADSTS50196')
  emulator.control.clock.forward(300)
  expect(codeOf(await browser.get(authorizeUrl(emulator.origin)))).not.toBe('')
  emulator.control.changeApplication({ loopLimit: null })
})

describe('refuseSignIn', () => {
  for (const code of [50011, 50020, 50105, 50194, 53000, 53003, 700016, 7000112, 90002, 90094]) {
    test(`shows ${code} on the page, and the application never hears of it`, async () => {
      emulator.control.refuseSignIn({ code })
      const page = await browser.get(authorizeUrl(emulator.origin))
      expect(page).toMatchObject({ status: 400, location: '' })
      expect(page.text).toContain(`AADSTS${code}:`)
      expect((await browser.get(authorizeUrl(emulator.origin))).status).toBe(200)
    })
  }

  for (const [code, error] of [
    [65004, 'access_denied'],
    [90033, 'temporarily_unavailable'],
    [50076, 'interaction_required'],
  ] as const) {
    test(`redirects ${code} as ${error}`, async () => {
      emulator.control.refuseSignIn({ code })
      const page = await browser.get(authorizeUrl(emulator.origin))
      expect(parametersOf(page).get('error')).toBe(error)
    })
  }
})
