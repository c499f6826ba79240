/** An application of several directories, by a client that knows nothing but the authority and follows what the documents say. */
import { createLocalJWKSet, decodeJwt, type JWK, jwtVerify } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clientId, clientSecret, directoryId } from '../../src/emulator/directory.ts'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { personas } from '../../src/emulator/people.ts'
import {
  authorizeQuery,
  type Browser,
  callback,
  codeOf,
  createBrowser,
  hiddenRequest,
  type Page,
  verifier,
} from './client.ts'

const fabrikam = 'd94e1c37-6a5b-4f02-8e71-b3c0a9d85f16'
const personal = '9188040d-6c67-4c5b-b112-36a304b66dad'
const [uwe, felix, paula] = ['uwe@contoso.example', 'felix@fabrikam.example', 'paula@live.example']
let emulator: Emulator
beforeAll(async () => {
  emulator = await startEmulator({ people: personas, application: { audience: 'common' } })
})
afterAll(() => emulator.close())

type Metadata = Readonly<
  Record<'issuer' | 'authorization_endpoint' | 'token_endpoint' | 'jwks_uri' | 'end_session_endpoint', string>
>

const read = async <T>(url: string) => (await (await fetch(url)).json()) as T
const metadataOf = (authority: string) =>
  read<Metadata>(`${emulator.origin}/${authority}/v2.0/.well-known/openid-configuration`)

/** Types a name into the account picker, and says yes where it is asked. */
async function type(browser: Browser, metadata: Metadata, username: string): Promise<Page> {
  const picker = await browser.get(`${metadata.authorization_endpoint}?${authorizeQuery({ prompt: 'select_account' })}`)
  const [, action = ''] = /<form method="post" action="([^"]+)"/.exec(picker.text) ?? []
  const page = await browser.post(emulator.origin + action, { request: hiddenRequest(picker), username })
  const [, account] = /name="account" value="([^"]+)"/.exec(page.text) ?? []
  if (account === undefined) return page
  return browser.post(emulator.origin + action, { request: hiddenRequest(page), account, consent: 'accept' })
}

async function redeemAt(metadata: Metadata, code: string): Promise<Record<string, unknown>> {
  const form = { grant_type: 'authorization_code', code, redirect_uri: callback, code_verifier: verifier }
  const body = new URLSearchParams({ ...form, client_id: clientId, client_secret: clientSecret })
  return (await (await fetch(metadata.token_endpoint, { method: 'POST', body })).json()) as Record<string, unknown>
}

for (const [authority, username, tid] of [
  [directoryId, uwe, directoryId],
  ['contoso.example', uwe, directoryId],
  ['FABRIKAM.example', felix, fabrikam],
  ['organizations', uwe, directoryId],
  ['organizations', felix, fabrikam],
  ['common', felix, fabrikam],
  ['common', paula, personal],
  ['consumers', paula, personal],
] as const) {
  test(`${authority} signs ${username} in: the issuer and that of the key fit ${tid.slice(0, 8)}`, async () => {
    const metadata = await metadataOf(authority)
    const { id_token } = await redeemAt(metadata, codeOf(await type(createBrowser(), metadata, username)))
    const token = String(id_token)
    const jwks = await read<{ keys: (JWK & { issuer: string })[] }>(metadata.jwks_uri)
    const issuer = metadata.issuer.replace('{tenantid}', String(decodeJwt(token).tid))
    const options = { issuer, audience: clientId, algorithms: ['RS256'] }
    const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(jwks), options)
    expect(payload).toMatchObject({ tid, preferred_username: username, nonce: 'the nonce' })
    const key = jwks.keys.find(({ kid }) => kid === protectedHeader.kid)
    expect(String(key?.issuer).replace('{tenantid}', tid)).toBe(issuer)
  })
}

for (const [authority, username] of [
  [directoryId, felix],
  ['organizations', paula],
  ['consumers', uwe],
  ['contoso.example', paula],
] as const) {
  test(`${authority} keeps ${username} out (50020)`, async () => {
    const page = await type(createBrowser(), await metadataOf(authority), username)
    expect(page).toMatchObject({ status: 400, location: '' })
    expect(page.text).toContain('AADSTS50020')
  })
}

test('consent is a matter of each directory; personal accounts give it themselves', async () => {
  emulator.control.changeApplication({ consent: 'administrator' })
  const organizations = await metadataOf('organizations')
  const enter = async (username: string) => (await type(createBrowser(), organizations, username)).text
  expect(await enter(felix)).toContain('AADSTS90094')
  const request = new URLSearchParams({ client_id: clientId, redirect_uri: callback }).toString()
  const url = `${emulator.origin}/${fabrikam}/choose-admin-consent`
  expect((await createBrowser().post(url, { request, consent: 'accept' })).location).toContain(`tenant=${fabrikam}`)
  expect(await enter(felix)).not.toContain('AADSTS90094')
  expect(await enter(uwe)).toContain('AADSTS90094')
  expect(codeOf(await type(createBrowser(), await metadataOf('common'), paula))).not.toBe('')
  emulator.control.changeApplication({ consent: 'given' })
})
