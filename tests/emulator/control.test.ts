import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { administratorRole, clientId, clientSecret, directoryId } from '../../src/emulator/directory.ts'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { personas } from '../../src/emulator/people.ts'
import { authorizeUrl, createBrowser, payloadOf, redeem, refresh, signIn } from './client.ts'

const ada = 'ada@contoso.example'
let emulator: Emulator
beforeAll(async () => {
  emulator = await startEmulator()
})
afterEach(() => emulator.control.recover())
afterAll(() => emulator.close())

const keysUrl = () => `${emulator.origin}/${directoryId}/discovery/v2.0/keys`
const metadataUrl = () => `${emulator.origin}/${directoryId}/v2.0/.well-known/openid-configuration`
const tokens = async () => (await redeem(emulator.origin, await signIn(createBrowser(), emulator.origin, ada))).body
const headerOf = (token: unknown) => JSON.parse(Buffer.from(String(token).split('.')[0] ?? '', 'base64url').toString())
async function verify(token: unknown) {
  const keys = createLocalJWKSet((await (await fetch(keysUrl())).json()) as JSONWebKeySet)
  return jwtVerify(String(token), keys, { algorithms: ['RS256'] })
}

test('fail answers with the status as often as said, and then works again', async () => {
  emulator.control.fail('discovery', { kind: 'status', status: 503, headers: { 'Retry-After': '7' } }, 2)
  const first = await fetch(metadataUrl())
  expect([first.status, first.headers.get('retry-after')]).toEqual([503, '7'])
  expect((await fetch(keysUrl())).status).toBe(200)
  expect((await fetch(metadataUrl())).status).toBe(503)
  expect((await fetch(metadataUrl())).status).toBe(200)
})

test('fail answers with an AADSTS code, its suberror and a claims challenge', async () => {
  const { refresh_token } = await tokens()
  emulator.control.fail('token', { kind: 'aadsts', code: 50173 })
  expect(await refresh(emulator.origin, refresh_token)).toMatchObject({
    status: 400,
    body: { error: 'invalid_grant', suberror: 'bad_token', error_codes: [50173] },
  })
  const claims = '{"access_token":{"capolids":{"essential":true,"values":["x"]}}}'
  emulator.control.fail('token', {
    kind: 'aadsts',
    code: 50076,
    error: 'interaction_required',
    suberror: 'basic_action',
    claims,
  })
  expect((await refresh(emulator.origin, refresh_token)).body).toMatchObject({
    ...{ error: 'interaction_required', suberror: 'basic_action', claims },
  })
  emulator.control.fail('token', { kind: 'aadsts', code: 7000215 })
  expect((await refresh(emulator.origin, refresh_token)).status).toBe(401)
  emulator.control.fail('token', { kind: 'aadsts', code: 90055, status: 429 })
  expect((await refresh(emulator.origin, refresh_token)).status).toBe(429)
})

test('fail sends garbage', async () => {
  emulator.control.fail('keys', { kind: 'garbage' })
  const response = await fetch(keysUrl())
  expect(response.status).toBe(200)
  await expect(response.json()).rejects.toThrow(SyntaxError)
})

test('fail closes the connection without an answer', async () => {
  emulator.control.fail('keys', { kind: 'close' })
  await expect(fetch(keysUrl())).rejects.toThrow('fetch failed')
})

test('fail never answers, until the caller loses patience or the emulator is closed', async () => {
  emulator.control.fail('keys', { kind: 'hang' })
  await expect(fetch(keysUrl(), { signal: AbortSignal.timeout(100) })).rejects.toThrow('timeout')
  const own = await startEmulator()
  own.control.fail('keys', { kind: 'hang' })
  const hanging = fetch(`${own.origin}/${directoryId}/discovery/v2.0/keys`)
  await expect.poll(() => own.control.requests('keys')).toBe(1)
  await Promise.all([expect(hanging).rejects.toThrow('fetch failed'), own.close()])
})

test('fail answers late', async () => {
  emulator.control.fail('keys', { kind: 'delay', milliseconds: 150 })
  const start = performance.now()
  expect((await fetch(keysUrl())).status).toBe(200)
  expect(performance.now() - start).toBeGreaterThan(140)
})

