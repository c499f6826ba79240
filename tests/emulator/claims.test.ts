import { afterAll, beforeAll, expect, test } from 'vitest'
import { clientId, directoryId } from '../../src/emulator/directory.ts'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { createBrowser, payloadOf, redeem, signIn } from './client.ts'

const groups = (count: number) =>
  Array.from({ length: count }, (_, at) => `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`)
const now = 1_800_000_000
let emulator: Emulator
beforeAll(async () => {
  emulator = await startEmulator({
    now: () => now,
    people: [150, 200, 201].map((count) => ({
      username: `member-of-${count}@contoso.example`,
      name: `Member of ${count}`,
      groups: groups(count),
    })),
  })
})
afterAll(() => emulator.close())

async function claimsOf(
  username: string,
  changes: Record<string, string | undefined> = {},
): Promise<Record<string, unknown>> {
  const code = await signIn(createBrowser(), emulator.origin, username, changes)
  return payloadOf((await redeem(emulator.origin, code)).body.id_token)
}

test('idTokenClaims says of a member what Entra says', async () => {
  expect(await claimsOf('ada@contoso.example')).toStrictEqual({
    ver: '2.0',
    iss: `${emulator.origin}/${directoryId}/v2.0`,
    aud: clientId,
    sub: expect.stringMatching(/^[\w-]{43}$/),
    iat: now - 300,
    nbf: now - 300,
    exp: now - 300 + 3900,
    tid: directoryId,
    oid: '3c6e0a94-8d1b-4b57-9f20-5e7a1c4d8b36',
    name: 'Ada Lovelace',
    preferred_username: 'ada@contoso.example',
    email: 'ada@contoso.example',
    groups: [
      '4f9d2b6a-1c83-4e57-b0a9-7d6e5c4b3a21',
      '8e2c7a10-5d4f-4b96-a3e8-1f0d9c8b7a65',
      'c7b1e3f5-9a2d-4068-8f4c-6e5d3b2a1908',
    ],
    acct: 0,
    nonce: 'the nonce',
    sid: expect.stringMatching(/^[0-9a-f-]{36}$/),
    login_hint: expect.stringMatching(/^O\.[\w-]+$/),
    aio: expect.any(String),
    rh: expect.any(String),
    uti: expect.stringMatching(/^[\w-]{22}$/),
  })
})

test('idTokenClaims leaves groups, roles, email and idp out for somebody who has none', async () => {
  const claims = await claimsOf('nora@contoso.example')
  for (const absent of ['groups', 'roles', 'email', 'idp', '_claim_names', 'auth_time'])
    expect(claims).not.toHaveProperty(absent)
  expect(claims.name).toBe('Nora Nobody')
})

test('idTokenClaims says of a guest where the account is at home', async () => {
  const claims = await claimsOf('zoë@fabrikam.example', { scope: 'openid profile' })
  expect(claims).toMatchObject({
    ...{ acct: 1, email: 'zoe@fabrikam.example', roles: ['Payroll.Reader'], tid: directoryId },
    ...{ name: 'Zoë Björk-Łukasiewicz 山田', preferred_username: 'zoë@fabrikam.example' },
    idp: expect.stringMatching(/^https:\/\/sts\.windows\.net\/[0-9a-f-]{36}\/$/),
  })
  expect(claims).not.toHaveProperty('groups')
})

test('idTokenClaims tells name and ids only for the scope profile, a member’s mail only for email', async () => {
  const claims = await claimsOf('uwe@contoso.example', { scope: 'openid', nonce: undefined })
  for (const absent of ['oid', 'tid', 'name', 'preferred_username', 'login_hint', 'email', 'nonce']) {
    expect(claims).not.toHaveProperty(absent)
  }
  expect(claims.groups).toHaveLength(2)
})

test('idTokenClaims gives another person another sub and oid, the same person the same', async () => {
  const [ada, again, uwe] = [
    await claimsOf('ada@contoso.example'),
    await claimsOf('ada@contoso.example'),
    await claimsOf('uwe@contoso.example'),
  ]
  expect(ada.sub).toBe(again.sub)
  expect(ada.sub).not.toBe(uwe.sub)
  expect(ada.sub).not.toBe(ada.oid)
})

for (const count of [150, 200]) {
  test(`idTokenClaims lists ${count} groups`, async () => {
    const claims = await claimsOf(`member-of-${count}@contoso.example`)
    expect(claims.groups).toEqual(groups(count))
    expect(claims).not.toHaveProperty('_claim_names')
  })
}

test('idTokenClaims points at 201 groups instead of listing them', async () => {
  const claims = await claimsOf('member-of-201@contoso.example')
  expect(claims).not.toHaveProperty('groups')
  expect(claims._claim_names).toStrictEqual({ groups: 'src1' })
  expect(claims._claim_sources).toStrictEqual({
    src1: { endpoint: `https://graph.windows.net/${directoryId}/users/${claims.oid}/getMemberObjects` },
  })
})
