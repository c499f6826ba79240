/** Tokens and assertions that callers bring themselves: there is no way in with one, whoever has signed it. */
import { generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, expect } from 'vitest'
import { askToken, callback, createBrowser, redeem, signIn as signInAt } from '../emulator/client.ts'
import { bytesOf, handshake, speak } from '../http/wire.ts'
import { type Stage, startStage } from '../stage.ts'
import { createVisitor, navigation, signIn } from '../visitor.ts'
import { attack } from './attack.ts'

const uwe = 'uwe@contoso.example'
let stage: Stage
/** Good tokens of the provider itself, by what they are for. */
const tokens = new Map<string, string>()

beforeAll(async () => {
  stage = await startStage({
    application: { loopLimit: null, applicationPermissions: ['User.Read.All'], redirectUris: [callback] },
    session: 'store: { type: memory }\nrevalidate: 10m',
    routes: `- { path: /public, access: public }
- { path: /optional, access: optional }
- { path: /api, access: signed-in, onUnauthenticated: 401 }
- { path: /admin, access: [admin] }
- { path: /, access: signed-in }`,
  })
  const app = await askToken(stage.emulator.origin, {
    grant_type: 'client_credentials',
    scope: 'https://graph.microsoft.com/.default',
  })
  tokens.set('an application’s own, for Graph', String(app.body.access_token))
  // As the provider gives them to whoever runs the application: rightly signed, and for this very client.
  const browser = createBrowser()
  const code = await signInAt(browser, stage.emulator.origin, uwe)
  const given = (await redeem(stage.emulator.origin, code)).body
  for (const name of ['id_token', 'access_token', 'refresh_token']) tokens.set(`a true ${name}`, String(given[name]))
  const { privateKey } = await generateKeyPair('RS256')
  const now = Math.floor(Date.now() / 1_000)
  const person = { oid: '3c6e0a94-8d1b-4b57-9f20-5e7a1c4d8b36', tid: '0b5a9e1c-7f3d-4c62-9d84-2a6f1e8b7c30' }
  const own = '6d1f0c52-3b7e-4a98-8c15-f0e2d4b6a791'
  const make = (claims: object) =>
    new SignJWT({ iat: now, exp: now + 3_000, ...person, ...claims })
      .setProtectedHeader({ alg: 'RS256', kid: 'x', typ: 'JWT' })
      .sign(privateKey)
  const v2 = `${stage.emulator.origin}/${person.tid}/v2.0`
  for (const [what, claims] of [
    ['of version 1', { iss: `https://sts.windows.net/${person.tid}/`, ver: '1.0', aud: `api://${own}`, scp: 'access' }],
    [
      'of another cloud',
      { iss: `https://login.partner.microsoftonline.cn/${person.tid}/v2.0`, aud: own, scp: 'access' },
    ],
    ['for Graph', { iss: v2, aud: '00000003-0000-0000-c000-000000000000', scp: 'User.Read' }],
    ['for another application', { iss: v2, aud: '11111111-0000-4000-8000-000000000001', scp: 'access' }],
    ['for this application', { iss: v2, aud: own, scp: 'access', roles: ['Payroll.Admin'] }],
    ['an ID token', { iss: v2, aud: own, nonce: 'x', preferred_username: uwe }],
    ['of an application for a person', { iss: v2, aud: own, roles: ['Payroll.Admin'], idtyp: 'app' }],
    ['of a person for an application', { iss: v2, aud: own, scp: 'access', roles: [] }],
  ] as const) {
    tokens.set(what, await make(claims))
  }
})
afterAll(() => stage.close())

const guarded = ['/x', '/api/x', '/admin/x', '/.auth/me', '/.auth/session', '/.auth/explain']

/** Sends it in every place that a gateway of this kind might look for one. */
function placesOf(token: string): readonly Readonly<Record<string, string>>[] {
  return [
    ...['Bearer', 'bearer', 'BEARER', 'DPoP', 'Token', 'JWT', 'PoP', 'MSAuth1.0'].map((scheme) => ({
      authorization: `${scheme} ${token}`,
    })),
    { authorization: token },
    { 'proxy-authorization': `Bearer ${token}` },
    { 'x-forwarded-access-token': token },
    { 'x-forwarded-id-token': token },
    { 'x-auth-request-access-token': token },
    { 'x-ms-token-aad-id-token': token },
    { 'x-ms-client-principal': token },
    { 'x-zumo-auth': token },
    { cookie: `AppServiceAuthSession=${token}; __Host-token=${token}; id_token=${token}` },
  ]
}

