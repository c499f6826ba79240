import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { attack } from '../attacks/attack.ts'
import { type Stage, startStage } from '../stage.ts'
import { choosePerson, createVisitor, navigation, type Reply, signIn, type Visitor } from '../visitor.ts'
import { type ClockedStage, startClockedStage } from './clocked.ts'
import { approve, reconfigure } from './pages-of-entra.ts'
import { answerFor, begin, binding, expectPage, parameter, setCookies, sid, visit, withParameter } from './scene.ts'
import { bytesOf, handshake, speak } from './wire.ts'

const contexts = (mfa: string) => () => `\n    authContexts: { mfa: ${mfa}, seen: c2, blocked: c3, unpublished: c9 }`
const provider = contexts('c1')
const routes = `- { path: /mfa, access: signed-in, authContext: mfa }
- { path: /mfa/admin, access: [admin], authContext: mfa }
- { path: /seen, access: signed-in, authContext: seen }
- { path: /short, access: signed-in, authContext: seen, authContextAge: 5m }
- { path: /blocked, access: signed-in, authContext: blocked }
- { path: /unpublished, access: signed-in, authContext: unpublished }
- { path: /fresh, access: signed-in, maxAge: 10m }
- { path: /program, access: signed-in, authContext: mfa, onUnauthenticated: 401 }
- { path: /, access: signed-in }`

let stage: Stage
beforeAll(async () => {
  stage = await startStage({ provider, routes })
})
afterAll(() => stage.close())

const uwe = 'uwe@contoso.example'
const ada = 'ada@contoso.example'

async function withPerson(username: string, work: (visitor: Visitor) => Promise<void>, path = '/x'): Promise<void> {
  const visitor = createVisitor()
  try {
    expect((await signIn(visitor, stage.origin + path, username)).status).toBe(200)
    await work(visitor)
  } finally {
    visitor.close()
  }
}

const at = (path: string) => stage.origin + path
const data = { accept: 'application/json', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }
const claimsOf = (address: string) => JSON.parse(parameter(address, 'claims'))
const lastLog = (event: string) => stage.log().findLast(({ event: name }) => name === event)

