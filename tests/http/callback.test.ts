import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { attack } from '../attacks/attack.ts'
import { until } from '../redis.ts'
import { type Stage, startStage } from '../stage.ts'
import { createVisitor, navigation, type Reply, signIn, type Visitor } from '../visitor.ts'
import {
  answerFor,
  begin,
  binding,
  cameBack,
  expectPage,
  givesSession,
  parameter,
  setCookies,
  sid,
  visit,
  withParameter,
} from './scene.ts'

let stage: Stage
beforeAll(async () => {
  stage = await startStage({
    people: [
      {
        username: 'many@contoso.example',
        name: 'Member of Many',
        groups: Array.from({ length: 201 }, (_, at) => `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`),
      },
    ],
    tenants: `  - name: canteen
    publicUrl: https://canteen.example
    providers: [contoso]
    upstream: { url: 'http://127.0.0.1:9' }
    routes: [{ path: /, access: signed-in }]`,
  })
})
afterAll(() => stage.close())

const uwe = 'uwe@contoso.example'
const deep = () => `${stage.origin}/deep?x=1`
const callback = (query: string) => `${stage.origin}/.auth/callback${query}`

/** Whoever uses it has no session afterwards: the gate sends him to the sign-in. */
async function expectNobody(visitor: Visitor): Promise<void> {
  const seen = stage.upstream.seen.length
  expect((await visit(visitor, `${stage.origin}/x`)).status).toBe(302)
  expect(stage.upstream.seen.length).toBe(seen)
}

async function withVisitor(work: (visitor: Visitor) => Promise<void>): Promise<void> {
  const visitor = createVisitor()
  try {
    await work(visitor)
  } finally {
    visitor.close()
  }
}