async function expectNobody(token: string, what: string): Promise<void> {
  const caller = createVisitor()
  const before = stage.upstream.seen.length
  for (const headers of placesOf(token)) {
    for (const path of guarded) {
      const reply = await caller.ask(stage.origin + path, { headers })
      expect([what, path, reply.status]).toEqual([what, path, 401])
      expect(reply.headers['set-cookie']).toBeUndefined()
    }
    const page = await caller.ask(`${stage.origin}/x`, { headers: { ...navigation, ...headers } })
    expect([what, page.status]).toEqual([what, 302])
    expect(page.location).not.toContain(token)
  }
  for (const path of guarded.slice(0, 3)) {
    for (const name of ['access_token', 'id_token', 'token', 'assertion', 'client_assertion', 'code']) {
      expect((await caller.ask(`${stage.origin}${path}?${name}=${token}`)).status, name).toBe(401)
    }
    const lines = [...handshake(stage.origin), `Authorization: Bearer ${token}`]
    expect((await speak(stage.origin, bytesOf(stage.origin, `GET ${path}`, lines)))?.status).toBe(401)
  }
  expect(stage.upstream.seen.length).toBe(before)
  caller.close()
}

attack(
  ['T114', 'T115', 'T61', 'T83'],
  'is nobody: a token of version 1, another cloud, Graph, another audience, an application or a person, wherever it stands',
  async () => {
    expect(tokens.size).toBeGreaterThan(8)
    for (const [what, token] of tokens) await expectNobody(token, what)
  },
)

attack(
  ['T114', 'T115'],
  'speaks for nobody where nobody need sign in, and adds nothing to who is signed in',
  async () => {
    const visitor = createVisitor()
    await signIn(visitor, `${stage.origin}/x`, uwe)
    const caller = createVisitor()
    for (const [what, token] of tokens) {
      const headers = { authorization: `Bearer ${token}` }
      for (const path of ['/public/x', '/optional/x']) {
        expect((await caller.ask(stage.origin + path, { headers })).status, what).toBe(200)
        const seen = stage.upstream.seen.at(-1)
        const told = Object.keys(seen?.headers ?? {}).filter((name) =>
          /^x-forwarded-(?:user|email|roles|groups|pref|name)/.test(name),
        )
        expect([what, path, told]).toEqual([what, path, []])
      }
      expect((await visitor.ask(`${stage.origin}/admin/x`, { headers })).status, what).toBe(403)
      expect((await visitor.ask(`${stage.origin}/x`, { headers })).status).toBe(200)
      expect(stage.upstream.seen.at(-1)?.headers['x-forwarded-roles']).toBe('user')
    }
    caller.close()
    visitor.close()
  },
)

attack('T65', 'is neither given out nor taken: no assertion of anybody’s, with or without an audience', async () => {
  const visitor = createVisitor()
  const caller = createVisitor()
  await signIn(visitor, `${stage.origin}/x`, uwe)
  // There are no keys to verify one with, at any address where they might be looked for.
  for (const path of ['jwks', 'keys', 'jwks.json', '.well-known/jwks.json', 'certs', 'token']) {
    for (const who of [visitor, caller]) {
      const reply = await who.ask(`${stage.origin}/.auth/${path}`)
      expect([path, reply.status]).toEqual([path, 404])
    }
  }
  const [token = ''] = tokens.values()
  const assertions = [
    ...['x-amzn-oidc-data', 'x-amzn-oidc-identity', 'x-amzn-oidc-accesstoken', 'x-goog-iap-jwt-assertion'],
    ...['cf-access-jwt-assertion', 'x-pomerium-jwt-assertion', 'x-ms-client-principal', 'x-sallyport-assertion'],
    ...['x-forwarded-access-token', 'x-authentik-jwt', 'x-ms-token-aad-access-token'],
  ]
  for (const name of assertions) {
    const headers = { [name]: token }
    expect((await caller.ask(`${stage.origin}/x`, { headers })).status, name).toBe(401)
    for (const [who, path] of [
      [caller, '/public/x'],
      [visitor, '/x'],
    ] as const) {
      expect((await who.ask(stage.origin + path, { headers })).status, name).toBe(200)
      const seen = stage.upstream.seen.at(-1)
      expect(JSON.stringify(seen?.rawHeaders), name).not.toContain(token)
      // Nor is one of ours sent where none is configured.
      expect(JSON.stringify(seen?.rawHeaders), name).not.toMatch(/eyJ[\w-]+\.[\w-]+\.[\w-]+/)
    }
  }
  caller.close()
  visitor.close()
})
