import { afterAll, beforeAll, expect, test } from 'vitest'
import { clientId, directoryId } from '../../src/emulator/directory.ts'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'

let emulator: Emulator
beforeAll(async () => {
  emulator = await startEmulator()
})
afterAll(() => emulator.close())

const metadata = (tenant: string) => fetch(`${emulator.origin}/${tenant}/v2.0/.well-known/openid-configuration`)

test('discoveryDocument has the members of a v2.0 document of one directory, and no others', async () => {
  const document = (await (await metadata(directoryId)).json()) as Record<string, unknown>
  const base = `${emulator.origin}/${directoryId}`
  expect(document).toStrictEqual({
    issuer: `${base}/v2.0`,
    authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
    token_endpoint: `${base}/oauth2/v2.0/token`,
    end_session_endpoint: `${base}/oauth2/v2.0/logout`,
    device_authorization_endpoint: `${base}/oauth2/v2.0/devicecode`,
    jwks_uri: `${base}/discovery/v2.0/keys`,
    kerberos_endpoint: `${base}/kerberos`,
    userinfo_endpoint: expect.any(String),
    rbac_url: expect.any(String),
    msgraph_host: new URL(emulator.origin).host,
    cloud_graph_host_name: 'graph.windows.net',
    cloud_instance_name: 'microsoftonline.com',
    tenant_region_scope: 'EU',
    token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
    response_modes_supported: ['query', 'fragment', 'form_post'],
    response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    claims_supported: expect.arrayContaining(['sub', 'tid', 'preferred_username', 'email', 'c_hash']),
    request_uri_parameter_supported: false,
    http_logout_supported: true,
    frontchannel_logout_supported: true,
  })
  for (const absent of ['code_challenge_methods_supported', 'revocation_endpoint', 'grant_types_supported']) {
    expect(document).not.toHaveProperty(absent)
  }
})

test('discoveryDocument names no host but the emulator, so that nothing leaves the machine', async () => {
  const text = await (await metadata(directoryId)).text()
  expect([...text.matchAll(/https?:\/\/[^/"]+/g)].map(([found]) => found)).toSatisfy((found: string[]) =>
    found.every((origin) => origin === emulator.origin),
  )
})

test('discoveryDocument is sent with the headers of Entra', async () => {
  const { status, headers } = await metadata(directoryId)
  expect(status).toBe(200)
  expect(headers.get('cache-control')).toBe('max-age=86400, private')
  expect(headers.get('access-control-allow-origin')).toBe('*')
  expect(headers.get('x-ms-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  expect(headers.get('x-powered-by')).toBeNull()
})

test('discoveryDocument asked by the verified domain speaks of the directory by its id', async () => {
  const document = (await (await metadata('Contoso.example')).json()) as Record<string, unknown>
  expect(document.issuer).toBe(`${emulator.origin}/${directoryId}/v2.0`)
})

for (const [keyword, issuer] of [
  ['common', '{tenantid}'],
  ['organizations', '{tenantid}'],
  ['consumers', '9188040d-6c67-4c5b-b112-36a304b66dad'],
] as const) {
  test(`discoveryDocument of ${keyword} has endpoints under the keyword and the issuer of ${issuer}`, async () => {
    const document = (await (await metadata(keyword)).json()) as Record<string, unknown>
    const own = (await (await metadata(directoryId)).json()) as Record<string, unknown>
    expect(Object.keys(document)).toEqual(Object.keys(own))
    expect(document).toMatchObject({
      issuer: `${emulator.origin}/${issuer}/v2.0`,
      token_endpoint: `${emulator.origin}/${keyword}/oauth2/v2.0/token`,
      jwks_uri: `${emulator.origin}/${keyword}/discovery/v2.0/keys`,
      tenant_region_scope: null,
    })
  })
}

test('discoveryDocument leads to the key set of the application where it is asked for it', async () => {
  const url = `${emulator.origin}/common/v2.0/.well-known/openid-configuration?appid=${clientId}`
  const document = (await (await fetch(url)).json()) as Record<string, unknown>
  expect(document.jwks_uri).toBe(`${emulator.origin}/common/discovery/v2.0/keys?appid=${clientId}`)
})

for (const tenant of ['11111111-2222-4333-8444-555555555555', 'nowhere.example']) {
  test(`authorityOf refuses ${tenant} with 90002, as JSON and with status 400`, async () => {
    const response = await metadata(tenant)
    expect(response.status).toBe(400)
    const body = (await response.json()) as Record<string, unknown>
    expect(body).toMatchObject({
      error: 'invalid_tenant',
      error_codes: [90002],
      error_description: expect.stringContaining(tenant),
    })
    expect(response.headers.get('x-ms-request-id')).toBe(body.trace_id)
  })
}
