import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { policyChallenge, rowOf } from '../../src/emulator/error-catalogue.ts'
import { authorizeUrl, choose, codeOf, createBrowser, hiddenRequest, redeem, refresh, signIn } from './client.ts'

const uwe = 'uwe@contoso.example'
let emulator: Emulator
let token: unknown
beforeAll(async () => {
  emulator = await startEmulator()
})
beforeEach(async () => {
  token = (await redeem(emulator.origin, await signIn(createBrowser(), emulator.origin, uwe))).body.refresh_token
})
afterAll(() => emulator.close())

test('familyRow has an OAuth error and a place for every other code that Entra is known to use', () => {
  const told = (code: number) => [rowOf(code).error, rowOf(code).onPage ?? false, rowOf(code).status]
  expect(told(50_128)).toEqual(['invalid_request', true, undefined])
  expect(told(7_000_229)).toEqual(['invalid_client', false, undefined])
  expect(told(90_095)).toEqual(['access_denied', true, undefined])
  expect(told(81_012)).toEqual(['invalid_request', true, undefined])
  expect(told(90_036)).toEqual(['server_error', false, 500])
  expect(told(1)).toEqual(['invalid_grant', false, undefined])
})

test('descriptionOf ends in the same three parts, between blanks or on lines of their own', async () => {
  const said = async () => String((await refresh(emulator.origin, 'invented')).body.error_description)
  expect(await said()).toMatch(/^AADSTS70000: [^\r\n]+ Trace ID: \S+ Correlation ID: \S+ Timestamp: [^\r\n]+Z$/)
  emulator.control.changeApplication({ errorTail: 'lines' })
  const lines = (await said()).split('\r\n')
  emulator.control.changeApplication({ errorTail: 'blanks' })
  expect(lines.map((line) => line.slice(0, 9))).toEqual(['AADSTS700', 'Trace ID:', 'Correlati', 'Timestamp'])
})

describe('a refresh', () => {
  for (const [code, status, error, suberror, claims] of [
    [50020, 400, 'invalid_grant'],
    [50034, 400, 'invalid_grant'],
    [50055, 400, 'user_password_expired', 'user_password_expired'],
    [50057, 400, 'invalid_grant'],
    [50074, 400, 'interaction_required', 'basic_action', policyChallenge],
    [50076, 400, 'interaction_required', 'basic_action', policyChallenge],
    [50078, 400, 'interaction_required', 'basic_action', policyChallenge],
    [50079, 400, 'interaction_required', 'basic_action', policyChallenge],
    [50105, 400, 'invalid_grant'],
    [50173, 400, 'invalid_grant', 'bad_token'],
    [50196, 400, 'invalid_grant'],
    [53000, 400, 'interaction_required', 'message_only', policyChallenge],
    [53001, 400, 'interaction_required', 'message_only', policyChallenge],
    [53003, 400, 'invalid_grant', 'message_only', policyChallenge],
    [530032, 400, 'invalid_grant', 'message_only', policyChallenge],
    [65001, 400, 'invalid_grant', 'consent_required'],
    [70008, 400, 'invalid_grant'],
    [70043, 400, 'invalid_grant', 'bad_token'],
    [700082, 400, 'invalid_grant'],
    [700084, 400, 'invalid_grant'],
    [700016, 400, 'unauthorized_client'],
    [7000112, 400, 'unauthorized_client'],
    [90002, 400, 'invalid_request'],
    [7000215, 401, 'invalid_client'],
    [7000222, 401, 'invalid_client'],
    [700024, 401, 'invalid_client'],
    [700027, 401, 'invalid_client'],
    [90006, 503, 'temporarily_unavailable'],
    [90033, 503, 'temporarily_unavailable'],
    [90055, 429, 'temporarily_unavailable'],
  ] as const) {
    test(`rowOf ${code} is answered with ${status} ${error}`, async () => {
      emulator.control.fail('token', { kind: 'aadsts', code })
      const answer = await refresh(emulator.origin, token)
      expect(answer.status).toBe(status)
      expect(answer.body).toMatchObject({ error, error_codes: [code] })
      expect([answer.body.suberror, answer.body.claims]).toEqual([suberror, claims])
      expect((await refresh(emulator.origin, token)).status).toBe(200)
    })
  }

  test('changePerson keeps the person out by code, for as long as it stands', async () => {
    emulator.control.changePerson(uwe, { refusedWith: 50076 })
    const answer = await refresh(emulator.origin, token)
    emulator.control.changePerson(uwe, { refusedWith: null })
    expect(answer.body).toMatchObject({ error: 'interaction_required', claims: policyChallenge })
  })

  test('policyAtRefresh wants a new sign-in after the sign-in frequency (70043)', async () => {
    emulator.control.changeApplication({ signInFrequency: 3600 })
    expect((await refresh(emulator.origin, token)).status).toBe(200)
    emulator.control.clock.forward(3_601)
    expect((await refresh(emulator.origin, token)).body).toMatchObject({ error_codes: [70043], suberror: 'bad_token' })
    emulator.control.changeApplication({ signInFrequency: null })
  })

  test('policyAtRefresh wants the second factor that a policy has begun to ask for (50076)', async () => {
    emulator.control.changeApplication({ secondFactor: true })
    const answer = await refresh(emulator.origin, token)
    emulator.control.changeApplication({ secondFactor: false })
    expect(answer.body).toMatchObject({ error_codes: [50076], claims: policyChallenge })
  })

  test('withdrawConsent fails the refresh with 65001, until the person consents again', async () => {
    const own = await startEmulator()
    const browser = createBrowser()
    const { body } = await redeem(own.origin, await signIn(browser, own.origin, uwe))
    own.control.withdrawConsent(uwe)
    expect((await refresh(own.origin, body.refresh_token)).body).toMatchObject({ error_codes: [65001] })
    const page = await browser.get(authorizeUrl(own.origin))
    expect(page.text).toContain('asks for permission')
    const [, account = ''] = /name="account" value="([^"]+)"/.exec(page.text) ?? []
    expect(codeOf(await choose(browser, own.origin, hiddenRequest(page), { account, consent: 'accept' }))).not.toBe('')
    expect((await refresh(own.origin, body.refresh_token)).status).toBe(200)
    await own.close()
  })

  test('clock.forward makes a refresh token ninety days older', async () => {
    const own = await startEmulator()
    const { body } = await redeem(own.origin, await signIn(createBrowser(), own.origin, uwe))
    own.control.clock.forward(90 * 86_400 + 1)
    expect((await refresh(own.origin, body.refresh_token)).body.error_codes).toEqual([700082])
    await own.close()
  })
})
