import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clientId, clientSecret, directoryId } from '../../src/emulator/directory.ts'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { authorizeUrl, callback, codeOf, createBrowser, hiddenRequest, payloadOf, tileOf, verifier } from './client.ts'

const issuer = `https://sts.windows.net/${directoryId}/`
let emulator: Emulator
beforeAll(async () => {
  emulator = await startEmulator()
})
afterAll(() => emulator.close())

/** An address without `/v2.0`. */
const older = (url: string) => url.replace('/oauth2/v2.0/', '/oauth2/')
const authorize = (changes: Record<string, string | undefined> = {}) =>
  older(authorizeUrl(emulator.origin, { scope: undefined, ...changes }))

async function redeem(code: string): Promise<Record<string, unknown>> {
  const body = new URLSearchParams({
    ...{ client_id: clientId, client_secret: clientSecret, grant_type: 'authorization_code' },
    ...{ code, redirect_uri: callback, code_verifier: verifier },
  })
  const answer = await fetch(`${emulator.origin}/${directoryId}/oauth2/token`, { method: 'POST', body })
  return (await answer.json()) as Record<string, unknown>
}

test('documentOfVersionOne names the old issuer, and addresses without /v2.0', async () => {
  const of = async (name: string) =>
    await (await fetch(`${emulator.origin}/${name}/.well-known/openid-configuration`)).json()
  expect(await of('contoso.example')).toMatchObject({
    issuer,
    authorization_endpoint: `${emulator.origin}/${directoryId}/oauth2/authorize`,
    token_endpoint: `${emulator.origin}/${directoryId}/oauth2/token`,
    jwks_uri: `${emulator.origin}/common/discovery/keys`,
    scopes_supported: ['openid'],
  })
  expect(await of('common')).toMatchObject({ issuer: 'https://sts.windows.net/{tenantid}/' })
})

test('claimsOfVersionOne gives who comes by the old addresses tokens of version 1, properly signed', async () => {
  const browser = createBrowser()
  const picker = await browser.get(authorize({ resource: 'https://graph.microsoft.com/' }))
  const [, action = ''] = /<form method="post" action="([^"]+)"/.exec(picker.text) ?? []
  const account = tileOf(picker, 'ada@contoso.example')
  const back = await browser.post(emulator.origin + action, { request: hiddenRequest(picker), account })
  const { id_token } = await redeem(codeOf(back))
  const keys = (await (await fetch(`${emulator.origin}/common/discovery/keys`)).json()) as JSONWebKeySet
  const { payload } = await jwtVerify(String(id_token), createLocalJWKSet(keys), { issuer, audience: clientId })
  expect(payload).toMatchObject({
    ...{ ver: '1.0', amr: ['pwd'], unique_name: 'ada@contoso.example', upn: 'ada@contoso.example' },
    ...{ given_name: 'Ada', family_name: 'Lovelace', tid: directoryId, nonce: 'the nonce' },
  })
  expect(payload).not.toHaveProperty('preferred_username')
  // Single sign-on knows no versions.
  const again = await redeem(codeOf(await browser.get(authorize())))
  expect(payloadOf(again.id_token).ver).toBe('1.0')
})

for (const [name, url, code] of [
  ['an unknown resource', () => authorize({ resource: 'https://payroll.example' }), 500011],
  ['a resource in version 2', () => authorizeUrl(emulator.origin, { resource: 'https://graph.microsoft.com' }), 901002],
] as const) {
  test(`readAuthorizeRequest refuses ${name} with ${code}`, async () => {
    const { location } = await createBrowser().get(url())
    expect(new URL(location).searchParams.get('error_description')).toContain(`AADSTS${code}`)
  })
}
