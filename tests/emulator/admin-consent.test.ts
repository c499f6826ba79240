import { afterAll, beforeAll, expect, test } from 'vitest'
import { clientId, directoryId } from '../../src/emulator/directory.ts'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { authorizeUrl, callback, choose, codeOf, createBrowser, hiddenRequest, tileOf } from './client.ts'

const uwe = 'uwe@contoso.example'
let emulator: Emulator
beforeAll(async () => {
  emulator = await startEmulator()
})
afterAll(() => emulator.close())

const browser = createBrowser()
const query = new URLSearchParams({ client_id: clientId, redirect_uri: callback, state: 'the state' }).toString()
const url = (authority: string, parameters = query) => `${emulator.origin}/${authority}/v2.0/adminconsent?${parameters}`
const answer = (authority: string, consent: string) =>
  browser.post(`${emulator.origin}/${authority}/choose-admin-consent`, { request: query, consent })

async function choosesUwe() {
  const picker = await browser.get(authorizeUrl(emulator.origin, { prompt: 'login' }))
  return choose(browser, emulator.origin, hiddenRequest(picker), { account: tileOf(picker, uwe) })
}

test('createAdminConsent opens the door that 90094 has shut', async () => {
  emulator.control.changeApplication({ consent: 'administrator' })
  expect((await choosesUwe()).text).toContain('AADSTS90094')
  expect((await browser.get(url(directoryId))).text).toContain('for everybody')
  const page = await answer('organizations', 'accept')
  expect(page.location).toBe(`${callback}?admin_consent=True&tenant=${directoryId}&state=the+state#`)
  expect(codeOf(await choosesUwe())).not.toBe('')
  emulator.control.changeApplication({ consent: 'given' })
})

test('createAdminConsent tells the application that the administrator has declined', async () => {
  const page = await answer(directoryId, 'decline')
  expect(new URL(page.location).searchParams.get('error')).toBe('access_denied')
  expect(new URL(page.location).searchParams.get('error_description')).toContain('AADSTS65004')
})

for (const [name, parameters, code] of [
  ['another address', { client_id: clientId, redirect_uri: 'https://evil.example/' }, 50011],
  ['another application', { client_id: 'x', redirect_uri: callback }, 700016],
  ['no address', { client_id: clientId }, 900144],
] as const) {
  test(`createAdminConsent shows a page for ${name}`, async () => {
    const page = await browser.get(url(directoryId, new URLSearchParams(parameters).toString()))
    expect(page).toMatchObject({ status: 400, location: '' })
    expect(page.text).toContain(`AADSTS${code}`)
  })
}

test('createConsents asks each person once', async () => {
  const own = await startEmulator({ application: { consent: 'person' } })
  const visitor = createBrowser()
  const picker = await visitor.get(authorizeUrl(own.origin))
  const account = tileOf(picker, uwe)
  const page = await choose(visitor, own.origin, hiddenRequest(picker), { account })
  expect(page.text).toContain('asks for permission')
  expect(codeOf(await choose(visitor, own.origin, hiddenRequest(page), { account, consent: 'accept' }))).not.toBe('')
  expect(codeOf(await visitor.get(authorizeUrl(own.origin)))).not.toBe('')
  await own.close()
})
