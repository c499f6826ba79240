import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { directoryId } from '../../src/emulator/directory.ts'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import {
  authorizeUrl,
  type Browser,
  createBrowser,
  hiddenRequest,
  payloadOf,
  redeem,
  refresh,
  signIn,
  tileOf,
} from './client.ts'

const ada = 'ada@contoso.example'
const uwe = 'uwe@contoso.example'
const signedOut = 'http://localhost:4711/.auth/signed-out'
let emulator: Emulator
let browser: Browser
beforeAll(async () => {
  emulator = await startEmulator()
})
beforeEach(() => {
  browser = createBrowser()
})
afterAll(() => emulator.close())

const logoutUrl = (parameters: Record<string, string> = {}) =>
  `${emulator.origin}/${directoryId}/oauth2/v2.0/logout?${new URLSearchParams(parameters)}`
/** Whether a silent sign-in as the person still succeeds. */
const isSignedIn = async (username: string) =>
  (await browser.get(authorizeUrl(emulator.origin, { prompt: 'none', login_hint: username }))).location.includes(
    '?code=',
  )

test('createLogout ends the single sign-on and goes back with the state', async () => {
  await signIn(browser, emulator.origin, ada)
  expect(await isSignedIn(ada)).toBe(true)
  const page = await browser.get(logoutUrl({ post_logout_redirect_uri: signedOut, state: 'a b' }))
  expect(page).toMatchObject({ status: 302, location: `${signedOut}?state=a+b#` })
  expect(await isSignedIn(ada)).toBe(false)
})

test('createLogout goes back without a question mark where there is no state, and without anybody signed in', async () => {
  expect((await browser.get(logoutUrl({ post_logout_redirect_uri: signedOut }))).location).toBe(signedOut)
})

test('createLogout takes a form too', async () => {
  const page = await browser.post(logoutUrl(), { post_logout_redirect_uri: signedOut })
  expect(page.location).toBe(signedOut)
})

for (const [name, parameters] of [
  ['no address', {}],
  ['an address that is not registered', { post_logout_redirect_uri: 'https://evil.example/' }],
  ['an address of another path', { post_logout_redirect_uri: 'http://localhost:4711/signed-out' }],
] as const) {
  test(`createLogout stays on its own page for ${name}, and has signed out`, async () => {
    await signIn(browser, emulator.origin, ada)
    const page = await browser.get(logoutUrl(parameters))
    expect(page).toMatchObject({ status: 200, location: '' })
    expect(page.text).toContain('You are signed out')
    expect(await isSignedIn(ada)).toBe(false)
  })
}

test('createLogout asks whom to sign out where two are signed in', async () => {
  await signIn(browser, emulator.origin, ada)
  await signIn(browser, emulator.origin, uwe)
  const page = await browser.get(logoutUrl({ post_logout_redirect_uri: signedOut, state: 's', logout_hint: ada }))
  expect(page.text).toContain('Which account')
  expect([await isSignedIn(ada), await isSignedIn(uwe)]).toEqual([true, true])
  const form = { request: hiddenRequest(page), account: tileOf(page, uwe) }
  const after = await browser.post(`${emulator.origin}/${directoryId}/choose-sign-out`, form)
  expect(after.location).toBe(`${signedOut}?state=s#`)
  expect([await isSignedIn(ada), await isSignedIn(uwe)]).toEqual([true, false])
})

test('createLogout lets the opaque hint pick the account', async () => {
  await signIn(browser, emulator.origin, ada)
  const { body } = await redeem(emulator.origin, await signIn(browser, emulator.origin, uwe))
  const hint = String(payloadOf(body.id_token).login_hint)
  expect((await browser.get(logoutUrl({ post_logout_redirect_uri: signedOut, logout_hint: hint }))).location).toBe(
    signedOut,
  )
  expect([await isSignedIn(ada), await isSignedIn(uwe)]).toEqual([true, false])
  expect((await refresh(emulator.origin, body.refresh_token)).status).toBe(200)
})
