import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { clientId, clientSecret, directoryId } from '../../src/emulator/directory.ts'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { askToken, authorizeUrl, createBrowser, payloadOf, redeem, refresh, signIn, verifier } from './client.ts'

const ada = 'ada@contoso.example'
let emulator: Emulator
let clock = 1_800_000_000
beforeAll(async () => {
  emulator = await startEmulator({ now: () => clock })
})
beforeEach(() => {
  clock = 1_800_000_000
})
afterAll(() => emulator.close())

const code = (changes = {}) => signIn(createBrowser(), emulator.origin, ada, changes)

test('createTokenEndpoint answers a code with tokens whose signature, issuer and audience are right', async () => {
  const { status, headers, body } = await redeem(emulator.origin, await code())
  expect(status).toBe(200)
  expect(headers.get('cache-control')).toBe('no-store, no-cache')
  expect(headers.get('x-ms-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  expect(Object.keys(body).sort()).toEqual([
    'access_token',
    'expires_in',
    'ext_expires_in',
    'id_token',
    'refresh_token',
    'scope',
    'token_type',
  ])
  expect(body).toMatchObject({ token_type: 'Bearer', scope: 'openid profile email', ext_expires_in: body.expires_in })
  expect(body.expires_in).toSatisfy((seconds: number) => seconds >= 3600 && seconds <= 5400)

  const keys = await (await fetch(`${emulator.origin}/${directoryId}/discovery/v2.0/keys`)).json()
  const { payload, protectedHeader } = await jwtVerify(
    String(body.id_token),
    createLocalJWKSet(keys as JSONWebKeySet),
    {
      ...{ issuer: `${emulator.origin}/${directoryId}/v2.0`, audience: clientId, algorithms: ['RS256'] },
      currentDate: new Date(clock * 1000),
    },
  )
  expect(protectedHeader).toEqual({ typ: 'JWT', alg: 'RS256', kid: expect.any(String) })
  expect(payload.nonce).toBe('the nonce')
})

test('createTokenEndpoint sends an access token that looks like Graph’s and verifies with no key of ours', async () => {
  const { body } = await redeem(emulator.origin, await code())
  const header = JSON.parse(Buffer.from(String(body.access_token).split('.')[0] ?? '', 'base64url').toString())
  expect(header).toMatchObject({ typ: 'JWT', alg: 'RS256', nonce: expect.any(String) })
  const keys = await (await fetch(`${emulator.origin}/${directoryId}/discovery/v2.0/keys`)).json()
  await expect(jwtVerify(String(body.access_token), createLocalJWKSet(keys as JSONWebKeySet))).rejects.toMatchObject({
    code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
  })
})

test('lifetimeOf gives a client that hears challenges (cp1) an access token for most of a day', async () => {
  const claims = JSON.stringify({ access_token: { xms_cc: { values: ['cp1'] } } })
  const { body } = await redeem(emulator.origin, await code({ claims }))
  expect(body.expires_in).toSatisfy((seconds: number) => seconds >= 72_000 && seconds <= 100_800)
  expect(payloadOf(body.access_token).xms_cc).toEqual(['cp1'])
})

test('grantedScope puts the prefix of Graph before its permissions', async () => {
  const { body } = await redeem(emulator.origin, await code({ scope: 'openid User.Read' }))
  expect(body.scope).toBe('openid https://graph.microsoft.com/User.Read')
})

test('createTokenEndpoint gives a refresh token only for offline_access, an ID token only for openid', async () => {
  expect((await redeem(emulator.origin, await code({ scope: 'openid' }))).body).not.toHaveProperty('refresh_token')
  expect((await redeem(emulator.origin, await code({ scope: 'User.Read' }))).body).not.toHaveProperty('id_token')
})

