import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { personas } from '../../src/emulator/people.ts'
import { createBrowser, payloadOf, redeem, signIn } from './client.ts'

const [ada, zoe] = ['ada@contoso.example', 'zoë@fabrikam.example']
const usual = ['acct', 'acrs', 'login_hint', 'sid', 'xms_edov']
const shoeSize = `extension_${'0'.repeat(32)}_shoeSize`
let emulator: Emulator
beforeAll(async () => {
  emulator = await startEmulator({ people: personas, application: { audience: 'common' } })
})
afterAll(() => emulator.close())

async function claimsOf(username: string, optionalClaims = usual, changes: Record<string, string> = {}) {
  emulator.control.changeApplication({ optionalClaims })
  const code = await signIn(createBrowser(), emulator.origin, username, changes)
  const { authority } = changes
  return payloadOf((await redeem(emulator.origin, code, authority === undefined ? {} : { authority })).body.id_token)
}

test('optionalClaims says nothing that the registration does not ask for', async () => {
  const bare = await claimsOf(ada, [])
  for (const absent of [...usual, 'auth_time', 'upn', 'given_name']) expect(bare).not.toHaveProperty(absent)
  expect(bare).toMatchObject({ name: 'Ada Lovelace', tid: expect.any(String), email: ada })
})

test('optionalClaims says what it asks for, and leaves out what there is not', async () => {
  emulator.control.changePerson(ada, {
    mailVerified: 'true',
    claims: { in_corp: 'true', ipaddr: '192.0.2.7' },
    properties: { [shoeSize]: 37, country: 'GB', otherMails: ['countess@example.org'] },
  })
  const names = ['auth_time', 'family_name', 'given_name', 'upn', 'verified_primary_email', 'verified_secondary_email']
  const asked = [...names, 'ctry', 'onprem_sid', 'tenant_ctry', 'tenant_region_scope', shoeSize]
  const claims = await claimsOf(ada, asked)
  expect(claims).toMatchObject({
    ...{ auth_time: expect.any(Number), family_name: 'Lovelace', given_name: 'Ada', upn: ada },
    ...{ verified_primary_email: [ada], verified_secondary_email: ['countess@example.org'] },
    ...{ ctry: 'GB', tenant_ctry: 'DE', tenant_region_scope: 'EU', 'extn.shoeSize': 37 },
    ...{ in_corp: 'true', ipaddr: '192.0.2.7' },
  })
  for (const absent of ['onprem_sid', shoeSize, 'sid', 'acct']) expect(claims).not.toHaveProperty(absent)
})

for (const [asked, upn] of [
  ['upn', undefined],
  ['upn:include_externally_authenticated_upn', 'zoë_fabrikam.example#EXT#@contoso.example'],
  ['upn:include_externally_authenticated_upn_without_hash', 'zoë_fabrikam.example_EXT_@contoso.example'],
] as const) {
  test(`optionalClaims tells a guest’s upn for ${asked} as ${upn ?? 'nothing'}`, async () => {
    expect((await claimsOf(zoe, [asked])).upn).toBe(upn)
  })
}

for (const [who, spelled, verified] of [
  ['zoë', true, true],
  ['felix', '1', true],
  ['edith', 1, true],
  ['edna', 'true', true],
  ['edwina', false, false],
  ['edda', '0', false],
  ['mallory', undefined, false],
] as const) {
  test(`optionalClaims spells xms_edov of ${who} as ${JSON.stringify(spelled)}`, async () => {
    const asked = ['xms_edov', 'verified_primary_email']
    const claims = await claimsOf(`${who}@fabrikam.example`, asked, { authority: 'organizations' })
    expect(claims.xms_edov).toBe(spelled)
    expect('verified_primary_email' in claims).toBe(verified)
    // Nobody has ever looked at what stands here: Mallory's is another company's.
    expect(claims.email).toBeTypeOf('string')
  })
}

test('checked refuses an optional claim that nobody knows', () => {
  expect(() => emulator.control.changeApplication({ optionalClaims: ['groups', 'shoe_size'] })).toThrow('"groups"')
})
