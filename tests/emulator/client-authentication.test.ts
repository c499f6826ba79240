import { createHash, createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, SignJWT } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { clientId, clientSecret, directoryId } from '../../src/emulator/directory.ts'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { createSelfSigned } from '../certificates.ts'
import { askToken, createBrowser, redeem, signIn, type TokenAnswer } from './client.ts'

const rsa = ['-newkey', 'rsa:2048', '-nodes']
const pair = createSelfSigned('DNS:gate.example', rsa)
const { raw } = new X509Certificate(pair.cert)
const key = createPrivateKey(pair.key)
const strangerKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
const thumbprint = (hash: string) => createHash(hash).update(raw).digest('base64url')
const jwtBearer = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

// The certificate is good around the time of the machine, so the directory has that time too.
let clock = Date.now() / 1000
let emulator: Emulator
beforeAll(async () => {
  emulator = await startEmulator({ now: () => clock })
})
afterEach(() => {
  clock = Date.now() / 1000
  emulator.control.changeApplication({
    ...{ certificates: [], federatedCredentials: [], clientSecrets: [clientSecret], platform: 'web' },
  })
})
afterAll(() => emulator.close())

const tokenUrl = (authority = directoryId) => `${emulator.origin}/${authority}/oauth2/v2.0/token`
const codes = ({ body }: TokenAnswer) => body.error_codes

/** Asks with an assertion in the place of the secret; a wrong refresh token (70000) shows that the client was let in. */
function present(assertion: string | undefined, changes: Record<string, string | undefined> = {}) {
  return askToken(emulator.origin, {
    ...{ grant_type: 'refresh_token', refresh_token: 'x', client_secret: undefined },
    ...{ client_assertion: assertion, client_assertion_type: jwtBearer, ...changes },
  })
}

interface Wrong {
  readonly header?: Readonly<Record<string, unknown>>
  readonly claims?: Readonly<Record<string, unknown>>
  readonly key?: typeof key
}

function assertion({ header = {}, claims = {}, key: signer = key }: Wrong = {}): Promise<string> {
  const from = Math.floor(clock)
  const said = { iss: clientId, sub: clientId, aud: tokenUrl(), jti: 'once', nbf: from, iat: from, exp: from + 600 }
  return new SignJWT({ ...said, ...claims })
    .setProtectedHeader({ alg: 'PS256', typ: 'JWT', 'x5t#S256': thumbprint('sha256'), ...header })
    .sign(signer)
}

describe('judgeClientAssertion', () => {
  const register = () => emulator.control.changeApplication({ certificates: [pair.cert], clientSecrets: [] })

  test('lets a registered certificate in, for a code and for a refresh', async () => {
    register()
    const code = await signIn(createBrowser(), emulator.origin, 'ada@contoso.example')
    const proof = async () => ({
      ...{ client_secret: undefined, client_assertion: await assertion(), client_assertion_type: jwtBearer },
    })
    const { status, body } = await redeem(emulator.origin, code, await proof())
    expect(status).toBe(200)
    expect((await present(await assertion(), { refresh_token: String(body.refresh_token) })).status).toBe(200)
  })

  test('takes RS256 with the older thumbprint too, and a keyword’s own endpoint as audience', async () => {
    register()
    const header = { alg: 'RS256', 'x5t#S256': undefined, x5t: thumbprint('sha1') }
    expect(codes(await present(await assertion({ header })))).toEqual([70000])
    emulator.control.changeApplication({ audience: 'common' })
    const claims = { aud: tokenUrl('common') }
    const asked = await present(await assertion({ claims }), { authority: 'common' })
    emulator.control.changeApplication({ audience: 'contoso' })
    expect(codes(asked)).toEqual([70000])
  })

  for (const [name, wrong, code] of [
    ['signed by another key', { key: strangerKey }, 700027],
    ['with a thumbprint of no registered certificate', { header: { 'x5t#S256': 'x' } }, 700027],
    ['without a thumbprint', { header: { 'x5t#S256': undefined } }, 700027],
    ['that mixes RS256 with the newer thumbprint', { header: { alg: 'RS256' } }, 700027],
    ['of another issuer', { claims: { iss: 'https://elsewhere.example' } }, 700021],
    ['about another subject', { claims: { sub: 'somebody' } }, 700021],
    ['for another endpoint', { claims: { aud: 'https://elsewhere.example/token' } }, 700023],
    ['for the issuer instead of the endpoint', { claims: { aud: 'v2.0' } }, 700023],
    ['with several audiences', { claims: { aud: ['a', 'b'] } }, 50027],
    ['that never expires', { claims: { exp: undefined } }, 50027],
    ['that has expired', { claims: { nbf: 1, iat: 1, exp: 600 } }, 700024],
    ['of the future', { claims: { nbf: 4_000_000_000, iat: 4_000_000_000, exp: 4_000_000_600 } }, 700024],
    ['that is good for an hour', { claims: { exp: Math.floor(clock) + 3600 } }, 700024],
  ] as const) {
    test(`refuses an assertion ${name} with ${code}`, async () => {
      register()
      expect(await present(await assertion(wrong))).toMatchObject({
        status: 401,
        body: { error: 'invalid_client', error_codes: [code] },
      })
    })
  }

  test('refuses a certificate that is not registered, or has run out', async () => {
    expect(codes(await present(await assertion()))).toEqual([700027])
    register()
    clock += 3 * 86_400
    expect(codes(await present(await assertion()))).toEqual([700027])
  })
})

