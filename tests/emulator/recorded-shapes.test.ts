/** The documents beside those that login.microsoftonline.com published in October 2024: their shape, in our own words. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'

let emulator: Emulator
beforeAll(async () => {
  emulator = await startEmulator()
})
afterAll(() => emulator.close())

const read = async (path: string) =>
  (await (await fetch(`${emulator.origin}${path}`)).json()) as Record<string, unknown>

/** Values are those of the recording, except where an address has to be another one. */
const recorded = {
  token_endpoint: /\/oauth2\/v2\.0\/token$/,
  token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
  jwks_uri: /\/discovery\/v2\.0\/keys$/,
  response_modes_supported: ['query', 'fragment', 'form_post'],
  subject_types_supported: ['pairwise'],
  id_token_signing_alg_values_supported: ['RS256'],
  response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
  scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
  issuer: /\/\{tenantid\}\/v2\.0$/,
  request_uri_parameter_supported: false,
  userinfo_endpoint: /\/oidc\/userinfo$/,
  authorization_endpoint: /\/oauth2\/v2\.0\/authorize$/,
  device_authorization_endpoint: /\/oauth2\/v2\.0\/devicecode$/,
  http_logout_supported: true,
  frontchannel_logout_supported: true,
  end_session_endpoint: /\/oauth2\/v2\.0\/logout$/,
  claims_supported: [
    ...[
      'sub',
      'iss',
      'cloud_instance_name',
      'cloud_instance_host_name',
      'cloud_graph_host_name',
      'msgraph_host',
      'aud',
    ],
    ...['exp', 'iat', 'auth_time', 'acr', 'nonce', 'preferred_username', 'name', 'tid', 'ver', 'at_hash', 'c_hash'],
    'email',
  ],
  kerberos_endpoint: /\/kerberos$/,
  tenant_region_scope: null,
  cloud_instance_name: 'microsoftonline.com',
  cloud_graph_host_name: 'graph.windows.net',
  msgraph_host: /^[^/]+$/,
  rbac_url: /^https?:/,
}

for (const keyword of ['common', 'organizations']) {
  test(`discoveryDocument of ${keyword} has the members of the recorded one, in their order, with their values`, async () => {
    const document = await read(`/${keyword}/v2.0/.well-known/openid-configuration`)
    expect(Object.keys(document)).toEqual(Object.keys(recorded))
    for (const [name, value] of Object.entries(recorded)) {
      if (value instanceof RegExp) expect([name, document[name]]).toEqual([name, expect.stringMatching(value)])
      else expect([name, document[name]]).toEqual([name, value])
    }
  })
}

interface Keys {
  readonly keys: readonly Readonly<Record<string, unknown>>[]
}

test('createKeyRing publishes keys of the recorded shape: no alg, kid and x5t alike, one certificate, an issuer each', async () => {
  const personal = /\/9188040d-6c67-4c5b-b112-36a304b66dad\/v2\.0$/
  const template = /\/\{tenantid\}\/v2\.0$/
  for (const [keyword, kinds] of [
    ['common', [template, personal]],
    ['organizations', [template]],
  ] as const) {
    const { keys } = (await read(`/${keyword}/discovery/v2.0/keys`)) as unknown as Keys
    for (const key of keys) {
      expect(Object.keys(key)).toEqual(['kty', 'use', 'kid', 'x5t', 'n', 'e', 'x5c', 'issuer'])
      expect(key).toMatchObject({ kty: 'RSA', use: 'sig', e: 'AQAB', x5t: key.kid, x5c: [expect.any(String)] })
      expect([String(key.kid).length, String(key.n).length]).toEqual([27, 342])
      expect(kinds.some((kind) => kind.test(String(key.issuer)))).toBe(true)
    }
    expect(keys.length).toBeGreaterThan(1)
    for (const kind of kinds) expect(keys.some((key) => kind.test(String(key.issuer)))).toBe(true)
  }
})