test('requests counts what came to each endpoint, failures too', async () => {
  const own = await startEmulator()
  own.control.fail('token', { kind: 'status', status: 500 }, Number.POSITIVE_INFINITY)
  const code = await signIn(createBrowser(), own.origin, ada)
  await redeem(own.origin, code).catch(() => null)
  const counted = (['discovery', 'keys', 'authorize', 'token', 'logout'] as const).map(own.control.requests)
  expect(counted).toEqual([0, 0, 1, 1, 0])
  own.control.recover()
  expect((await redeem(own.origin, code)).status).toBe(200)
  await own.close()
})

test('changePerson is seen at the next refresh', async () => {
  const { refresh_token } = await tokens()
  emulator.control.changePerson(ada, { groups: [], appRoles: [administratorRole] })
  const claims = payloadOf((await refresh(emulator.origin, refresh_token)).body.id_token)
  expect(claims).not.toHaveProperty('groups')
  expect(claims.roles).toEqual(['Payroll.Admin'])
  emulator.control.changePerson(ada, { enabled: false })
  expect((await refresh(emulator.origin, refresh_token)).body).toMatchObject({
    error: 'invalid_grant',
    error_codes: [50057],
  })
  emulator.control.changePerson(ada, { enabled: true, refusedWith: 53003 })
  expect((await refresh(emulator.origin, refresh_token)).body).toMatchObject({
    error_codes: [53003],
    suberror: 'message_only',
  })
  emulator.control.changePerson(ada, { refusedWith: null })
  expect(() => emulator.control.changePerson('nobody', {})).toThrow('nobody')
})

test('revoke refuses the refresh tokens that the person has, not those of a later sign-in', async () => {
  const { refresh_token } = await tokens()
  emulator.control.revoke(ada)
  expect((await refresh(emulator.origin, refresh_token)).body).toMatchObject({
    error_codes: [50173],
    suberror: 'bad_token',
  })
  expect((await refresh(emulator.origin, (await tokens()).refresh_token)).status).toBe(200)
})

test('revoke refuses them with any other code, or what stands before Entra answers, until they are made good', async () => {
  const { refresh_token } = await tokens()
  emulator.control.revoke(ada, 50_076)
  expect((await refresh(emulator.origin, refresh_token)).body).toMatchObject({
    ...{ error_codes: [50_076], claims: expect.stringContaining('capolids') },
  })
  for (const status of [429, 500, 503]) {
    emulator.control.revoke(ada, status)
    const form = { grant_type: 'refresh_token', refresh_token: String(refresh_token) }
    const answer = await fetch(`${emulator.origin}/${directoryId}/oauth2/v2.0/token`, {
      ...{ method: 'POST', body: new URLSearchParams({ client_id: clientId, client_secret: clientSecret, ...form }) },
    })
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([status, '1'])
    expect(await answer.text()).toContain('<!DOCTYPE html>')
  }
  emulator.control.revoke(ada, null)
  expect((await refresh(emulator.origin, refresh_token)).status).toBe(200)
})

test('changePerson finds people by object id too, since one account may have objects in several directories', async () => {
  const own = await startEmulator({ people: personas })
  const id = await objectIdOf(own, 'organizations')
  own.control.changePerson(id, { mail: 'elsewhere@fabrikam.example' })
  expect(await mailOf(own, 'organizations')).toBe('elsewhere@fabrikam.example')
  expect(await mailOf(own, directoryId)).toBe('zoe@fabrikam.example')
  own.control.removePerson(id)
  await expect(mailOf(own, 'organizations')).rejects.toThrow('no tile')
  await own.close()
})

async function claimsAt(own: Emulator, authority: string): Promise<Record<string, unknown>> {
  own.control.changeApplication({ audience: 'common' })
  const code = await signIn(createBrowser(), own.origin, 'zoë@fabrikam.example', { authority })
  return payloadOf((await redeem(own.origin, code, { authority })).body.id_token)
}
const objectIdOf = async (own: Emulator, authority: string) => String((await claimsAt(own, authority)).oid)
const mailOf = async (own: Emulator, authority: string) => (await claimsAt(own, authority)).email