test('authenticateClient refuses what is no JWT (50027), no type (900144) and another type (90023)', async () => {
  expect(codes(await present('one.two'))).toEqual([50027])
  expect(codes(await present('e30.W10.x'))).toEqual([50027])
  expect(codes(await present('x', { client_assertion_type: undefined }))).toEqual([900144])
  expect(codes(await present('x', { client_assertion_type: 'saml' }))).toEqual([90023])
})

test('authenticateClient knows several secrets, and which have expired (7000222)', async () => {
  const clientSecrets = [
    { value: 'old', expiresAt: clock - 1 },
    { value: 'fresh', expiresAt: clock + 60 },
  ]
  emulator.control.changeApplication({ clientSecrets })
  const ask = async (client_secret: string) => codes(await present(undefined, { client_secret }))
  expect([await ask('fresh'), await ask('old'), await ask('wrong')]).toEqual([[70000], [7000222], [7000215]])
  clock += 61
  expect(await ask('fresh')).toEqual([7000222])
  expect(codes(await present(undefined))).toEqual([7000218])
})

test('authenticateClient wants no credential of a public client (700025), and lets it in without', async () => {
  emulator.control.changeApplication({ platform: 'public' })
  expect(codes(await present(undefined, { client_secret: clientSecret }))).toEqual([700025])
  expect(codes(await present('x'))).toEqual([700025])
  expect(codes(await present(undefined))).toEqual([70000])
})

describe('judgeFederatedToken', () => {
  const subject = 'system:serviceaccount:gate:sallyport'
  const audience = 'api://AzureADTokenExchange'
  const issuer = 'https://cluster.example/'
  const keys = async () => ({ keys: [{ ...(await exportJWK(new X509Certificate(pair.cert).publicKey)), kid: 'k' }] })
  const token = ({ header = {}, claims = {}, key: signer = key }: Wrong = {}) =>
    new SignJWT({ iss: issuer, sub: subject, aud: [audience], exp: Math.floor(clock) + 3600, ...claims })
      .setProtectedHeader({ alg: 'RS256', kid: 'k', ...header })
      .sign(signer)
  const trust = async () =>
    emulator.control.changeApplication({ federatedCredentials: [{ issuer, subject, keys: await keys() }] })

  test('lets in whom the registration trusts, with no secret at all', async () => {
    await trust()
    expect(codes(await present(await token()))).toEqual([70000])
  })

  for (const [name, wrong, code] of [
    ['of another issuer', { claims: { iss: 'https://cluster.example' } }, 700211],
    ['of an issuer in other letters', { claims: { iss: 'https://Cluster.example/' } }, 700211],
    ['of another service account', { claims: { sub: `${subject}2` } }, 700213],
    ['for another audience', { claims: { aud: ['sts.amazonaws.com'] } }, 700212],
    ['that has expired', { claims: { exp: 600 } }, 700024],
    ['signed by another key', { key: strangerKey }, 700027],
    ['signed in another way', { header: { alg: 'PS256' } }, 700027],
  ] as const) {
    test(`refuses a token ${name} with ${code}`, async () => {
      await trust()
      expect(await present(await token(wrong))).toMatchObject({ status: 401, body: { error_codes: [code] } })
    })
  }

  test('asks the issuer for its keys where the registration has none, and says when they are not to be had (50166)', async () => {
    const published = await keys()
    const server = createServer((request, response) => {
      const isMetadata = request.url === '/.well-known/openid-configuration'
      response.end(JSON.stringify(isMetadata ? { jwks_uri: `${own}/keys` } : published))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const own = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    emulator.control.changeApplication({ federatedCredentials: [{ issuer: own, subject, audience: 'api://x' }] })
    const claims = { iss: own, aud: 'api://x' }
    expect(codes(await present(await token({ claims })))).toEqual([70000])
    server.close()
    server.closeAllConnections()
    expect(codes(await present(await token({ claims })))).toEqual([50166])
  })
})

test('checked refuses a certificate that is none, and a federated credential without its subject', async () => {
  const change = emulator.control.changeApplication
  expect(() => change({ certificates: ['no certificate'] })).toThrow('PEM')
  expect(() => change({ federatedCredentials: [{ issuer: 'https://x.example', subject: '' }] })).toThrow('subject')
  await expect(startEmulator({ application: { certificates: [''] } })).rejects.toThrow('PEM')
})