test('createTokenEndpoint gives a narrower refresh what it asks for, and the next refresh token stands for all', async () => {
  const whole = (await redeem(emulator.origin, await code())).body.refresh_token
  const ask = (token: unknown, scope?: string) =>
    askToken(emulator.origin, { grant_type: 'refresh_token', refresh_token: String(token), scope })
  const narrow = (await ask(whole, 'email offline_access')).body
  expect(narrow).toMatchObject({ scope: 'email' })
  expect(narrow).not.toHaveProperty('id_token')
  expect((await ask(narrow.refresh_token)).body).toMatchObject({ scope: 'openid profile email' })
})

test('createTokenEndpoint takes the secret in the Authorization header too, form-encoded', async () => {
  const encode = (secret: string) => `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}`
  const ask = async (secret: string) =>
    askToken(
      emulator.origin,
      {
        ...{ client_id: undefined, client_secret: undefined, grant_type: 'authorization_code', code: await code() },
        ...{ redirect_uri: 'http://localhost:4711/.auth/callback', code_verifier: verifier },
      },
      { authorization: encode(secret) },
    )
  expect((await ask(clientSecret.replace('-', '%2d'))).status).toBe(200)
  expect(await ask('wrong')).toMatchObject({ status: 401, body: { error_codes: [7000215] } })
})

for (const [name, changes, status, error, number] of [
  ['a wrong secret', { client_secret: 'wrong' }, 401, 'invalid_client', 7000215],
  ['no secret', { client_secret: undefined }, 401, 'invalid_client', 7000218],
  ['an unknown client', { client_id: 'somebody' }, 400, 'unauthorized_client', 700016],
  ['no client', { client_id: undefined }, 400, 'invalid_request', 900144],
  ['no grant type', { grant_type: undefined }, 400, 'invalid_request', 900144],
  ['another grant type', { grant_type: 'password' }, 400, 'unsupported_grant_type', 70003],
  ['no code', { code: undefined }, 400, 'invalid_request', 900144],
  ['no redirect URI', { redirect_uri: undefined }, 400, 'invalid_request', 900144],
  ['an invented code', { code: '1.Ainvented' }, 400, 'invalid_grant', 70000],
  ['another redirect URI', { redirect_uri: 'http://localhost:4712/.auth/callback' }, 400, 'invalid_grant', 70000],
  ['another verifier', { code_verifier: 'v'.repeat(43) }, 400, 'invalid_grant', 501481],
  ['no verifier', { code_verifier: undefined }, 400, 'invalid_grant', 501481],
] as const) {
  test(`createTokenEndpoint refuses ${name} with ${number}`, async () => {
    const own = await code()
    const answer = await redeem(emulator.origin, own, changes)
    expect(answer.status).toBe(status)
    expect(answer.headers.get('www-authenticate')).toBeNull()
    expect(answer.headers.get('cache-control')).toBe('no-store, no-cache')
    expect(answer.headers.get('x-ms-request-id')).toBe(answer.body.trace_id)
    expect(answer.body).toStrictEqual({
      error,
      error_codes: [number],
      error_description: expect.stringMatching(
        new RegExp(`^AADSTS${number}: .+ Trace ID: [0-9a-f-]{36} Correlation ID: [0-9a-f-]{36} Timestamp: .+Z$`),
      ),
      timestamp: '2027-01-15 08:00:00Z',
      trace_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      correlation_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      error_uri: `${emulator.origin}/error?code=${number}`,
    })
    // The refusal has not used the code up: the right request still gets through.
    expect((await redeem(emulator.origin, own)).status).toBe(200)
  })
}

test('verifies refuses a verifier where no challenge was sent', async () => {
  const bare = await code({ code_challenge: undefined, code_challenge_method: undefined })
  expect((await redeem(emulator.origin, bare)).body.error_codes).toEqual([501481])
  expect((await redeem(emulator.origin, bare, { code_verifier: undefined })).status).toBe(200)
})

test('redeemCode refuses a code the second time (54005)', async () => {
  const once = await code()
  expect((await redeem(emulator.origin, once)).status).toBe(200)
  expect(await redeem(emulator.origin, once)).toMatchObject({
    status: 400,
    body: { error: 'invalid_grant', error_codes: [54005] },
  })
})