describe('callback without a sign-in that is ours', () => {
  for (const [what, query] of [
    ['nothing at all', ''],
    ['a code alone', '?code=abc'],
    ['an error without state', '?error=access_denied&error_description=AADSTS65004'],
    ['a state that we did not make', '?code=abc&state=abc'],
    ['an empty state', '?code=abc&state='],
    ['a state like ours', `?code=abc&state=1.AAAA.${'A'.repeat(400)}`],
    ['a huge state', `?code=abc&state=${'A'.repeat(6_000)}`],
    ['an ID token in the address', '?id_token=eyJhbGciOiJub25lIn0.e30.&state=x'],
    ['what looks like a prototype', '?__proto__[state]=x&constructor=y'],
    ['broken escapes', '?state=%ff%fe%zz&code=%'],
  ] as const) {
    attack(['T41', 'T44'], `callback explains ${what}, and signs nobody in`, () =>
      withVisitor(async (visitor) => {
        expectPage(await visit(visitor, callback(query)), 400, 'transaction_missing')
        await expectNobody(visitor)
      }),
    )
  }

  attack('T44', 'callback sends whoever is signed in to the start instead, and ends nothing', () =>
    withVisitor(async (visitor) => {
      await signIn(visitor, deep(), uwe)
      const before = visitor.cookie(stage.origin, sid)
      for (const query of ['', '?code=a', '?error=x', '?state=x&code=y']) {
        const reply = await visit(visitor, callback(query))
        expect(reply.headers.location).toBe('/')
        expect(setCookies(reply)).toEqual([])
      }
      expect(visitor.cookie(stage.origin, sid)).toBe(before)
    }),
  )

  attack('T41', 'callback signs nobody in with the answer that somebody else got: login CSRF', async () => {
    const [attacker, victim] = [createVisitor(), createVisitor()]
    const answer = await cameBack(attacker, deep(), uwe)
    for (const planted of [
      null,
      'A'.repeat(22),
      `${'A'.repeat(22)}; ${binding}=${attacker.cookie(stage.origin, binding)}`,
    ]) {
      victim.setCookie(stage.origin, binding, planted)
      const reply = await visit(victim, answer)
      expect(givesSession(reply)).toBe(false)
      expect(reply.status).toBe(302)
      expect(reply.location).toContain('/oauth2/v2.0/authorize')
    }
    // A second answer of the same kind is not another beginning.
    victim.setCookie(stage.origin, binding, null)
    const again = await answerFor(victim, (await visit(victim, answer)).location, 'nora@contoso.example')
    victim.setCookie(stage.origin, binding, null)
    expectPage(await visit(victim, again), 400, 'transaction_missing')
    // And the one whose answer it was can still use it.
    expect((await visit(attacker, answer)).headers.location).toBe('/deep?x=1')
    attacker.close()
    victim.close()
  })

  attack(['T41', 'T52'], 'callback begins again once for a browser without cookies, then explains: no loop', () =>
    withVisitor(async (visitor) => {
      const forgetful = async (url: string): Promise<Reply> => {
        const reply = await visit(visitor, url)
        for (const name of [sid, binding]) visitor.setCookie(stage.origin, name, null)
        return reply
      }
      // The provider knows the person, so every round would go through without a question.
      await forgetful(await cameBack(visitor, deep(), uwe))
      const before = stage.emulator.control.requests('authorize')
      let reply = await forgetful(deep())
      for (let hops = 0; reply.location !== ''; hops += 1) {
        expect(hops).toBeLessThan(10)
        reply = await forgetful(reply.location)
      }
      expectPage(reply, 400, 'transaction_missing')
      expect(stage.emulator.control.requests('authorize') - before).toBe(2)
      expect(reply.body).toContain('return_to=%2Fdeep%3Fx%3D1')
    }),
  )

  for (const [what, headers] of [
    ['a fetch', { accept: '*/*', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }],
    ['an image', { accept: 'image/*', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }],
    ['a frame', { ...navigation, 'sec-fetch-dest': 'iframe' }],
    ['a prefetch', { ...navigation, 'sec-purpose': 'prefetch' }],
  ] as const) {
    attack('T53', `callback begins no sign-in anew for ${what}`, async () => {
      const [other, visitor] = [createVisitor(), createVisitor()]
      const answer = await cameBack(other, deep(), uwe)
      const reply = await visitor.ask(answer, { headers })
      expect(reply.status).toBe(400)
      expect(setCookies(reply)).toEqual([])
      other.close()
      visitor.close()
    })
  }

  attack('T63', 'callback cannot be given a state of another tenant', () =>
    withVisitor(async (visitor) => {
      const answer = await cameBack(visitor, deep(), uwe)
      const cookie = `${binding}=${visitor.cookie(stage.origin, binding)}`
      const reply = await visit(visitor, answer, { host: 'canteen.example', cookie })
      expectPage(reply, 400, 'transaction_missing')
      // It was not used up by that.
      expect((await visit(visitor, answer)).headers.location).toBe('/deep?x=1')
    }),
  )

  attack('T37', 'callback accepts no state with any byte changed', () =>
    withVisitor(async (visitor) => {
      const answer = await cameBack(visitor, deep(), uwe)
      const state = parameter(answer, 'state')
      for (let at = 0; at < state.length; at += 7) {
        const changed = state.slice(0, at) + (state[at] === 'A' ? 'B' : 'A') + state.slice(at + 1)
        expectPage(await visit(visitor, withParameter(answer, 'state', changed)), 400, 'transaction_missing')
      }
      for (const changed of [
        state.slice(1),
        state.slice(0, -1),
        `${state}A`,
        state.toLowerCase(),
        ` ${state}`,
        `${state}=`,
      ]) {
        expectPage(await visit(visitor, withParameter(answer, 'state', changed)), 400, 'transaction_missing')
      }
      expect((await visit(visitor, answer)).headers.location).toBe('/deep?x=1')
    }),
  )

  for (const name of ['state', 'code', 'error', 'iss']) {
    attack('T44', `callback refuses a doubled ${name}`, () =>
      withVisitor(async (visitor) => {
        const answer = await cameBack(visitor, deep(), uwe)
        for (const value of [parameter(answer, name), 'x']) {
          const doubled = `${answer}&${name}=${encodeURIComponent(value)}&${name}=x`
          expectPage(await visit(visitor, doubled), 400, 'request_malformed')
        }
        await expectNobody(visitor)
      }),
    )
  }
})

