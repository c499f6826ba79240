import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { directoryId } from '../../src/emulator/directory.ts'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import {
  authorizeQuery,
  authorizeUrl,
  type Browser,
  callback,
  choose,
  createBrowser,
  hiddenRequest,
  payloadOf,
  redeem,
  signIn,
  tileOf,
} from './client.ts'

let emulator: Emulator
let browser: Browser
let clock = 1_800_000_000
const opened: Emulator[] = []
beforeAll(async () => {
  emulator = await startEmulator({
    now: () => clock,
    application: {
      redirectUris: [
        ...['https://payroll.contoso.example/.auth/callback', 'https://bare.contoso.example'],
        'http://localhost:8080/with-a-port',
      ],
    },
  })
  opened.push(emulator)
})
beforeEach(() => {
  browser = createBrowser()
})
afterAll(() => Promise.all(opened.map((each) => each.close())))

const authorize = (changes: Record<string, string | undefined> = {}) =>
  browser.get(authorizeUrl(emulator.origin, changes))
const parametersOf = (location: string) => new URL(location).searchParams

describe('what Entra tells on its own page', () => {
  for (const [name, changes, code] of [
    ['an unknown client', { client_id: '11111111-2222-4333-8444-555555555555' }, 'AADSTS700016'],
    ['no client', { client_id: undefined }, 'AADSTS900144'],
    ['no redirect URI', { redirect_uri: undefined }, 'AADSTS900144'],
    ['another path', { redirect_uri: 'http://localhost:4711/other' }, 'AADSTS50011'],
    ['another case of the path', { redirect_uri: 'http://localhost:4711/.Auth/callback' }, 'AADSTS50011'],
    ['a trailing slash', { redirect_uri: `${callback}/` }, 'AADSTS50011'],
    ['a query', { redirect_uri: `${callback}?a=b` }, 'AADSTS50011'],
    ['https on localhost', { redirect_uri: 'https://localhost:4711/.auth/callback' }, 'AADSTS50011'],
    ['the address of the loopback', { redirect_uri: 'http://127.0.0.1:4711/.auth/callback' }, 'AADSTS50011'],
    ['a host that begins alike', { redirect_uri: 'http://localhost.evil.example/.auth/callback' }, 'AADSTS50011'],
    [
      'a user part before another host',
      { redirect_uri: 'http://localhost:1@evil.example/.auth/callback' },
      'AADSTS50011',
    ],
    [
      'another port of a registered https host',
      { redirect_uri: 'https://payroll.contoso.example:8443/.auth/callback' },
      'AADSTS50011',
    ],
  ] as const) {
    test(`readAuthorizeRequest shows a page and does not redirect for ${name}`, async () => {
      const page = await authorize(changes)
      expect(page).toMatchObject({ status: 400, location: '' })
      expect(page.text).toContain(code)
      expect(page.text).toMatch(/Correlation Id<\/dt><dd>[0-9a-f-]{36}/)
      expect(page.text).toContain('This is not Microsoft')
    })
  }

  test('readAuthorizeRequest escapes what it repeats', async () => {
    const page = await authorize({ redirect_uri: 'https://x/"><script>alert(1)</script>' })
    expect(page.text).not.toContain('<script>')
    expect(page.text).toContain('&lt;script&gt;')
  })

  test('createAuthorize shows a page for a directory that it does not know', async () => {
    const page = await browser.get(authorizeUrl(emulator.origin).replace(directoryId, 'nowhere.example'))
    expect(page).toMatchObject({ status: 400, location: '' })
    expect(page.text).toContain('AADSTS90002')
  })

  test('errorPage carries the correlation id that the caller gave', async () => {
    const id = '0f5e2c77-1f0a-4d5e-9a43-0a1b2c3d4e5f'
    const page = await browser.get(authorizeUrl(emulator.origin, { client_id: 'x' }), { 'client-request-id': id })
    expect(page.text).toContain(id)
  })
})

describe('which addresses are registered', () => {
  for (const address of [
    callback,
    'http://localhost/.auth/callback',
    'https://payroll.contoso.example/.auth/callback',
    'https://bare.contoso.example/',
    'https://bare.contoso.example',
    'http://localhost:8080/with-a-port',
    'http://localhost:4711/with-a-port',
  ]) {
    test(`isRegistered lets ${address} pass`, async () => {
      const page = await authorize({ redirect_uri: address })
      expect(page.status).toBe(200)
      expect(page.text).toContain('Choose an account')
    })
  }
})