test('redeemCode refuses a code after ten minutes (70008)', async () => {
  const [late, intime] = [await code(), await code()]
  clock += 600
  expect((await redeem(emulator.origin, intime)).status).toBe(200)
  clock += 1
  expect((await redeem(emulator.origin, late)).body.error_codes).toEqual([70008])
})

test('createTokenEndpoint says 90002 as invalid_request, and answers a GET with a page', async () => {
  const url = `${emulator.origin}/nowhere.example/oauth2/v2.0/token`
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams({ a: 'b' }) })
  expect(response.status).toBe(400)
  expect(await response.json()).toMatchObject({ error: 'invalid_request', error_codes: [90002] })
  expect(await (await fetch(url)).text()).toContain('AADSTS900561')
})

test('redeemRefreshToken gives fresh tokens, and the old refresh token keeps working', async () => {
  const { body } = await redeem(emulator.origin, await code())
  clock += 3600
  const first = await refresh(emulator.origin, body.refresh_token)
  const second = await refresh(emulator.origin, body.refresh_token)
  expect([first.status, second.status]).toEqual([200, 200])
  expect(new Set([body.refresh_token, first.body.refresh_token, second.body.refresh_token]).size).toBe(3)
  const [before, after] = [payloadOf(body.id_token), payloadOf(first.body.id_token)]
  expect(after).not.toHaveProperty('nonce')
  expect(after.iat).toBe(Number(before.iat) + 3600)
  for (const kept of ['sub', 'oid', 'tid', 'sid']) expect(after[kept]).toBe(before[kept])
})

test('redeemRefreshToken refuses an invented token, and one of ninety idle days', async () => {
  expect((await refresh(emulator.origin, 'invented')).body.error_codes).toEqual([70000])
  const { body } = await redeem(emulator.origin, await code())
  clock += 90 * 86_400
  expect((await refresh(emulator.origin, body.refresh_token)).status).toBe(200)
  clock += 90 * 86_400 + 1
  expect((await refresh(emulator.origin, body.refresh_token)).body.error_codes).toEqual([700082])
})

test('createTokenEndpoint treats a page’s registration as Entra does: no secret, only from a browser, a day', async () => {
  emulator.control.changeApplication({ platform: 'spa' })
  const bare = { client_secret: undefined }
  const own = await code()
  expect((await redeem(emulator.origin, own, bare)).body.error_codes).toEqual([9002327])
  const headers = { origin: 'http://localhost:4711' }
  const form = { grant_type: 'authorization_code', code: own, code_verifier: verifier }
  const redirect_uri = 'http://localhost:4711/.auth/callback'
  const { status, body } = await askToken(emulator.origin, { ...bare, ...form, redirect_uri }, headers)
  expect(status).toBe(200)
  const again = { ...bare, grant_type: 'refresh_token', refresh_token: String(body.refresh_token) }
  expect((await askToken(emulator.origin, again, headers)).status).toBe(200)
  clock += 86_401
  expect((await askToken(emulator.origin, again, headers)).body.error_codes).toEqual([700084])
  const unguarded = authorizeUrl(emulator.origin, { code_challenge: undefined, code_challenge_method: undefined })
  const { location } = await createBrowser().get(unguarded)
  emulator.control.changeApplication({ platform: 'web' })
  expect(new URL(location).searchParams.get('error_description')).toContain('AADSTS9002325')
})

test('narrowed lets a refresh ask for fewer scopes, never for more', async () => {
  const { body } = await redeem(emulator.origin, await code())
  expect((await refresh(emulator.origin, body.refresh_token, { scope: 'openid' })).body.scope).toBe('openid')
  expect((await refresh(emulator.origin, body.refresh_token, { scope: 'openid User.Read' })).body).toMatchObject({
    error_codes: [65001],
    suberror: 'consent_required',
  })
})
