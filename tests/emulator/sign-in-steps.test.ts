import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { personas } from '../../src/emulator/people.ts'
import {
  authorizeQuery,
  authorizeUrl,
  type Browser,
  choose,
  codeOf,
  createBrowser,
  hiddenRequest,
  type Page,
  payloadOf,
  redeem,
} from './client.ts'

const [petra, password, ada] = ['petra@contoso.example', 'correct horse', 'ada@contoso.example']
const day = 86_400
let clock = 1_800_000_000
let emulator: Emulator
let browser: Browser
beforeAll(async () => {
  emulator = await startEmulator({ people: personas, now: () => clock })
})
beforeEach(() => {
  browser = createBrowser()
})
afterAll(() => emulator.close())

/** The hidden fields of a page, as a browser sends them with what is filled in. */
function fieldsOf(page: Page): Record<string, string> {
  const fields = [...page.text.matchAll(/type="hidden" name="(\w+)" value="([^"]*)"/g)]
  return { ...Object.fromEntries(fields.map(([, name, value]) => [name, value])), request: hiddenRequest(page) }
}

const answer = (page: Page, filled: Record<string, string>) => {
  const { request = '', ...fields } = fieldsOf(page)
  return choose(browser, emulator.origin, request, { ...fields, ...filled })
}
const type = (username: string) => choose(browser, emulator.origin, authorizeQuery(), { username })
const authorize = (changes: Record<string, string> = {}) => browser.get(authorizeUrl(emulator.origin, changes))

describe('a password', () => {
  test('is asked for, refused on the page while it is wrong (50126), and then not asked for again', async () => {
    const asked = await type(petra)
    expect(asked.text).toContain('Enter the password')
    expect(asked.text).not.toContain('AADSTS')
    const wrong = await answer(asked, { password: 'wrong' })
    expect([wrong.status, wrong.location]).toEqual([200, ''])
    expect(wrong.text).toContain('AADSTS50126')
    expect(wrong.text).not.toContain(password)
    expect(codeOf(await answer(wrong, { password }))).not.toBe('')
    expect(codeOf(await authorize())).not.toBe('')
    expect((await authorize({ prompt: 'login' })).text).toContain('Choose an account')
  })

  test('stays proved through consent and a second factor, and through a step-up of who is signed in', async () => {
    emulator.control.changeApplication({ secondFactor: true })
    const first = await choose(browser, emulator.origin, authorizeQuery({ prompt: 'consent' }), { username: petra })
    const consent = await answer(first, { password })
    expect(consent.text).toContain('asks for permission')
    const factor = await answer(consent, { consent: 'accept' })
    expect(factor.text).toContain('Approve the sign-in')
    expect(codeOf(await answer(factor, { factor: 'shown' }))).not.toBe('')
    emulator.control.changeApplication({ secondFactor: false })

    browser = createBrowser()
    await answer(await type(petra), { password })
    const claims = JSON.stringify({ id_token: { acrs: { essential: true, value: 'c1' } } })
    const stepUp = await authorize({ claims })
    const { body } = await redeem(emulator.origin, codeOf(await answer(stepUp, { factor: 'shown' })))
    expect(payloadOf(body.id_token)).toMatchObject({ preferred_username: petra, acrs: ['c1'] })
  })

  test('is not proved by an invention, nor by somebody else’s proof', async () => {
    const asked = await type(petra)
    expect((await answer(asked, { proof: 'x' })).text).toContain('Enter the password')
    // The same words, so that nothing but the person makes the difference.
    emulator.control.changePerson(ada, { password })
    const consent = await answer(
      await choose(browser, emulator.origin, authorizeQuery({ prompt: 'consent' }), { username: ada }),
      { password },
    )
    emulator.control.changePerson(ada, { password: null })
    const { proof = '' } = fieldsOf(consent)
    expect(proof).not.toBe('')
    expect((await answer(asked, { proof })).text).toContain('Enter the password')
  })
})

test('createAuthorize says on the picker that an account does not exist (50034)', async () => {
  const page = await type('nobody@contoso.example')
  expect(page.status).toBe(200)
  expect(page.text).toContain('Choose an account')
  expect(page.text).toContain('AADSTS50034: The user account nobody@contoso.example does not exist')
})

for (const [stay, good, over] of [
  ['no', day, day + 1],
  ['yes', 90 * day, 90 * day + 1],
] as const) {
  test(`createBrowserSessions ends the sign-in of who answers ${stay} to staying after ${good / day} days`, async () => {
    emulator.control.changeApplication({ asksToStay: true })
    const asked = await type(ada)
    expect(asked.text).toContain('Stay signed in?')
    expect(codeOf(await answer(asked, { stay }))).not.toBe('')
    clock += good
    expect(codeOf(await authorize())).not.toBe('')
    clock += stay === 'yes' ? over : 1
    expect((await authorize()).text).toContain('Choose an account')
    emulator.control.changeApplication({ asksToStay: false })
  })
}
