import { createHash, createPublicKey, X509Certificate } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { clientId, directoryId } from '../../src/emulator/directory.ts'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { createKeyRing } from '../../src/emulator/keys.ts'
import { authorityOf } from '../../src/emulator/tenancies.ts'
import { createBrowser, redeem, signIn } from './client.ts'

let emulator: Emulator
beforeAll(async () => {
  emulator = await startEmulator()
})
afterAll(() => emulator.close())

type Key = Record<string, unknown> & { kid: string; issuer: string; x5c: string[] }

async function published(tenant = directoryId): Promise<Key[]> {
  const response = await fetch(`${emulator.origin}/${tenant}/discovery/v2.0/keys`)
  return ((await response.json()) as { keys: Key[] }).keys
}

test('createKeyRing publishes RSA keys without alg, each named after its certificate', async () => {
  const keys = await published()
  expect(keys.length).toBeGreaterThanOrEqual(3)
  for (const key of keys) {
    expect(Object.keys(key).sort()).toEqual(['e', 'issuer', 'kid', 'kty', 'n', 'use', 'x5c', 'x5t'])
    expect(key).toMatchObject({ kty: 'RSA', use: 'sig', e: 'AQAB', x5t: key.kid })
    expect(key.x5c).toHaveLength(1)
    const der = Buffer.from(key.x5c[0] ?? '', 'base64')
    expect(createHash('sha1').update(der).digest('base64url')).toBe(key.kid)
  }
})

test('createKeyRing puts the published key inside a certificate that it signed itself', async () => {
  for (const key of await published()) {
    const certificate = new X509Certificate(Buffer.from(key.x5c[0] ?? '', 'base64'))
    const jwk = createPublicKey({ key: { kty: 'RSA', n: String(key.n), e: String(key.e) }, format: 'jwk' })
    expect(certificate.publicKey.equals(jwk)).toBe(true)
    expect(certificate.verify(jwk)).toBe(true)
    expect(certificate.checkIssued(certificate)).toBe(true)
    expect(Date.parse(certificate.validFrom)).toBeLessThan(Date.now())
    expect(Date.parse(certificate.validTo)).toBeGreaterThan(Date.now())
  }
})

test('createKeyRing gives every key an issuer: the template, the directory, or the personal accounts', async () => {
  const issuers = (await published()).map((key) => key.issuer).sort()
  expect(issuers).toEqual(
    [`${directoryId}`, '9188040d-6c67-4c5b-b112-36a304b66dad', '{tenantid}'].map(
      (tenant) => `${emulator.origin}/${tenant}/v2.0`,
    ),
  )
})

test('createKeyRing publishes in no order', async () => {
  const orders = new Set<string>()
  for (let attempt = 0; attempt < 60 && orders.size < 2; attempt += 1) {
    orders.add((await published()).map((key) => key.kid).join())
  }
  expect(orders.size).toBe(2)
})

for (const [tenant, issuers] of [
  ['common', ['9188040d-6c67-4c5b-b112-36a304b66dad', '{tenantid}', '{tenantid}']],
  ['organizations', ['{tenantid}', '{tenantid}']],
  ['consumers', ['9188040d-6c67-4c5b-b112-36a304b66dad']],
  [
    'd94e1c37-6a5b-4f02-8e71-b3c0a9d85f16',
    ['9188040d-6c67-4c5b-b112-36a304b66dad', 'd94e1c37-6a5b-4f02-8e71-b3c0a9d85f16', '{tenantid}'],
  ],
] as const) {
  test(`createKeyRing publishes for ${tenant} the keys of ${issuers.join(' and ')}`, async () => {
    const found = (await published(tenant)).map((key) => key.issuer).sort()
    expect(found).toEqual(issuers.map((issuer) => `${emulator.origin}/${issuer}/v2.0`))
  })
}

const contoso = authorityOf(directoryId) ?? expect.fail('no authority')
const createRing = async () => {
  const ring = await createKeyRing(() => 1_800_000_000)
  return { ring, kids: async () => (await ring.document('http://x', contoso)).keys.map((key) => key.kid) }
}

test('createKeyRing rotates in three steps: publish, switch, retire', async () => {
  const { ring, kids } = await createRing()
  const first = ring.signer().kid
  const second = await ring.publishNew()
  expect(await kids()).toEqual(expect.arrayContaining([first, second]))
  expect(ring.signer().kid).toBe(first)
  ring.switchToNewest()
  expect(ring.signer().kid).toBe(second)
  expect(await kids()).toContain(first)
  ring.retireOthers()
  expect((await kids()).sort()).toEqual([second, ring.consumers().kid].sort())
  expect(await kids()).not.toContain((await ring.stranger()).kid)
})

test('createKeyRing rotates at once in an emergency, and withdraws what was there', async () => {
  const { ring, kids } = await createRing()
  const before = await kids()
  const kid = await ring.emergency()
  expect(ring.signer().kid).toBe(kid)
  expect((await kids()).sort()).toEqual([kid, ring.consumers().kid].sort())
  expect(before).not.toContain(kid)
})

test('createKeyRing publishes the key of the application only to who asks with its id', async () => {
  const own = await startEmulator({ application: { ownSigningKey: true } })
  const kidsAt = async (query: string) => {
    const response = await fetch(`${own.origin}/${directoryId}/discovery/v2.0/keys${query}`)
    return ((await response.json()) as { keys: Key[] }).keys.map((key) => key.kid)
  }
  const { body } = await redeem(own.origin, await signIn(createBrowser(), own.origin, 'ada@contoso.example'))
  const { kid } = JSON.parse(Buffer.from(String(body.id_token).split('.')[0] ?? '', 'base64url').toString())
  expect(await kidsAt('')).not.toContain(kid)
  expect(await kidsAt(`?appid=${clientId}`)).toEqual([kid])
  await own.close()
})
