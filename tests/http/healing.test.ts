/** A sign-in that does not come to its end: what heals it, and what is said of it when it cannot be healed. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { attack } from '../attacks/attack.ts'
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
} from './scene.ts'

const uwe = 'uwe@contoso.example'
const json = { accept: 'application/json' }
const framed = { ...navigation, 'sec-fetch-dest': 'iframe', 'sec-fetch-site': 'cross-site' }
const portal = 'https://portal.example'

async function withVisitor(work: (visitor: Visitor) => Promise<void>): Promise<void> {
  const visitor = createVisitor()
  try {
    await work(visitor)
  } finally {
    visitor.close()
  }
}

function lastCause(stage: Stage): unknown {
  return stage.log().findLast(({ event }) => event === 'sign_in_refused' || event === 'request_refused')?.cause
}

describe('a browser that does not keep what it was given', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await startStage()
  })
  afterAll(() => stage.close())
  const deep = () => `${stage.origin}/deep?x=1`

  for (const [what, cookie, headers, cause, says] of [
    ['no cookies', undefined, {}, 'no_cookies', 'Your browser sent no cookie at all'],
    ['cookies of the application alone', 'JSESSIONID=1', {}, 'cookie_lost', 'not the one of the sign-in'],
    ['the binding of another browser', `${binding}=${'?'.repeat(22)}`, {}, 'other_browser', 'begun in another browser'],
    ['its binding twice', `${binding}=${'A'.repeat(22)}; ${binding}=b`, {}, 'cookie_twice', 'our cookie twice'],
    ['nothing, on plain http', undefined, { 'x-forwarded-proto': 'http' }, 'plain_http', 'without https'],
  ] as const) {
    attack(['T41', 'T52'], `callback begins anew once for a browser with ${what}, then says why`, () =>
      withVisitor(async (visitor) => {
        let round = 0
        const forgetting = async (url: string): Promise<Reply> => {
          visitor.setCookie(stage.origin, binding, null)
          round += 1
          const sent = cookie === undefined ? {} : { cookie: cookie.replaceAll('?', String(round)) }
          return await visit(visitor, url, { ...headers, ...sent })
        }
        const first = await forgetting(await cameBack(visitor, deep(), uwe))
        expect(first.location).toContain('/oauth2/v2.0/authorize')
        const reply = await forgetting(await answerFor(visitor, first.location, uwe))
        expectPage(reply, 400, 'transaction_missing')
        expect(reply.body).toContain(says)
        expect(reply.body).toContain('return_to=%2Fdeep%3Fx%3D1')
        expect(lastCause(stage)).toBe(cause)
      }),
    )
  }

  for (const [what, spoil, cause] of [
    ['shows an old session', () => 'old', 'session_lost'],
    ['forgets its session', () => null, 'cookie_lost'],
    ['has its session twice', (value: string | undefined) => `old; ${sid}=${value ?? ''}`, 'cookie_twice'],
  ] as const) {
    attack('T52', `the gate says why to a browser that ${what}, and a program reads it`, () =>
      withVisitor(async (visitor) => {
        await signIn(visitor, `${stage.origin}/`, uwe)
        let reply = await visit(visitor, `${stage.origin}/round`)
        for (let hops = 0; hops < 20; hops += 1) {
          visitor.setCookie(stage.origin, sid, spoil(visitor.cookie(stage.origin, sid)))
          reply = await visit(visitor, reply.location === '' ? `${stage.origin}/round` : reply.location)
          if (reply.status === 400) break
        }
        expectPage(reply, 400, 'login_loop')
        expect(lastCause(stage)).toBe(cause)
      }),
    )
  }

  attack('T78', 'the gate takes away a cookie that is there twice, so that the next sign-in is believed', () =>
    withVisitor(async (visitor) => {
      await signIn(visitor, `${stage.origin}/`, uwe)
      const cookie = `${sid}=a; ${sid}=b; ${binding}=c; ${binding}=d`
      const cookies = setCookies(await visit(visitor, deep(), { cookie }))
      const gone = cookies.filter((line) => line.includes('Expires=Thu, 01 Jan 1970'))
      expect(gone.map((line) => [line.split('=')[0], line.includes('Partitioned')])).toEqual([
        [sid, false],
        [sid, true],
        [binding, false],
        [binding, true],
      ])
      // The new one comes after them.
      expect(cookies.at(-1)).toMatch(new RegExp(`^${binding}=[\\w-]{22}[.][\\w.-]+; Max-Age`))
      expect(setCookies(await visit(visitor, `${stage.origin}/.auth/login?prompt=login`))).toHaveLength(1)
    }),
  )

  test('a frame of another site is led to a window of its own, without a sign-in and without a way round', () =>
    withVisitor(async (visitor) => {
      const reply = await visitor.ask(deep(), { headers: framed })
      expect(reply.status).toBe(401)
      expect(reply.body).toContain('This opens in a window of its own')
      expect(reply.body).toContain('href="/deep?x=1" target="_blank"')
      expect(reply.body).not.toContain('Show this part again')
      expect(setCookies(reply)).toEqual([])
      const answer = await cameBack(visitor, deep(), uwe)
      visitor.setCookie(stage.origin, binding, null)
      const returned = await visitor.ask(answer, { headers: framed })
      expect(returned.status).toBe(400)
      expect(returned.body).toContain('href="/deep?x=1" target="_blank"')
      expect(lastCause(stage)).toBe('framed')
    }))

  test('a refusal inside a frame of the application can be read there, and nowhere else', () =>
    withVisitor(async (visitor) => {
      await signIn(visitor, `${stage.origin}/`, uwe)
      const inside = await visitor.ask(`${stage.origin}/admin`, {
        headers: { ...framed, 'sec-fetch-site': 'same-origin' },
      })
      expectPage(inside, 403, 'role_missing')
      expect(inside.headers['content-security-policy']).toMatch(/frame-ancestors 'self'$/)
      const outside = await visit(visitor, `${stage.origin}/admin`)
      expect(outside.headers['content-security-policy']).toMatch(/frame-ancestors 'none'$/)
    }))

  test('signedIn tells whoever is signed in to go back, and nobody else that they are', () =>
    withVisitor(async (visitor) => {
      expect((await visit(visitor, `${stage.origin}/.auth/signed-in`)).status).toBe(401)
      const picker = await begin(visitor, `${stage.origin}/.auth/login?return_to=/.auth/signed-in`)
      const back = await visit(visitor, await answerFor(visitor, picker, uwe))
      expect(back.headers.location).toBe('/.auth/signed-in')
      expect((await visit(visitor, back.location)).body).toContain('You can close this window')
      for (const wanted of ['/.auth/signed-in?x', '/.auth/signed-in/', '/.AUTH/signed-in', '/.auth/logout']) {
        const reply = await visit(visitor, `${stage.origin}/.auth/login?return_to=${encodeURIComponent(wanted)}`)
        expect(reply.headers.location).toBe('/')
      }
    }))
})

describe('a tenant that keeps fragments', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await startStage({ tenant: 'keepFragment: true' })
  })
  afterAll(() => stage.close())

  test('the gate sends a page before the sign-in, which begins nothing yet; programs get what they always get', () =>
    withVisitor(async (visitor) => {
      const reply = await visit(visitor, `${stage.origin}/deep?x=1`)
      expect([reply.status, setCookies(reply)]).toEqual([401, []])
      expect(reply.headers['www-authenticate']).toContain('Cookie realm="payroll"')
      expect(reply.headers['cache-control']).toBe('no-store')
      expect(reply.headers['content-security-policy']).toMatch(/script-src 'sha256-[^']+';/)
      expect(reply.body).toContain('href="/.auth/login?return_to=%2Fdeep%3Fx%3D1"')
      const program = await visitor.ask(`${stage.origin}/deep?x=1`, { headers: json })
      expect(program.headers['content-type']).toBe('application/problem+json')
      const back = await cameBack(visitor, `${stage.origin}/.auth/login?return_to=%2Fdeep%3Fx%3D1%23%2Fy`, uwe)
      expect((await visit(visitor, back)).headers.location).toBe('/deep?x=1#/y')
    }))
})

describe('a tenant that a portal may embed', () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await startStage({ tenant: `cookie: { sameSite: none, embeddedBy: ['${portal}'] }` })
  })
  afterAll(() => stage.close())
  const deep = () => `${stage.origin}/deep?x=1`

  attack('T70', 'both cookies are partitioned, go where they came from, and are taken away in the same way', () =>
    withVisitor(async (visitor) => {
      const started = await visit(visitor, deep())
      expect(setCookies(started)).toEqual([
        expect.stringMatching(/; Path=\/; HttpOnly; Secure; SameSite=None; Partitioned$/),
      ])
      const reply = await visit(visitor, await answerFor(visitor, started.location, uwe))
      expect(setCookies(reply)).toHaveLength(1)
      const [cookie = ''] = setCookies(reply)
      expect(cookie.split('; ').slice(1).sort()).toEqual([
        'HttpOnly',
        'Partitioned',
        'Path=/',
        'SameSite=None',
        'Secure',
      ])
      const left = await visitor.ask(`${stage.origin}/.auth/logout`, {
        method: 'POST',
        headers: { origin: stage.origin },
      })
      expect(setCookies(left)).toEqual([
        expect.stringMatching(/^__Host-sid=; .*SameSite=None; Partitioned$/),
        expect.stringMatching(/^__Host-login=; .*SameSite=None; Partitioned$/),
        expect.stringMatching(/^__Host-form=; .*SameSite=None; Partitioned$/),
      ])
      const consent = await visit(visitor, `${stage.origin}/.auth/admin-consent`)
      expect(setCookies(consent)).toEqual([expect.stringMatching(/^__Host-login=.*SameSite=None; Partitioned$/)])
    }),
  )

  attack(['T52', 'T53'], 'the gate asks the provider inside a frame without a word, once, and then for a window', () =>
    withVisitor(async (visitor) => {
      const silent = await visitor.ask(deep(), { headers: framed })
      expect(silent.status).toBe(302)
      expect(parameter(silent.location, 'prompt')).toBe('none')
      const answer = await visitor.ask(silent.location, { headers: framed })
      expect(parameter(answer.location, 'error')).toBe('login_required')
      const page = await visitor.ask(answer.location, { headers: framed })
      expect([page.status, page.location]).toEqual([401, ''])
      expect(page.body).toContain('href="/.auth/login?return_to=%2F.auth%2Fsigned-in" target="_blank"')
      expect(page.body).toContain('href="/deep?x=1">Show this part again')
      expect(page.body).toContain('href="/deep?x=1" target="_blank"')
      // In the window they sign in; from then on it works without a word.
      await signIn(visitor, `${stage.origin}/.auth/login?return_to=/.auth/signed-in`, uwe)
      visitor.setCookie(stage.origin, sid, null)
      const again = await visitor.ask(deep(), { headers: framed })
      const granted = await visitor.ask(again.location, { headers: framed })
      const signedIn = await visitor.ask(granted.location, { headers: framed })
      expect([givesSession(signedIn), signedIn.headers.location]).toEqual([true, '/deep?x=1'])
    }),
  )

  attack('T52', 'a frame that keeps no cookie is not sent round', () =>
    withVisitor(async (visitor) => {
      await signIn(visitor, `${stage.origin}/`, uwe)
      for (const name of [sid, binding]) visitor.setCookie(stage.origin, name, null)
      const silent = await visitor.ask(deep(), { headers: framed })
      visitor.setCookie(stage.origin, binding, null)
      const granted = await visitor.ask(silent.location, { headers: framed })
      const reply = await visitor.ask(granted.location, { headers: { ...framed, 'sec-fetch-storage-access': 'none' } })
      expect([reply.status, reply.location, setCookies(reply)]).toEqual([400, '', []])
      expect(reply.body).toContain('This opens in a window of its own')
    }),
  )

  test('what the application says may be framed by the portal alone, whatever it says itself', () =>
    withVisitor(async (visitor) => {
      await signIn(visitor, `${stage.origin}/`, uwe)
      for (const path of ['/x', '/public/x']) {
        const reply = await visitor.ask(stage.origin + path, { headers: framed })
        expect([reply.status, reply.headers['content-security-policy']]).toEqual([
          200,
          `frame-ancestors 'self' ${portal}`,
        ])
      }
      const refused = await visitor.ask(`${stage.origin}/admin`, { headers: framed })
      expect(refused.headers['content-security-policy']).toContain(`frame-ancestors 'self' ${portal}`)
    }))

  for (const path of ['/.auth/me', '/.auth/session', '/.auth/explain']) {
    attack('T82', `${path} tells no script of another site whether somebody is signed in`, () =>
      withVisitor(async (visitor) => {
        await signIn(visitor, `${stage.origin}/`, uwe)
        const ask = (site: string) =>
          visitor.ask(stage.origin + path, {
            headers: { 'sec-fetch-site': site, 'sec-fetch-mode': 'no-cors', ...json },
          })
        expect((await ask('same-origin')).status).toBe(200)
        expect((await ask('cross-site')).status).toBe(401)
      }),
    )
  }

  for (const [what, path, ask] of [
    ['a form', '/x', { method: 'POST', headers: { ...navigation, 'sec-fetch-site': 'cross-site', origin: portal } }],
    ['a form of an old browser', '/x', { method: 'POST', headers: { origin: 'https://evil.example' } }],
    ['a script', '/x', { headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', ...json } }],
    ['a form for an optional page', '/optional', { method: 'POST', headers: { 'sec-fetch-site': 'cross-site' } }],
  ] as const) {
    attack('T82', `the gate refuses ${what} of another site that comes with the cookie`, () =>
      withVisitor(async (visitor) => {
        await signIn(visitor, `${stage.origin}/`, uwe)
        const seen = stage.upstream.seen.length
        const reply = await visitor.ask(stage.origin + path, ask)
        expect(reply.status).toBe(403)
        expect(reply.body).toContain('cross_site_refused')
        expect(stage.upstream.seen.length).toBe(seen)
        const own = await visitor.ask(stage.origin + path, { method: 'POST', headers: { origin: stage.origin } })
        expect(own.status).toBe(200)
      }),
    )
  }

  test('logout inside the frame ends the session of the frame, and says so there', () =>
    withVisitor(async (visitor) => {
      await signIn(visitor, `${stage.origin}/`, uwe)
      const inside = { ...framed, 'sec-fetch-site': 'same-origin' }
      const reply = await visitor.ask(`${stage.origin}/.auth/logout`, { headers: inside })
      expect([reply.status, reply.headers.location]).toEqual([302, '/.auth/signed-out?only=here'])
      const page = await visitor.ask(reply.location, { headers: inside })
      expect(page.body).toContain('Your session here has ended')
      expect(page.headers['content-security-policy']).toContain(`frame-ancestors 'self' ${portal}`)
      const foreign = await visitor.ask(`${stage.origin}/.auth/logout`, { headers: framed })
      expect([foreign.status, foreign.headers['content-security-policy']]).toEqual([
        200,
        expect.stringContaining("frame-ancestors 'none'"),
      ])
    }))

  test('explain knows of it too', () =>
    withVisitor(async (visitor) => {
      await signIn(visitor, `${stage.origin}/`, uwe)
      const reply = await visitor.ask(`${stage.origin}/.auth/explain?path=/x&method=POST`, { headers: json })
      expect(JSON.parse(reply.body).request.verdict.act).toBe('forward')
    }))
})
