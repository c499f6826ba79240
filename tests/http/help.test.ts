import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { catalogue } from '../../src/core/identity/aadsts-catalogue.ts'
import { attack } from '../attacks/attack.ts'
import { hostileTexts } from '../pages/samples.ts'
import { type Stage, startStage } from '../stage.ts'
import { createVisitor, navigation, type Reply, signIn, type Visitor } from '../visitor.ts'
import { startClockedStage } from './clocked.ts'
import { begin, parameter, setCookies, visit } from './scene.ts'
import { bytesOf, speak } from './wire.ts'

let stage: Stage
let nobody: Visitor
beforeAll(async () => {
  stage = await startStage()
  nobody = createVisitor()
})
afterAll(async () => {
  nobody.close()
  await stage.close()
})

const help = (rest = '') => `${stage.origin}/.auth/help${rest}`
const headingOf = (reply: Reply) => /<h1>([^<]*)<\/h1>/.exec(reply.body)?.[1]
const withoutStyle = (reply: Reply) => reply.body.replace(/<style>.*?<\/style>/s, '')

describe('helpWithCodeAnswer', () => {
  for (const spelling of ['50105', 'AADSTS50105', 'aadsts50105', 'AadSts50105', 'AADSTS50105:']) {
    test(`helpWithCodeAnswer explains ${spelling} to anybody, without a session`, async () => {
      const reply = await visit(nobody, help(`/${spelling}`))
      expect(reply.status).toBe(200)
      expect(headingOf(reply)).toBe('AADSTS50105: You are not assigned to this application')
      expect(reply.headers['content-type']).toBe('text/html; charset=utf-8')
      expect(reply.headers['cache-control']).toBe('no-store')
      expect(reply.headers['content-security-policy']).toContain("default-src 'none'")
      expect(setCookies(reply)).toEqual([])
      for (const text of ['An administrator of the directory', 'Assignment required', 'on a page of its own']) {
        expect(reply.body).toContain(text)
      }
      expect(reply.body).toContain('href="/.auth/login?return_to=%2F&amp;prompt=select_account"')
    })
  }

  test('helpWithCodeAnswer explains every code of the catalogue, as a page and to programs', async () => {
    for (const code of catalogue.flatMap(({ codes }) => codes)) {
      const page = await visit(nobody, help(`/${code}`))
      expect([page.status, headingOf(page)?.startsWith(`AADSTS${code}: `)], String(code)).toEqual([200, true])
      const { body, headers } = await nobody.ask(help(`/${code}`))
      expect(headers['content-type']).toBe('application/problem+json')
      expect(JSON.parse(body)).toMatchObject({ code: `AADSTS${code}`, type: help(`/${code}`) })
    }
  })

  test('helpWithCodeAnswer tells programs who must act, the fix and what helps (RFC 9457)', async () => {
    const reply = await nobody.ask(help('/aadsts50105'), { headers: { accept: 'application/json' } })
    expect(reply.status).toBe(200)
    expect(JSON.parse(reply.body)).toEqual({
      type: help('/50105'),
      title: 'You are not assigned to this application',
      detail: expect.stringContaining('Assignment required'),
      code: 'AADSTS50105',
      whoMustAct: ['administrator'],
      tryingAgainHelps: false,
      anotherAccountHelps: true,
      shownByMicrosoft: true,
      requestId: expect.any(String),
    })
  })

  test('helpWithCodeAnswer is honest about a code that it does not know, and offers the search', async () => {
    const reply = await visit(nobody, help('/53999'))
    expect([reply.status, headingOf(reply)]).toEqual([404, 'AADSTS53999 is not known here'])
    expect(reply.body).toContain('We cannot say what it means')
    expect(reply.body).toContain('Conditional Access')
    expect(reply.body).toContain('https://login.microsoftonline.com/error?code=53999')
    expect(reply.body).toContain('<form class="search"')
    const said = await nobody.ask(help('/53999'))
    expect(said.status).toBe(404)
    expect(JSON.parse(said.body)).toMatchObject({ status: 404, code: 'AADSTS53999' })
  })

  attack('T91', 'helpWithCodeAnswer repeats nothing of what was asked', async () => {
    for (const text of [...hostileTexts, 'marker', 'AADSTSmarker', '99999999999999999999']) {
      for (const address of [
        `/${encodeURIComponent(text.toWellFormed())}`,
        `?code=${encodeURIComponent(text.toWellFormed())}`,
      ]) {
        if (address === '/' || address.length > 7_000) continue
        for (const headers of [navigation, {}]) {
          const reply = await nobody.ask(help(address), { headers })
          expect([200, 400, 404]).toContain(reply.status)
          expect(reply.headers['set-cookie']).toBeUndefined()
          expect(withoutStyle(reply)).not.toMatch(
            /<script|<img|onerror|onmouseover|marker|alert\(|evil|javascript:|9999999/,
          )
          expect(withoutStyle(reply)).not.toMatch(/[\u202a-\u202e\u2066-\u2069\u0000]/)
        }
      }
    }
    expect(stage.logText()).not.toMatch(/alert\(1\)|marker/)
  })

  attack('T91', 'helpWithCodeAnswer takes bytes as they come, and still says only its own', async () => {
    for (const path of [
      '/<script>alert(1)</script>',
      '/"><img/src=x>',
      "/50105'><b>",
      '/AADSTS50105%00<b>',
      '/%ff%fe',
      '/;x=1',
    ]) {
      const reply = await speak(stage.origin, bytesOf(stage.origin, `GET /.auth/help${path}`, ['Accept: text/html']))
      expect([200, 400, 404]).toContain(reply?.status)
      expect(reply?.body.replace(/<style>.*?<\/style>/s, '')).not.toMatch(/<script|<img|<b>|alert/)
    }
  })
})

describe('helpAnswer', () => {
  test('helpAnswer shows a search field that works without a script, and what is often looked for', async () => {
    const reply = await visit(nobody, help())
    expect(reply.status).toBe(200)
    expect(reply.body).toContain('<form class="search" role="search" method="get" action="/.auth/help">')
    expect(reply.body).toContain('href="/.auth/help/50105"')
    expect(reply.body).not.toContain('<script')
  })

  for (const [typed, address] of [
    ['AADSTS50011', '/.auth/help/50011'],
    [' 50011 ', '/.auth/help/50011'],
    ['Sorry, AADSTS50011: The redirect URI', '/.auth/help/50011'],
    ['53999', '/.auth/help/53999'],
  ] as const) {
    test(`helpAnswer leads from ${typed} to the help about it`, async () => {
      const reply = await visit(nobody, help(`?code=${encodeURIComponent(typed)}`))
      expect([reply.status, reply.headers.location]).toEqual([302, address])
    })
  }

  test('helpAnswer says that there is no code in what it cannot read', async () => {
    const reply = await visit(nobody, help('?code=what%20happened'))
    expect([reply.status, headingOf(reply)]).toEqual([404, 'There is no error code in this'])
  })

  attack('T44', 'helpAnswer refuses a doubled code', async () => {
    expect((await visit(nobody, help('?code=50105&code=50011'))).status).toBe(400)
  })

  attack(
    'T131',
    'helpAnswer asks no session, so that it neither needs the store nor keeps anybody signed in',
    async () => {
      const clocked = await startClockedStage('idle: 10m\nstore: { type: memory }')
      const ada = createVisitor()
      await signIn(ada, `${clocked.origin}/`, 'ada@contoso.example')
      for (const path of ['/.auth/help', '/.auth/help/50105']) {
        clocked.forward(290)
        expect((await visit(ada, `${clocked.origin}${path}`)).status).toBe(200)
      }
      clocked.forward(60)
      expect((await ada.ask(`${clocked.origin}/.auth/me`)).status).toBe(401)
      ada.close()
      await clocked.close()
    },
  )

  test('helpAnswer only reads: GET and HEAD alone', async () => {
    for (const path of ['', '/50105']) {
      const head = await nobody.ask(help(path), { method: 'HEAD', headers: navigation })
      expect([head.status, head.body]).toEqual([200, ''])
      for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
        expect((await nobody.ask(help(path), { method })).status).toBe(405)
      }
    }
  })

  test('helpAnswer says the same to whoever is signed in, and nothing about them', async () => {
    const ada = createVisitor()
    await signIn(ada, `${stage.origin}/`, 'ada@contoso.example')
    const reply = await visit(ada, help('/50105'))
    expect(reply.status).toBe(200)
    expect(reply.body).not.toContain('Ada')
    ada.close()
  })
})