describe('a route with an authContext', () => {
  test('leads a signed-in person through it once, without a choice of accounts, and back to the address', () =>
    withPerson(uwe, async (visitor) => {
      const before = visitor.cookie(stage.origin, sid)
      const authorize = await begin(visitor, at('/mfa/x?a=1&b=%2F'))
      expect(claimsOf(authorize)).toEqual({ id_token: { acrs: { essential: true, value: 'c1' } } })
      expect(parameter(authorize, 'login_hint')).toBe(uwe)
      const asked = await visit(visitor, authorize)
      expect(asked.body).toContain('Approve the sign-in')
      const back = await approve(visitor, asked)
      expect([back.url, back.status]).toEqual([at('/mfa/x?a=1&b=%2F'), 200])
      expect(visitor.cookie(stage.origin, sid)).not.toBe(before)
      // Remembered: on other routes too, and also for programs.
      expect((await visit(visitor, at('/mfa/y'))).status).toBe(200)
      expect((await visitor.ask(at('/program'), { headers: data })).status).toBe(200)
      expect(lastLog('signed_in')).toMatchObject({ contexts: ['c1'] })
    }))

  attack('T42', 'makes the session before it worthless', () =>
    withPerson(uwe, async (visitor) => {
      const before = visitor.cookie(stage.origin, sid) ?? ''
      await approve(visitor, await visitor.open(at('/mfa')))
      visitor.setCookie(stage.origin, sid, before)
      expect((await visitor.ask(at('/x'), { headers: data })).status).toBe(401)
    }),
  )

  test('asks for it at the first sign-in too, so that there is one round', async () => {
    const visitor = createVisitor()
    const authorize = await begin(visitor, at('/mfa'))
    expect(claimsOf(authorize)).toEqual({ id_token: { acrs: { essential: true, value: 'c1' } } })
    expect(parameter(authorize, 'login_hint')).toBe('')
    const asked = await choosePerson(visitor, await visitor.open(authorize), uwe)
    expect((await approve(visitor, asked)).url).toBe(at('/mfa'))
    visitor.close()
  })

  test('is not asked of whoever lacks the role (never a sign-in for a 403)', () =>
    withPerson(uwe, async (visitor) => expectPage(await visit(visitor, at('/mfa/admin')), 403, 'role_missing')))

  attack('T130', 'keeps the contexts that were satisfied before, each with its own age', () =>
    withPerson(uwe, async (visitor) => {
      await approve(visitor, await visitor.open(at('/mfa')))
      expect((await visitor.open(at('/seen'))).url).toBe(at('/seen'))
      expect(lastLog('signed_in')).toMatchObject({ contexts: ['c1', 'c2'] })
      expect((await visit(visitor, at('/mfa'))).status).toBe(200)
      // Another sign-in of the same person keeps them too.
      const again = await choosePerson(visitor, await visitor.open(at('/.auth/login?prompt=login')), uwe)
      expect(again.status).toBe(200)
      expect((await visit(visitor, at('/mfa'))).status).toBe(200)
    }),
  )

  attack('T111', 'believes nothing because it was asked for: the route stays closed, and nobody goes round', () =>
    withPerson(uwe, async (visitor) => {
      const before = visitor.cookie(stage.origin, sid)
      const edited = withParameter(await begin(visitor, at('/mfa')), 'claims', null)
      const reply = await visit(visitor, await answerFor(visitor, edited, uwe))
      expectPage(reply, 403, 'context_unmet')
      expect(lastLog('identity_refused')).toMatchObject({
        provider: 'contoso',
        detail: 'acrs',
        objectId: expect.any(String),
      })
      expect(visitor.cookie(stage.origin, sid)).toBe(before)
      expect((await visit(visitor, at('/x'))).status).toBe(200)
      expect((await visit(visitor, at('/mfa'))).status).toBe(302)
    }),
  )

  attack('T52', 'does not send a browser round for ever that keeps the session and not the other cookie', () =>
    withPerson(uwe, async (visitor) => {
      for (let round = 0; round < 3; round += 1) {
        const answer = await answerFor(visitor, await begin(visitor, at('/seen')), uwe)
        visitor.setCookie(stage.origin, binding, null)
        expect((await visit(visitor, answer)).headers.location).toBe('/seen')
      }
      expectPage(await visit(visitor, at('/seen')), 400, 'login_loop')
      expect((await visit(visitor, at('/seen?another'))).status).toBe(302)
      expect((await visit(visitor, at('/x'))).status).toBe(200)
    }),
  )

  for (const [what, forgery] of [
    ['names another context', { set: { acrs: ['c2', 'c11', 'C1'] } }],
    ['names it in a way that is no list of names', { set: { acrs: [['c1']] } }],
    ['names it as `acr`', { set: { acr: 'c1' }, remove: ['acrs'] }],
    ['names none', { remove: ['acrs'] }],
  ] as const) {
    attack('T111', `stays closed where the token ${what}`, () =>
      withPerson(uwe, async (visitor) => {
        const asked = await visitor.open(at('/mfa'))
        stage.emulator.control.forgeNextIdToken(forgery)
        expectPage(await approve(visitor, asked), 403, 'context_unmet')
        expect((await visit(visitor, at('/mfa'))).status).toBe(302)
      }),
    )
  }

  test('explains a context that the directory has not published, in place of another round', () =>
    withPerson(uwe, async (visitor) => expectPage(await visitor.open(at('/unpublished')), 403, 'context_unmet')))

  test('says what Entra says where a policy keeps everybody out: on its page, and the session stays', () =>
    withPerson(uwe, async (visitor) => {
      expect((await visitor.open(at('/blocked'))).body).toContain('53003')
      expect((await visit(visitor, at('/x'))).status).toBe(200)
    }))

  attack('T130', 'is not opened by another person, whose sign-in changes nothing', () =>
    withPerson(uwe, async (visitor) => {
      const before = visitor.cookie(stage.origin, sid)
      const other = withParameter(await begin(visitor, at('/mfa')), 'login_hint', ada)
      const back = await approve(visitor, await choosePerson(visitor, await visitor.open(other), ada))
      expectPage(back, 403, 'other_person')
      expect(visitor.cookie(stage.origin, sid)).toBe(before)
      expect((await visit(visitor, at('/x'))).status).toBe(200)
      expect(stage.upstream.seen.at(-1)?.headers['x-forwarded-preferred-username']).toBe(uwe)
      expect(lastLog('signed_in')).toMatchObject({ objectId: '71f8d2b5-0e4c-4936-a6d7-9b3c5f1e2a48' })
    }),
  )

  attack('T130', 'gives nothing to the next person in the same browser', () =>
    withPerson(uwe, async (visitor) => {
      await approve(visitor, await visitor.open(at('/mfa')))
      const picker = await visitor.open(at('/.auth/login?prompt=select_account'))
      expect((await choosePerson(visitor, picker, ada)).status).toBe(200)
      expect((await visit(visitor, at('/mfa'))).status).toBe(302)
    }),
  )

  attack('T126', 'asks anew once the configuration means another context by the name', () =>
    withPerson(uwe, async (visitor) => {
      await approve(visitor, await visitor.open(at('/mfa')))
      reconfigure(stage, { routes, provider: contexts('c2') })
      expect(claimsOf(await begin(visitor, at('/mfa')))).toEqual({
        id_token: { acrs: { essential: true, value: 'c2' } },
      })
      reconfigure(stage, { routes, provider })
      expect((await visit(visitor, at('/mfa'))).status).toBe(200)
    }),
  )

  attack('T13', 'asks for all that any reading of the path asks', () =>
    withPerson(uwe, async (visitor) => {
      for (const path of ['/MFA', '/x/..;/mfa', '/mfa;x=1', '//mfa', '/%6dfa', '/seen%2F..%2Fmfa'])
        expect([302, 400], path).toContain((await visit(visitor, at(path))).status)
      expect((await visit(visitor, at('/Mfa'))).status).toBe(302)
    }),
  )
})