test('removePerson fails the next refresh with 50034', async () => {
  emulator.control.addPerson({ username: 'gone@contoso.example', name: 'Gone' })
  const code = await signIn(createBrowser(), emulator.origin, 'gone@contoso.example')
  const { body } = await redeem(emulator.origin, code)
  emulator.control.removePerson('gone@contoso.example')
  expect((await refresh(emulator.origin, body.refresh_token)).body.error_codes).toEqual([50034])
  expect(() => emulator.control.removePerson('gone@contoso.example')).toThrow('nobody')
})

test('signOutEverybody ends single sign-on but leaves refresh tokens', async () => {
  const browser = createBrowser()
  const { body } = await redeem(emulator.origin, await signIn(browser, emulator.origin, ada))
  emulator.control.signOutEverybody()
  expect((await browser.get(authorizeUrl(emulator.origin))).status).toBe(200)
  expect((await refresh(emulator.origin, body.refresh_token)).status).toBe(200)
})

test('keys rotates the signing key of the directory', async () => {
  const own = await startEmulator()
  const kidNow = async () => {
    const { body } = await redeem(own.origin, await signIn(createBrowser(), own.origin, ada))
    return headerOf(body.id_token).kid
  }
  const first = await kidNow()
  const second = await own.control.keys.publishNew()
  expect(await kidNow()).toBe(first)
  own.control.keys.switchToNewest()
  expect(await kidNow()).toBe(second)
  own.control.keys.retireOthers()
  const published = await (await fetch(`${own.origin}/${directoryId}/discovery/v2.0/keys`)).text()
  expect([published.includes(first), published.includes(second)]).toEqual([false, true])
  await own.close()
})

test('forgeNextIdToken changes and takes out claims of the next ID token only, rightly signed', async () => {
  emulator.control.forgeNextIdToken({ set: { tid: 'x', extra: [1] }, remove: ['nonce'] })
  const { id_token } = await tokens()
  const { payload } = await verify(id_token)
  expect(payload).toMatchObject({ tid: 'x', extra: [1], name: 'Ada Lovelace' })
  expect(payload).not.toHaveProperty('nonce')
  expect(payloadOf((await tokens()).id_token)).toMatchObject({ tid: directoryId, nonce: 'the nonce' })
})

for (const signedBy of ['unpublished-key', 'other-bytes'] as const) {
  test(`forgeNextIdToken signs by ${signedBy} under the key id that is published`, async () => {
    emulator.control.forgeNextIdToken({ signedBy })
    await expect(verify((await tokens()).id_token)).rejects.toMatchObject({
      code: 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
    })
  })
}

test('forgeNextIdToken names a key that nobody knows, or none', async () => {
  emulator.control.forgeNextIdToken({ kid: 'unknown' })
  await expect(verify((await tokens()).id_token)).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' })
  emulator.control.forgeNextIdToken({ kid: null })
  expect(headerOf((await tokens()).id_token)).toEqual({ typ: 'JWT', alg: 'RS256' })
})

test('forgeNextIdToken signs with the key of personal accounts: a good signature of the wrong issuer', async () => {
  emulator.control.forgeNextIdToken({ signedBy: 'consumers-key' })
  const { protectedHeader } = await verify((await tokens()).id_token)
  const { keys } = (await (await fetch(keysUrl())).json()) as { keys: { kid: string; issuer: string }[] }
  expect(keys.find((key) => key.kid === protectedHeader.kid)?.issuer).toContain('9188040d-6c67-4c5b-b112-36a304b66dad')
})

test('forgeNextIdToken leaves the signature out, or makes it with the client secret', async () => {
  emulator.control.forgeNextIdToken({ signedBy: 'nobody' })
  const unsigned = String((await tokens()).id_token)
  expect([headerOf(unsigned).alg, unsigned.endsWith('.')]).toEqual(['none', true])
  emulator.control.forgeNextIdToken({ signedBy: 'client-secret' })
  const { payload, protectedHeader } = await jwtVerify(
    String((await tokens()).id_token),
    new TextEncoder().encode(clientSecret),
  )
  expect([protectedHeader.alg, payload.name]).toEqual(['HS256', 'Ada Lovelace'])
})