describe('callback and what the code means', () => {
  const ids = 'Trace ID: 11111111-2222-4333-8444-555555555555 Correlation ID: 66666666-7777-4888-9999-aaaaaaaaaaaa'

  async function refused(code: number, error: string): Promise<Reply> {
    const visitor = createVisitor()
    const state = parameter(await begin(visitor, `${stage.origin}/deep?x=1`), 'state')
    const description = `AADSTS${code}: Something. ${ids} Timestamp: 2026-01-02 03:04:05Z`
    const query = new URLSearchParams({ error, error_description: description, state })
    const reply = await visit(visitor, `${stage.origin}/.auth/callback?${query}`)
    visitor.close()
    return reply
  }

  for (const [code, error, happened, who] of [
    [65004, 'access_denied', 'You did not accept what the application asks for', 'The person who signs in'],
    [
      53003,
      'access_denied',
      'A rule of your organisation does not let you in from here',
      'An administrator of the directory',
    ],
    [50105, 'interaction_required', 'You are not assigned to this application', 'An administrator of the directory'],
    [650053, 'invalid_client', 'The application asks for a permission that does not exist', 'The people who run this'],
  ] as const) {
    test(`callback says what ${code} means, who must act and the fix, with the ids to copy`, async () => {
      const reply = await refused(code, error)
      expect(reply.status).toBe(403)
      expect(headingOf(reply)).toBe(happened)
      expect(reply.body).toContain(`<dd>${who}`)
      expect(reply.body).toContain(`href="/.auth/help/${code}"`)
      for (const line of ids.split(/ (?=Corr)/)) expect(reply.body).toContain(line)
      expect(reply.body).toContain(`Explained at: ${help(`/${code}`)}`)
    })
  }

  test('callback offers another account only where it may help, and then lets the person choose', async () => {
    expect((await refused(50105, 'interaction_required')).body).toContain('prompt=select_account')
    expect((await refused(53003, 'interaction_required')).body).not.toContain('prompt=select_account')
    expect((await refused(53003, 'interaction_required')).body).toContain('Ask for help')
  })

  test('callback says what it always said of a code that the catalogue does not have', async () => {
    const reply = await refused(53999, 'interaction_required')
    expect(headingOf(reply)).toBe('The sign-in service said no')
    expect(reply.body).toContain(`Explained at: ${help('/53999')}`)
    expect(reply.body).toContain('AADSTS53999')
  })

  test('callback explains what our own request to the provider met', async () => {
    const visitor = createVisitor()
    stage.emulator.control.fail('token', { kind: 'aadsts', code: 7000215 })
    const reply = await signIn(visitor, `${stage.origin}/deep`, 'uwe@contoso.example')
    stage.emulator.control.recover()
    visitor.close()
    expect([reply.status, headingOf(reply)]).toEqual([502, 'The application’s secret is wrong'])
    expect(reply.body).toMatch(/Trace ID: [0-9a-f-]{36}/)
  })
})

describe('sallyport_sign_ins_unreturned', () => {
  test('counts by tenant who began and never came back, once nobody can any more', async () => {
    const clocked = await startClockedStage('store: { type: memory }')
    const unreturned = async () =>
      /^sallyport_sign_ins_unreturned\{tenant="payroll"\} (\S+)$/m.exec(await clocked.metrics())?.[1]
    const [lost, back] = [createVisitor(), createVisitor()]
    await begin(lost, `${clocked.origin}/a`)
    await begin(lost, `${clocked.origin}/b`)
    await signIn(back, `${clocked.origin}/c`, 'uwe@contoso.example')
    expect(await unreturned()).toBe('0')
    clocked.forward(661)
    expect(await unreturned()).toBe('2')
    expect(await clocked.metrics()).toContain('sallyport_sign_ins_total{tenant="payroll",outcome="returned"} 1')
    clocked.forward(3_700)
    expect(await unreturned()).toBeUndefined()
    lost.close()
    back.close()
    await clocked.close()
  })
})