describe('callback a second time', () => {
  attack('T44', 'callback leads back whoever presses reload or the back button', () =>
    withVisitor(async (visitor) => {
      const answer = await cameBack(visitor, deep(), uwe)
      await visit(visitor, answer)
      const before = visitor.cookie(stage.origin, sid)
      const reply = await visit(visitor, answer)
      expect(reply.headers.location).toBe('/deep?x=1')
      expect(setCookies(reply)).toEqual([])
      expect(visitor.cookie(stage.origin, sid)).toBe(before)
    }),
  )

  attack(
    'T45',
    'callback begins anew once for whoever has no session any more, then explains; nothing is redeemed twice',
    () =>
      withVisitor(async (visitor) => {
        const answer = await cameBack(visitor, deep(), uwe)
        await visit(visitor, answer)
        visitor.setCookie(stage.origin, sid, null)
        const before = stage.emulator.control.requests('token')
        const reply = await visit(visitor, answer)
        expect(givesSession(reply)).toBe(false)
        expect(stage.emulator.control.requests('token')).toBe(before)
        const second = await answerFor(visitor, reply.location, uwe)
        expect((await visit(visitor, second)).headers.location).toBe('/deep?x=1')
        visitor.setCookie(stage.origin, sid, null)
        expectPage(await visit(visitor, second), 400, 'transaction_used')
        expect(stage.emulator.control.requests('token')).toBe(before + 1)
        await expectNobody(visitor)
      }),
  )

  attack('T45', 'callback gives one session, however often the same answer comes at once', () =>
    withVisitor(async (visitor) => {
      const answer = await cameBack(visitor, deep(), uwe)
      const cookie = `${binding}=${visitor.cookie(stage.origin, binding)}`
      const replies = await Promise.all(Array.from({ length: 10 }, () => visit(visitor, answer, { cookie })))
      expect(replies.filter(givesSession)).toHaveLength(1)
    }),
  )
})

describe('callback with an answer that is not the one', () => {
  test('callback explains a missing code', () =>
    withVisitor(async (visitor) => {
      const answer = withParameter(await cameBack(visitor, deep(), uwe), 'code', null)
      const reply = await visit(visitor, answer)
      expect([400, 403, 502]).toContain(reply.status)
      expect(givesSession(reply)).toBe(false)
      expect(reply.body).toContain('Request id')
      await expectNobody(visitor)
    }))

  attack('T43', 'callback signs nobody in with the code of another sign-in: PKCE', async () => {
    const [attacker, victim] = [createVisitor(), createVisitor()]
    const stolen = parameter(await cameBack(victim, deep(), 'ada@contoso.example'), 'code')
    const own = await cameBack(attacker, deep(), uwe)
    const reply = await visit(attacker, withParameter(own, 'code', stolen))
    expectPage(reply, 403, 'provider_refused')
    expect(reply.body).toContain('AADSTS501481')
    await expectNobody(attacker)
    // What is shown is what helps: the numbers, not the code.
    expect(reply.body).not.toContain(stolen.slice(0, 20))
    attacker.close()
    victim.close()
  })

  attack('T44', 'callback explains a code that the provider does not know, and says it once', () =>
    withVisitor(async (visitor) => {
      const answer = withParameter(await cameBack(visitor, deep(), uwe), 'code', 'unknown')
      const before = stage.emulator.control.requests('token')
      const reply = await visit(visitor, answer)
      expectPage(reply, 403, 'provider_refused')
      expect(reply.body).toMatch(/Trace ID: [0-9a-f-]{36}/)
      expect(reply.body).toMatch(/Correlation ID: [0-9a-f-]{36}/)
      expect(stage.emulator.control.requests('token') - before).toBe(1)
      await expectNobody(visitor)
    }),
  )

  attack('T44', 'callback refuses an answer that names another issuer', () =>
    withVisitor(async (visitor) => {
      const answer = await cameBack(visitor, deep(), uwe)
      const reply = await visit(visitor, `${answer}&iss=https%3A%2F%2Fevil.example`)
      expectPage(reply, 502, 'provider_fault')
      await expectNobody(visitor)
    }),
  )

  test('callback refuses an answer that brings an ID token along', () =>
    withVisitor(async (visitor) => {
      const answer = await cameBack(visitor, deep(), uwe)
      const reply = await visit(visitor, `${answer}&id_token=eyJhbGciOiJub25lIn0.e30.`)
      expect(reply.status).toBeGreaterThanOrEqual(400)
      expect(givesSession(reply)).toBe(false)
      await expectNobody(visitor)
    }))
})