describe('what is redirected to the application', () => {
  for (const [name, changes, error, code] of [
    ['another response type', { response_type: 'id_token' }, 'unsupported_response_type', 700054],
    ['no response type', { response_type: undefined }, 'invalid_request', 900144],
    ['another response mode', { response_mode: 'pigeon' }, 'invalid_request', 70007],
    ['an unknown prompt', { prompt: 'always' }, 'invalid_request', 90023],
    ['a max_age that is no number', { max_age: 'soon' }, 'invalid_request', 90023],
    ['no scope', { scope: undefined }, 'invalid_request', 900144],
    ['an empty scope', { scope: ' ' }, 'invalid_scope', 70011],
    ['the scope groups', { scope: 'openid groups' }, 'invalid_client', 650053],
    ['the scope of another resource', { scope: 'openid api://other/read' }, 'invalid_resource', 500011],
    ['a challenge that is too short', { code_challenge: 'abc' }, 'invalid_request', 501491],
    ['a challenge of another method', { code_challenge_method: 'S512' }, 'invalid_request', 501491],
  ] as const) {
    test(`readAuthorizeRequest redirects ${name} as ${code}`, async () => {
      const page = await authorize(changes)
      expect(page.status).toBe(302)
      expect(page.location.startsWith(`${callback}?error=${error}&error_description=AADSTS${code}%3a+`)).toBe(true)
      expect(page.location.endsWith('&state=the+state#')).toBe(true)
      expect(page.location).not.toMatch(/%[0-9a-f]?[A-F]/)
      expect(parametersOf(page.location).get('error_description')).toMatch(
        / Trace ID: \S+ Correlation ID: \S+ Timestamp: \d{4}-/,
      )
      expect(parametersOf(page.location).get('error_uri')).toBe(`${emulator.origin}/error?code=${code}`)
    })
  }

  test('createAuthorize sends a cancelled sign-in back with error_subcode and nothing else', async () => {
    const page = await choose(browser, emulator.origin, authorizeQuery(), { cancel: 'yes' })
    expect(page.location).toBe(`${callback}?error=access_denied&error_subcode=cancel&state=the+state#`)
  })

  test('readAuthorizeRequest takes HTML tags out of the state', async () => {
    const page = await authorize({ state: 'a<b>c', scope: 'groups' })
    expect(parametersOf(page.location).get('state')).toBe('ac')
  })
})