describe('a program that needs more than the session proves', () => {
  const expected =
    `Bearer realm="", authorization_uri="<origin>/0b5a9e1c-7f3d-4c62-9d84-2a6f1e8b7c30/oauth2/v2.0/authorize", ` +
    `client_id="6d1f0c52-3b7e-4a98-8c15-f0e2d4b6a791", error="insufficient_claims", claims="<claims>", cc_type="authcontext"`

  async function expectChallenge(reply: Reply): Promise<void> {
    const claims = Buffer.from('{"access_token":{"acrs":{"essential":true,"value":"c1"}}}').toString('base64')
    expect(reply.status).toBe(401)
    expect(reply.headers['www-authenticate']).toBe(
      expected.replace('<origin>', stage.emulator.origin).replace('<claims>', claims),
    )
    expect(setCookies(reply)).toEqual([])
  }

  test('gets 401 with the challenge of Entra, and where to send the person', () =>
    withPerson(uwe, async (visitor) => {
      const reply = await visitor.ask(at('/mfa'), { headers: data })
      await expectChallenge(reply)
      expect(reply.headers['content-type']).toBe('application/problem+json')
      const { code, loginUrl } = JSON.parse(reply.body)
      expect([code, loginUrl]).toEqual(['context_required', at('/.auth/login?auth_context=mfa')])
      // That is the way through.
      const asked = await visitor.open(`${loginUrl}&return_to=/app?x=1`)
      expect((await approve(visitor, asked)).url).toBe(at('/app?x=1'))
      expect((await visitor.ask(at('/mfa'), { headers: data })).status).toBe(200)
    }))

  test('gets it on a route that never redirects, and in place of a form’s body', () =>
    withPerson(uwe, async (visitor) => {
      await expectChallenge(await visit(visitor, at('/program')))
      const headers = { ...navigation, 'sec-fetch-site': 'same-origin', referer: at('/form?id=7') }
      const posted = await visitor.ask(at('/mfa'), { method: 'POST', headers, body: 'a=b' })
      await expectChallenge(posted)
      expectPage(posted, 401, 'context_required')
      // The one button leads through it, and back to the page of the form.
      expect(posted.body).toContain('href="/.auth/login?return_to=%2Fform%3Fid%3D7&amp;auth_context=mfa"')
    }))

  test('gets it for a WebSocket too', () =>
    withPerson(uwe, async (visitor) => {
      const cookie = `Cookie: ${visitor.cookies(stage.origin).join('; ')}`
      const answer = await speak(
        stage.origin,
        bytesOf(stage.origin, 'GET /mfa/socket', [...handshake(stage.origin), cookie]),
      )
      expect(answer?.status).toBe(401)
      expect(answer?.head).toContain('error="insufficient_claims"')
      expect(answer?.body).toContain('"code":"context_required"')
    }))

  test('gets a page that opens a window where it is a frame', () =>
    withPerson(uwe, async (visitor) => {
      const headers = { ...navigation, 'sec-fetch-dest': 'iframe', referer: at('/around') }
      const framed = await visitor.ask(at('/mfa'), { headers })
      expect(framed.status).toBe(401)
      expect(framed.body).toContain('href="/.auth/login?return_to=%2Faround&amp;auth_context=mfa"')
      expect(framed.body).toContain('target="_blank"')
    }))

  for (const [what, query] of [
    ['an unknown name', 'auth_context=other'],
    ['what the provider calls it', 'auth_context=c1'],
    ['a name that every object has', 'auth_context=constructor'],
    ['an age that is none', 'max_age=0'],
    ['an age in words', 'max_age=1m'],
  ] as const) {
    attack('T47', `is not led through ${what}`, () =>
      withPerson(uwe, async (visitor) => {
        expect((await visit(visitor, at(`/.auth/login?return_to=/app&${query}`))).headers.location).toBe('/app')
      }),
    )
  }

  attack('T47', 'is refused a doubled parameter', () =>
    withPerson(uwe, async (visitor) => {
      for (const query of ['auth_context=mfa&auth_context=mfa', 'max_age=60&max_age=60'])
        expect((await visit(visitor, at(`/.auth/login?${query}`))).status).toBe(400)
    }),
  )
})

