import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { directoryId } from '../../src/emulator/directory.ts'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { managedIdentity } from '../../src/emulator/managed-identity.ts'

const resource = 'api://AzureADTokenExchange'
let emulator: Emulator
beforeAll(async () => {
  emulator = await startEmulator()
})
afterAll(() => emulator.close())

async function ask(query: Record<string, string>, headers: Record<string, string> = { metadata: 'true' }) {
  const url = `${emulator.origin}/metadata/identity/oauth2/token?${new URLSearchParams(query)}`
  const answer = await fetch(url, { headers })
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
}

for (const [place, headers] of [
  ['a virtual machine', { metadata: 'true' }],
  ['an App Service', { 'x-identity-header': 'proof' }],
] as const) {
  test(`createManagedIdentity gives ${place} a token that its directory has signed`, async () => {
    const { status, body } = await ask({ resource, client_id: managedIdentity.clientId }, headers)
    expect([status, body.token_type, body.expires_in, body.resource]).toEqual([200, 'Bearer', '86400', resource])
    const keys = await (await fetch(`${emulator.origin}/${directoryId}/discovery/v2.0/keys`)).json()
    const { payload } = await jwtVerify(String(body.access_token), createLocalJWKSet(keys as JSONWebKeySet), {
      ...{ issuer: `${emulator.origin}/${directoryId}/v2.0`, audience: resource },
    })
    expect(payload).toMatchObject({ sub: managedIdentity.principalId, exp: Number(body.expires_on) })
  })
}

for (const [name, query, headers] of [
  ['whoever sends no header, as a browser does', { resource }, {}],
  ['a request without a resource', {}, { metadata: 'true' }],
  ['another identity', { resource, client_id: 'another' }, { metadata: 'true' }],
] as const) {
  test(`createManagedIdentity refuses ${name}`, async () => {
    expect(await ask(query, headers)).toMatchObject({ status: 400, body: { error: 'invalid_request' } })
  })
}