describe('the account picker', () => {
  test('pickerPage shows a button per person and no script', async () => {
    const page = await authorize()
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(page.headers.get('cache-control')).toContain('no-store')
    expect(page.text).not.toContain('<script')
    for (const name of ['Ada Lovelace', 'Uwe Müller', 'Nora Nobody', 'Zoë Björk-Łukasiewicz 山田']) {
      expect(page.text).toContain(name)
    }
  })

  test('createAuthorize sends a code of Entra’s length, the state and session_state', async () => {
    const picker = await authorize({ state: 'ä&=+/ <' })
    const page = await choose(browser, emulator.origin, hiddenRequest(picker), {
      account: tileOf(picker, 'uwe@contoso.example'),
    })
    expect(page.status).toBe(302)
    const parameters = parametersOf(page.location)
    expect([...parameters.keys()]).toEqual(['code', 'state', 'session_state'])
    expect(parameters.get('code')?.length).toBeGreaterThanOrEqual(700)
    expect(parameters.get('state')).toBe('ä&=+/ <')
    expect(parameters.get('session_state')).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('deliver sends the answer behind the # where that was asked for', async () => {
    await signIn(browser, emulator.origin, 'ada@contoso.example')
    const page = await authorize({ response_mode: 'fragment' })
    expect(page.location).toMatch(new RegExp(`^${callback}#code=[^&]+&state=the\\+state&session_state=`))
  })

  test('createAuthorize leaves the state out where none was sent', async () => {
    await signIn(browser, emulator.origin, 'ada@contoso.example')
    expect(parametersOf((await authorize({ state: undefined })).location).has('state')).toBe(false)
  })

  test('pickerPage puts the hinted person first', async () => {
    const page = await authorize({ login_hint: 'NORA@contoso.example' })
    expect(page.text.indexOf('Nora Nobody')).toBeLessThan(page.text.indexOf('Ada Lovelace'))
    expect(page.text).toContain(' autofocus')
  })

  test('createAuthorize refuses buttons that another site presses', async () => {
    const picker = await authorize()
    const form = { request: hiddenRequest(picker), account: tileOf(picker, 'ada@contoso.example') }
    const url = `${emulator.origin}/${directoryId}/choose-account`
    expect(await browser.post(url, form, { 'Sec-Fetch-Site': 'cross-site' })).toMatchObject({
      status: 400,
      location: '',
    })
    expect(await browser.post(url, form, { 'Sec-Fetch-Site': 'same-origin' })).toMatchObject({ status: 302 })
  })

  test('createAuthorize judges the hidden request again', async () => {
    const page = await choose(browser, emulator.origin, authorizeQuery({ redirect_uri: 'https://evil.example/' }), {
      account: 'x',
    })
    expect(page).toMatchObject({ status: 400, location: '' })
    expect((await choose(browser, emulator.origin, authorizeQuery(), { account: 'x' })).text).toContain('AADSTS50034')
  })

  for (const [change, code] of [
    [{ enabled: false }, 'AADSTS50057'],
    [{ refusedWith: 50105 }, 'AADSTS50105'],
  ] as const) {
    test(`refusalOf keeps a person out with a page that says ${code}`, async () => {
      const own = await startEmulator()
      opened.push(own)
      own.control.changePerson('uwe@contoso.example', change)
      const picker = await browser.get(authorizeUrl(own.origin))
      const account = tileOf(picker, 'uwe@contoso.example')
      const page = await choose(browser, own.origin, hiddenRequest(picker), { account })
      expect(page).toMatchObject({ status: 400, location: '' })
      expect(page.text).toContain(code)
    })
  }
})

describe('single sign-on', () => {
  const ada = 'ada@contoso.example'
  const uwe = 'uwe@contoso.example'

  test('judge signs the same browser in again without a question', async () => {
    await signIn(browser, emulator.origin, ada)
    const page = await authorize()
    expect(parametersOf(page.location).has('code')).toBe(true)
    expect((await createBrowser().get(authorizeUrl(emulator.origin))).status).toBe(200)
  })

  for (const prompt of ['login', 'select_account']) {
    test(`judge asks for prompt=${prompt} in spite of it`, async () => {
      await signIn(browser, emulator.origin, ada)
      const page = await authorize({ prompt })
      expect(page.status).toBe(200)
      expect(page.text).toContain('signed in</small>')
    })
  }

  test('judge asks which account where two are signed in, unless a hint says so', async () => {
    await signIn(browser, emulator.origin, ada)
    await signIn(browser, emulator.origin, uwe)
    expect((await authorize()).text).toContain('Choose an account')
    const page = await authorize({ login_hint: uwe })
    const { body } = await redeem(emulator.origin, parametersOf(page.location).get('code') ?? '')
    expect(payloadOf(body.id_token).preferred_username).toBe(uwe)
    const hint = String(payloadOf(body.id_token).login_hint)
    expect(parametersOf((await authorize({ login_hint: hint })).location).has('code')).toBe(true)
  })

  test('judge asks where the hint names somebody who is not signed in', async () => {
    await signIn(browser, emulator.origin, ada)
    expect((await authorize({ login_hint: uwe })).status).toBe(200)
    expect((await authorize({ login_hint: 'stranger@fabrikam.example' })).status).toBe(200)
  })

  test('judge asks again after max_age, and tells when the person last signed in', async () => {
    const signedInAt = clock
    await signIn(browser, emulator.origin, ada)
    clock += 100
    const page = await authorize({ max_age: '100' })
    const { body } = await redeem(emulator.origin, parametersOf(page.location).get('code') ?? '')
    expect(payloadOf(body.id_token).auth_time).toBe(signedInAt)
    expect((await authorize({ max_age: '99' })).text).toContain('Choose an account')
  })

  test('judge never asks for prompt=none', async () => {
    const none = async (changes = {}) => parametersOf((await authorize({ prompt: 'none', ...changes })).location)
    expect((await none()).get('error')).toBe('login_required')
    expect((await none()).get('error_description')).toContain('AADSTS50058')
    await signIn(browser, emulator.origin, ada)
    expect((await none()).has('code')).toBe(true)
    expect((await none({ login_hint: uwe })).get('error')).toBe('login_required')
    await signIn(browser, emulator.origin, uwe)
    expect((await none()).get('error')).toBe('interaction_required')
    expect((await none()).get('error_description')).toContain('AADSTS16000')
  })

  test('refusalOf answers prompt=none with interaction_required', async () => {
    const own = await startEmulator()
    opened.push(own)
    await signIn(browser, own.origin, ada)
    own.control.changePerson(ada, { refusedWith: 50105 })
    const refused = parametersOf((await browser.get(authorizeUrl(own.origin, { prompt: 'none' }))).location)
    expect(refused.get('error')).toBe('interaction_required')
    expect(refused.get('error_description')).toContain('AADSTS50105')
  })

  test('consentPage is shown for prompt=consent, and both of its buttons work', async () => {
    await signIn(browser, emulator.origin, ada)
    const page = await authorize({ prompt: 'consent' })
    expect(page.text).toContain('asks for permission')
    const [, account = ''] = /name="account" value="([^"]+)"/.exec(page.text) ?? []
    const accepted = await choose(browser, emulator.origin, hiddenRequest(page), { account, consent: 'accept' })
    expect(parametersOf(accepted.location).has('code')).toBe(true)
    const declined = await choose(browser, emulator.origin, hiddenRequest(page), { account, consent: 'decline' })
    expect(parametersOf(declined.location).get('error')).toBe('access_denied')
    expect(parametersOf(declined.location).get('error_description')).toContain('AADSTS65004')
  })

  test('createBrowserSessions keeps its cookie to its own paths, since localhost shares cookies among ports', async () => {
    const picker = await authorize()
    const page = await choose(browser, emulator.origin, hiddenRequest(picker), { account: tileOf(picker, ada) })
    const cookies = page.headers.getSetCookie()
    expect(cookies[0]).toContain(`; Path=/${directoryId};`)
    for (const cookie of cookies) expect(cookie).toMatch(/; Path=\/[a-z0-9-]+;.* HttpOnly; Secure; SameSite=None$/)
  })
})
