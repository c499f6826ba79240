import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
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

const logoutUrlOf = (parameters: Record<string, string> = {}) =>
  `${emulator.origin}/${directoryId}/oauth2/v2.0/logout?${new URLSearchParams(parameters)}`
/** Whether a silent sign-in as the person still succeeds. */
const isSignedIn = async (username: string) =>
  (await browser.get(authorizeUrl(emulator.origin, { prompt: 'none', login_hint: username }))).location.includes(
    '?code=',
  )

test('createLogout ends the single sign-on and goes back with the state', async () => {
  await signIn(browser, emulator.origin, ada)
  expect(await isSignedIn(ada)).toBe(true)
  const page = await browser.get(logoutUrlOf({ post_logout_redirect_uri: signedOut, state: 'a b' }))
  expect(page).toMatchObject({ status: 302, location: `${signedOut}?state=a+b#` })
  expect(await isSignedIn(ada)).toBe(false)
})

test('createLogout goes back without a question mark where there is no state, and without anybody signed in', async () => {
  expect((await browser.get(logoutUrlOf({ post_logout_redirect_uri: signedOut }))).location).toBe(signedOut)
})

test('createLogout takes a form too', async () => {
  const page = await browser.post(logoutUrlOf(), { post_logout_redirect_uri: signedOut })
  expect(page.location).toBe(signedOut)
})

for (const [name, parameters] of [
  ['no address', {}],
  ['an address that is not registered', { post_logout_redirect_uri: 'https://evil.example/' }],
  ['an address of another path', { post_logout_redirect_uri: 'http://localhost:4711/signed-out' }],
] as const) {
  test(`createLogout stays on its own page for ${name}, and has signed out`, async () => {
    await signIn(browser, emulator.origin, ada)
    const page = await browser.get(logoutUrlOf(parameters))
    expect(page).toMatchObject({ status: 200, location: '' })
    expect(page.text).toContain('You are signed out')
    expect(await isSignedIn(ada)).toBe(false)
  })
}

test('createLogout asks whom to sign out where two are signed in', async () => {
  await signIn(browser, emulator.origin, ada)
  await signIn(browser, emulator.origin, uwe)
  const page = await browser.get(logoutUrlOf({ post_logout_redirect_uri: signedOut, state: 's', logout_hint: ada }))
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
  expect((await browser.get(logoutUrlOf({ post_logout_redirect_uri: signedOut, logout_hint: hint }))).location).toBe(
    signedOut,
  )
  expect([await isSignedIn(ada), await isSignedIn(uwe)]).toEqual([true, false])
  expect((await refresh(emulator.origin, body.refresh_token)).status).toBe(200)
})

describe('the front channel', () => {
  for (const withIssuer of [false, true]) {
    test(`createLogout calls the registered address with sid${withIssuer ? ' and iss' : ' alone'} in a hidden frame`, async () => {
      const logoutUrl = 'http://localhost:4711/.auth/front-channel?app=1'
      emulator.control.changeApplication({ logoutUrl, logoutWithIssuer: withIssuer })
      const { body } = await redeem(emulator.origin, await signIn(browser, emulator.origin, ada))
      const page = await browser.get(logoutUrlOf({ post_logout_redirect_uri: signedOut, state: 's' }))
      emulator.control.changeApplication({ logoutUrl: null, logoutWithIssuer: false })
      const [, source = ''] = /<iframe hidden[^>]* src="([^"]+)"/.exec(page.text) ?? []
      const called = new URL(source.replaceAll('&amp;', '&'))
      expect(called.searchParams.get('sid')).toBe(payloadOf(body.id_token).sid)
      expect(called.searchParams.get('iss')).toBe(withIssuer ? payloadOf(body.id_token).iss : null)
      expect(called.searchParams.get('app')).toBe('1')
      expect(page.headers.get('content-security-policy')).toContain('frame-src http://localhost:4711')
      expect(page.text).toContain(`href="${signedOut}?state=s"`)
      expect((await refresh(emulator.origin, body.refresh_token)).status).toBe(200)
    })
  }
})