describe('time passes', () => {
  let ahead = 0
  let clocked: ClockedStage

  beforeAll(async () => {
    clocked = await startClockedStage('store: { type: memory }\nidle: 10h', { routes, provider })
    // The library that checks tokens has the time of the machine: nearly an hour behind it, they are still valid.
    forward(-3_000)
  })
  afterAll(() => clocked.close())
  const there = (path: string) => clocked.origin + path
  /** Of the gateway and of the pretend Entra alike. */
  const forward = (seconds: number) => {
    ahead += seconds
    clocked.forward(seconds)
    clocked.emulator.control.clock.forward(seconds)
  }

  async function arrived(visitor: Visitor, path: string): Promise<void> {
    const page = await visitor.open(there(path))
    const back = page.body.includes('Approve the sign-in') ? await approve(visitor, page) : page
    expect([back.url, back.status]).toEqual([there(path), 200])
  }

  async function withUwe(work: (visitor: Visitor) => Promise<void>): Promise<void> {
    const visitor = createVisitor()
    try {
      await signIn(visitor, there('/x'), uwe)
      await work(visitor)
    } finally {
      visitor.close()
    }
  }

  attack('T130', 'an authContext counts for as long as its route says, a minute of leeway apart', () =>
    withUwe(async (visitor) => {
      await arrived(visitor, '/short')
      forward(5 * 60 + 55)
      expect((await visit(visitor, there('/short'))).status).toBe(200)
      forward(10)
      expect((await visitor.ask(there('/short'), { headers: data })).status).toBe(401)
      expect((await visit(visitor, there('/seen'))).status).toBe(200)
      await arrived(visitor, '/short')
      expect((await visit(visitor, there('/short'))).status).toBe(200)
    }),
  )

  test('maxAge lets in whoever has proved who they are lately, and asks everybody else again', () =>
    withUwe(async (visitor) => {
      const authorize = await begin(visitor, there('/fresh?x=1'))
      expect([parameter(authorize, 'max_age'), parameter(authorize, 'login_hint')]).toEqual(['600', uwe])
      // The provider says when that was; it need not ask.
      expect((await visitor.open(authorize)).url).toBe(there('/fresh?x=1'))
      forward(11 * 60 + 5)
      const reply = await visitor.ask(there('/fresh'), { headers: data })
      expect(reply.headers['www-authenticate']).toBe(
        'Bearer realm="", error="insufficient_user_authentication", max_age="600"',
      )
      expect(JSON.parse(reply.body)).toMatchObject({
        ...{ status: 401, code: 'sign_in_too_old', loginUrl: there('/.auth/login?max_age=600') },
      })
      const picker = await visitor.open(there('/fresh'))
      expect(picker.body).toContain('uwe@contoso.example')
      expect((await choosePerson(visitor, picker, uwe)).url).toBe(there('/fresh'))
      expect((await visitor.ask(there('/fresh'), { headers: data })).status).toBe(200)
    }))

  for (const [what, forgery] of [
    ['says nothing of when', { remove: ['auth_time'] }],
    ['says that it was too long ago', () => ({ set: { auth_time: Math.floor(Date.now() / 1_000) + ahead - 665 } })],
    ['says that it is still to come', () => ({ set: { auth_time: Math.floor(Date.now() / 1_000) + ahead + 120 } })],
  ] as const) {
    attack('T111', `maxAge stays closed where the token ${what}`, () =>
      withUwe(async (visitor) => {
        clocked.emulator.control.forgeNextIdToken(typeof forgery === 'function' ? forgery() : forgery)
        expectPage(await visitor.open(there('/fresh')), 403, 'context_unmet')
        expect((await visit(visitor, there('/fresh'))).status).toBe(302)
        expect((await visit(visitor, there('/x'))).status).toBe(200)
      }),
    )
  }

  test('an expired step-up heals itself: it is begun once more for the person who is still signed in', () =>
    withUwe(async (visitor) => {
      const answer = await answerFor(visitor, await begin(visitor, there('/seen')), uwe)
      forward(11 * 60)
      expect((await visitor.open(answer)).url).toBe(there('/seen'))
    }))
})