describe('callback with an error of the provider', () => {
  const trace = '11111111-2222-4333-8444-555555555555'
  const correlation = '66666666-7777-4888-9999-aaaaaaaaaaaa'

  async function refused(visitor: Visitor, parameters: Record<string, string>): Promise<Reply> {
    const state = parameter(await begin(visitor, deep()), 'state')
    return await visit(visitor, callback(`?${new URLSearchParams({ ...parameters, state })}`))
  }

  test('callback says in plain words that the person cancelled, and offers the way back', () =>
    withVisitor(async (visitor) => {
      const reply = await refused(visitor, { error: 'access_denied', error_subcode: 'cancel' })
      expectPage(reply, 403, 'login_cancelled')
      expect(reply.body).toContain('return_to=%2Fdeep%3Fx%3D1')
      await expectNobody(visitor)
    }))

  test('callback shows the numbers that support asks for, and logs them', () =>
    withVisitor(async (visitor) => {
      const description = `AADSTS50105: not assigned. Trace ID: ${trace} Correlation ID: ${correlation} Timestamp: 2026-01-02 03:04:05Z`
      const reply = await refused(visitor, { error: 'interaction_required', error_description: description })
      expectPage(reply, 403, 'provider_refused')
      for (const text of ['AADSTS50105', trace, correlation, '2026-01-02 03:04:05Z']) expect(reply.body).toContain(text)
      const requestId = /Request id <code>([^<]*)/.exec(reply.body)?.[1]
      expect(stage.log().find((line) => line.requestId === requestId)).toMatchObject({
        event: 'sign_in_refused',
        reason: 'provider_refused',
        providerError: 'interaction_required',
        providerCode: 'AADSTS50105',
        traceId: trace,
        correlationId: correlation,
      })
    }))

  for (const [what, text] of [
    ['a script', '<script>alert(1)</script>'],
    ['an attribute', '"><img src=x onerror=alert(1)>'],
    ['a template', '<%= it.secret %>{{7*7}}$' + '{7*7}'],
    ['instructions', 'Your account is locked. Call +49 123 and tell your password to evil.example'],
    ['line breaks', 'x\r\nSet-Cookie: a=b\r\n\r\n{"event":"signed_in"}'],
    ['a fake code', 'AADSTS50105<b>: Trace ID: <script>evil</script> Correlation ID: evil'],
    ['an endless text', 'AADSTS'.repeat(500)],
    ['directions of writing', '\u202e\u2066evil\u0000'],
  ] as const) {
    attack(['T91', 'T94'], `callback repeats nothing of ${what}`, () =>
      withVisitor(async (visitor) => {
        const marked = `${text} marker`
        const reply = await refused(visitor, { error: marked, error_description: marked, error_uri: marked })
        expect([400, 403, 502]).toContain(reply.status)
        expect(reply.headers['set-cookie']).toBeUndefined()
        expect(reply.headers['content-security-policy']).toContain("default-src 'none'")
        const page = reply.body.replace(/<style>.*?<\/style>/s, '')
        expect(page).not.toMatch(/<script|<img|onerror|evil|marker|alert\(|locked|\u202e/)
        expect(stage.logText().match(/alert\(1\)|locked|evil|marker|\u202e/)).toBe(null)
        await expectNobody(visitor)
      }),
    )
  }
})

describe('callback and the session', () => {
  attack('T42', 'callback gives a new id, also with a validly signed cookie that was planted', async () => {
    const [attacker, victim] = [createVisitor(), createVisitor()]
    await signIn(attacker, deep(), uwe)
    const planted = attacker.cookie(stage.origin, sid) ?? ''
    const answer = await cameBack(victim, deep(), 'ada@contoso.example')
    victim.setCookie(stage.origin, sid, planted)
    expect(givesSession(await visit(victim, answer))).toBe(true)
    expect(victim.cookie(stage.origin, sid)).not.toBe(planted)
    // The planted session is not the victim's, and it has ended.
    await expectNobody(attacker)
    attacker.close()
    victim.close()
  })

  attack('T42', 'callback gives a new id with the signed cookie of a session that has ended', () =>
    withVisitor(async (visitor) => {
      await signIn(visitor, deep(), uwe)
      const old = visitor.cookie(stage.origin, sid) ?? ''
      await visitor.ask(`${stage.origin}/.auth/logout`, { method: 'POST', headers: { origin: stage.origin } })
      visitor.setCookie(stage.origin, sid, old)
      await visit(visitor, await cameBack(visitor, deep(), uwe))
      expect(visitor.cookie(stage.origin, sid)).not.toBe(old)
      expect((await visitor.ask(deep(), { headers: { cookie: `${sid}=${old}` } })).status).toBe(401)
    }),
  )

  attack('T50', 'callback ends the session that was there before', () =>
    withVisitor(async (visitor) => {
      await signIn(visitor, deep(), uwe)
      const old = visitor.cookie(stage.origin, sid) ?? ''
      const again = await answerFor(
        visitor,
        await begin(visitor, `${stage.origin}/.auth/login?prompt=select_account`),
        'ada@contoso.example',
      )
      expect(givesSession(await visit(visitor, again))).toBe(true)
      expect((await visitor.ask(deep(), { headers: { cookie: `${sid}=${old}` } })).status).toBe(401)
      expect(JSON.parse((await visitor.ask(deep())).body).headers).toMatchObject({ 'x-forwarded-name': 'Ada Lovelace' })
    }),
  )

  attack('T79', 'callback sets the cookie for this host alone, out of reach of scripts, and lets nobody store it', () =>
    withVisitor(async (visitor) => {
      const reply = await visit(visitor, await cameBack(visitor, deep(), uwe))
      const [line = ''] = setCookies(reply).filter((each) => each.startsWith(sid))
      expect(line.split('; ').slice(1).sort()).toEqual(['HttpOnly', 'Path=/', 'SameSite=Lax', 'Secure'])
      expect(line.split(';')[0]?.length).toBeLessThanOrEqual(100)
      expect(reply.headers['cache-control']).toBe('no-store')
    }),
  )

  test('callback answers a code to GET alone', () =>
    withVisitor(async (visitor) => {
      const answer = await cameBack(visitor, deep(), uwe)
      for (const method of ['HEAD', 'POST', 'PUT', 'OPTIONS']) {
        expect((await visitor.ask(answer, { method, headers: navigation })).status).toBe(405)
      }
      expect(givesSession(await visit(visitor, answer))).toBe(true)
    }))
})

describe('callback and what the provider leaves out', () => {
  for (const [what, status, code, refused] of [
    ['is busy', 503, 'graph_unreachable', 503],
    ['throttles', 429, 'graph_unreachable', 503],
    ['refuses the token', 401, 'graph_refused', 502],
    ['lacks the permission', 403, 'graph_refused', 502],
  ] as const) {
    attack(
      'T109',
      `callback refuses a person whose groups were left out while Graph ${what}, and guesses nothing`,
      () =>
        withVisitor(async (visitor) => {
          const { control } = stage.emulator
          const answer = await cameBack(visitor, deep(), 'many@contoso.example')
          control.fail('graph', { kind: 'status', status, headers: { 'Retry-After': '0' } }, Number.POSITIVE_INFINITY)
          const reply = await visit(visitor, answer)
          control.recover()
          expectPage(reply, refused, code)
          expect(reply.body).toContain('it@contoso.example')
          await expectNobody(visitor)
          await until(
            'it is logged',
            () => stage.logText().includes(`checkMemberObjects: ${status} `) || status === 403,
          )
          expect(stage.logText()).not.toMatch(/eyJ|Bearer/)
        }),
    )
  }

  attack('T109', 'callback refuses a person whose app roles were left out, which nobody could tell', () =>
    withVisitor(async (visitor) => {
      const answer = await cameBack(visitor, deep(), uwe)
      stage.emulator.control.forgeNextIdToken({ set: { _claim_names: { roles: 'src1' } } })
      const reply = await visit(visitor, answer)
      expectPage(reply, 403, 'groups_unknown')
      expect(reply.body).toContain('it@contoso.example')
      await expectNobody(visitor)
      await until('it is logged', () => stage.logText().includes('roles-overage'))
    }),
  )

  attack(
    'T110',
    'callback never calls the address that a token names, and asks Graph where the configuration says',
    async () => {
      let called = 0
      stage.upstream.handle(({ url }) => {
        if (url === '/trap') called += 1
        return false
      })
      const asked = stage.emulator.control.requests('graph')
      await withVisitor(async (visitor) => {
        const answer = await cameBack(visitor, deep(), uwe)
        stage.emulator.control.forgeNextIdToken({
          remove: ['groups'],
          set: {
            _claim_names: { groups: 'src1' },
            _claim_sources: { src1: { endpoint: `${stage.upstream.origin}/trap` } },
          },
        })
        expect(givesSession(await visit(visitor, answer))).toBe(true)
        const { headers } = JSON.parse((await visitor.open(deep())).body)
        expect(headers).toMatchObject({ 'x-forwarded-roles': 'user' })
      })
      stage.upstream.handle(null)
      expect([called, stage.emulator.control.requests('graph') - asked]).toEqual([0, 1])
    },
  )
})
