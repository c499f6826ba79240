import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { directoryId } from '../../src/emulator/directory.ts'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { personas } from '../../src/emulator/people.ts'
import {
  authorizeUrl,
  type Browser,
  choose,
  codeOf,
  createBrowser,
  hiddenRequest,
  payloadOf,
  redeem,
  refresh,
  signIn,
} from './client.ts'

const fabrikam = 'd94e1c37-6a5b-4f02-8e71-b3c0a9d85f16'
const personal = '9188040d-6c67-4c5b-b112-36a304b66dad'
const [zoe, felix, paula] = ['zoë@fabrikam.example', 'felix@fabrikam.example', 'paula@live.example']
const uwe = 'uwe@contoso.example'

let emulator: Emulator
let browser: Browser
beforeAll(async () => {
  emulator = await startEmulator({ people: personas, application: { audience: 'common' } })
})
beforeEach(() => {
  browser = createBrowser()
})
afterAll(() => emulator.close())

async function tokenOf(authority: string, username: string): Promise<string> {
  const code = await signIn(browser, emulator.origin, username, { authority })
  return String((await redeem(emulator.origin, code, { authority })).body.id_token)
}

for (const [authority, username, tid] of [
  ['common', uwe, directoryId],
  ['common', felix, fabrikam],
  ['common', paula, personal],
  ['organizations', felix, fabrikam],
  ['consumers', paula, personal],
  [fabrikam, felix, fabrikam],
  ['fabrikam.example', felix, fabrikam],
] as const) {
  test(`authorityOf ${authority} signs ${username} in with the issuer of his own directory`, async () => {
    // A document asked for by domain leads to addresses with the id.
    const token = await tokenOf(authority.includes('.') ? fabrikam : authority, username)
    expect(payloadOf(token)).toMatchObject({ tid, iss: `${emulator.origin}/${tid}/v2.0`, preferred_username: username })
    const keys = (await (await fetch(`${emulator.origin}/${authority}/discovery/v2.0/keys`)).json()) as JSONWebKeySet
    const { protectedHeader } = await jwtVerify(token, createLocalJWKSet(keys))
    const key = keys.keys.find(({ kid }) => kid === protectedHeader.kid) as { issuer?: string } | undefined
    expect(key?.issuer).toBe(`${emulator.origin}/${tid === personal ? personal : '{tenantid}'}/v2.0`)
  })
}

test('idTokenClaims gives an account another object in every directory, and a personal one a longer life', async () => {
  const [guest, member] = [payloadOf(await tokenOf(directoryId, zoe)), payloadOf(await tokenOf('organizations', zoe))]
  expect([guest.acct, guest.idp, member.acct, member.idp]).toEqual([
    1,
    `https://sts.windows.net/${fabrikam}/`,
    0,
    undefined,
  ])
  expect(guest.oid).not.toBe(member.oid)
  const own = payloadOf(await tokenOf('consumers', paula))
  expect([Number(own.exp) - Number(own.iat), own.xms_edov]).toEqual([86_700, true])
})

test('directory.people keeps guests out of the keywords, and personal accounts out of organizations', async () => {
  const shown = async (authority: string) => (await browser.get(authorizeUrl(emulator.origin, { authority }))).text
  expect(await shown('organizations')).not.toContain('Paula Personal')
  expect(await shown('common')).toContain('Paula Personal')
  expect(await shown('common')).not.toContain('Gil Guest')
  expect(await shown('consumers')).not.toContain('Uwe')
  expect(await shown(directoryId)).not.toContain('Felix')
})

test('createAuthorize refuses an account of another directory on its page (50020), an unknown one too (50034)', async () => {
  const request = hiddenRequest(await browser.get(authorizeUrl(emulator.origin)))
  const typed = (username: string) => choose(browser, emulator.origin, request, { username })
  expect((await typed(felix)).text).toContain('AADSTS50020')
  expect((await typed('nobody@contoso.example')).text).toContain('AADSTS50034')
  expect(codeOf(await typed('UWE@contoso.example'))).not.toBe('')
})

test('under finds the account that is signed in, also under another authority', async () => {
  await signIn(browser, emulator.origin, zoe)
  const page = await browser.get(authorizeUrl(emulator.origin, { authority: 'organizations' }))
  const { body } = await redeem(emulator.origin, codeOf(page), { authority: 'organizations' })
  expect(payloadOf(body.id_token).tid).toBe(fabrikam)
})

test('redeemCode refuses a code at the endpoint of another authority (700005)', async () => {
  const code = await signIn(browser, emulator.origin, uwe, { authority: 'common' })
  expect((await redeem(emulator.origin, code)).body.error_codes).toEqual([700005])
  const { body } = await redeem(emulator.origin, code, { authority: 'common' })
  expect(payloadOf((await refresh(emulator.origin, body.refresh_token)).body.id_token).tid).toBe(directoryId)
})

for (const [audience, authority, code] of [
  ['contoso', 'common', 50194],
  ['contoso', 'organizations', 50194],
  ['contoso', 'consumers', 9002332],
  ['contoso', fabrikam, 700016],
  ['organizations', 'consumers', 9002332],
  ['consumers', 'organizations', 50194],
] as const) {
  test(`audienceProblem keeps an application for ${audience} from ${authority} with ${code}`, async () => {
    emulator.control.changeApplication({ audience })
    const page = await browser.get(authorizeUrl(emulator.origin, { authority }))
    const answer = await refresh(emulator.origin, 'x', { authority })
    emulator.control.changeApplication({ audience: 'common' })
    expect(page).toMatchObject({ status: 400, location: '' })
    expect(page.text).toContain(`AADSTS${code}:`)
    expect(answer.body.error_codes).toEqual([code])
  })
}

for (const [hint, username] of [
  ['consumers', paula],
  ['fabrikam.example', felix],
] as const) {
  test(`judge follows domain_hint=${hint} among those who are signed in`, async () => {
    for (const each of [paula, felix]) await signIn(browser, emulator.origin, each, { authority: 'common' })
    const page = await browser.get(authorizeUrl(emulator.origin, { authority: 'common', domain_hint: hint }))
    const { body } = await redeem(emulator.origin, codeOf(page), { authority: 'common' })
    expect(payloadOf(body.id_token).preferred_username).toBe(username)
  })
}
