/** What happens at two gateways at the same moment: renewals, touches, sign-outs, revocations and sign-ins. */
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { type Emulator, startEmulator } from '../../src/emulator/emulator.ts'
import { storeKey } from '../../src/session/seal.ts'
import { answerFor, begin, cameBack, givesSession } from '../http/scene.ts'
import { type PlainProvider, plainClient, startPlainProvider } from '../plain-provider.ts'
import { plainYaml, submit } from '../plain-stage.ts'
import { redisMissing, startRedis, type TestRedis, until } from '../redis.ts'
import { freePort, stageYaml, startUpstream, type Upstream } from '../stage.ts'
import { createVisitor, type Reply, type Visitor } from '../visitor.ts'
import { attack } from './attack.ts'
import { type Pair, sessionIn, startPair, type Which } from './pair.ts'

const uwe = 'uwe@contoso.example'
const staff = '8e2c7a10-5d4f-4b96-a3e8-1f0d9c8b7a65'
const administrators = '4f9d2b6a-1c83-4e57-b0a9-7d6e5c4b3a21'
const interval = 600
const both: readonly Which[] = [0, 1]

let redis: TestRedis
let upstream: Upstream
beforeAll(async () => {
  if (redisMissing()) return
  ;[redis, upstream] = await Promise.all([startRedis(), startUpstream()])
})
afterAll(async () => {
  await upstream?.close()
  await redis?.stop()
})

const limits = ', limits: { failures: 0, signIns: { perCaller: 0 } }'

describe.skipIf(redisMissing())('two gateways and Entra', () => {
  let emulator: Emulator
  let pair: Pair
  beforeAll(async () => {
    emulator = await startEmulator({ port: 0, application: { loopLimit: null } })
    pair = await startPair((listensAt, calledBy) =>
      stageYaml({
        ...{ port: listensAt, publicUrl: () => `http://localhost:${calledBy}` },
        ...{ upstream: upstream.origin, authority: emulator.origin, server: limits },
        session: `store: { type: redis, url: '${redis.url}', prefix: entra }\nrevalidate: 10m`,
      }),
    )
  })
  afterAll(async () => {
    await pair.close()
    await emulator.close()
  })

  async function signIn(visitor: Visitor, which: Which): Promise<string> {
    const reply = await pair.comeBack(which, visitor, await cameBack(visitor, `${pair.origin}/x`, uwe))
    return sessionIn(reply) ?? `none: ${reply.status}`
  }

  const statuses = (path: string, cookie: string, times = 1) =>
    Promise.all(
      Array.from({ length: times }, () => both)
        .flat()
        .map(async (which) => (await pair.ask(which, path, cookie)).status),
    )

  const idOf = (cookie: string) => cookie.slice('__Host-sid=s%3A'.length, '__Host-sid=s%3A'.length + 22)
  const lives = 40
  const rounds = 25

  attack(
    ['T123', 'T74'],
    `comes back in none of ${lives * rounds} rounds of renewals and touches at both, nor a session that is signed out amid them`,
    async () => {
      for (let life = 0; life < lives; life += 1) {
        const visitor = createVisitor()
        const [one, other] = life % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)
        const cookie = await signIn(visitor, one)
        expect(await redis.client.exists(`entra:{${storeKey(idOf(cookie))}}:facts`)).toBe(1)
        for (let round = 0; round < rounds; round += 1) {
          const isAdmin = round % 2 === 0
          emulator.control.changePerson(uwe, { groups: isAdmin ? [staff, administrators] : [staff] })
          pair.forward(interval)
          // Both are due, and both are touched: whoever renews, the newest word counts at both, now and afterwards.
          const expected = Array.from({ length: 4 }, () => (isAdmin ? 200 : 403))
          expect(await statuses('/admin', cookie, 2), `life ${life} round ${round}`).toEqual(expected)
        }
        pair.forward(interval)
        const [, signedOut] = await Promise.all([
          statuses('/x', cookie, 2),
          pair.signOut(other, cookie),
          statuses('/x', cookie, 2),
        ])
        expect(signedOut.status).toBeLessThan(400)
        // Not even in the store, where a gateway that has not heard of the end would find it.
        const left = await redis.client.keys(`entra:{${storeKey(idOf(cookie))}}:*`)
        expect(left.filter((key) => /:(?:facts|tokens|stub)$/.test(key))).toEqual([])
        await until('both refuse it', async () => (await statuses('/x', cookie)).every((status) => status === 401))
        pair.forward(interval)
        expect(await statuses('/x', cookie, 2)).toEqual([401, 401, 401, 401])
        visitor.close()
      }
    },
    120_000,
  )

  attack(
    'T69',
    'does not: after a sign-out at one gateway nothing that the browser ever had is a session at either',
    async () => {
      const visitor = createVisitor()
      const first = await signIn(visitor, 0)
      const had = [first]
      // Signs in once more from within the session, several times: each changes the id.
      for (const which of [1, 0, 1] as const) {
        visitor.setCookie(pair.origin, '__Host-sid', (had.at(-1) ?? '').replace('__Host-sid=', ''))
        const again = await begin(visitor, `${pair.origin}/.auth/login?prompt=select_account&return_to=/x`)
        const reply = await pair.comeBack(which, visitor, await answerFor(visitor, again, uwe))
        had.push(sessionIn(reply) ?? 'none')
      }
      expect(new Set(had).size).toBe(4)
      const last = had.at(-1) ?? ''
      visitor.setCookie(pair.origin, '__Host-sid', last.replace('__Host-sid=', ''))
      const underWay = await answerFor(
        visitor,
        await begin(visitor, `${pair.origin}/.auth/login?prompt=select_account&return_to=/x`),
        uwe,
      )
      expect(await statuses('/x', last)).toEqual([200, 200])
      await pair.signOut(0, last)
      await until('both have heard of it', async () => (await statuses('/x', last)).every((status) => status === 401))
      const paths = ['/x', '/admin', '/.auth/me', '/.auth/session', '/.auth/explain']
      const replies = await Promise.all(
        had.flatMap((cookie) => both.flatMap((which) => paths.map((path) => pair.ask(which, path, cookie)))),
      )
      expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([401]))
      // As the browser left it, which has dropped its binding; the sign-in that was under way finishes nothing.
      const left = await pair.signOut(1, last)
      expect(String(left.headers['set-cookie'])).toMatch(/__Host-login=;/)
      visitor.setCookie(pair.origin, '__Host-login', null)
      for (const which of both) expect(givesSession(await pair.comeBack(which, visitor, underWay))).toBe(false)
      visitor.close()
    },
  )
})

describe.skipIf(redisMissing())('two gateways and a provider that revokes', () => {
  const anna = 'auth0|anna'
  let provider: PlainProvider
  let pair: Pair
  beforeAll(async () => {
    const providerPort = await freePort()
    pair = await startPair((listensAt, calledBy) =>
      plainYaml({
        ...{ port: listensAt, issuer: `http://localhost:${providerPort}`, upstream: upstream.origin },
        session: `store: { type: redis, url: '${redis.url}', prefix: plain }`,
      })
        .replace(`publicUrl: http://localhost:${listensAt}`, `publicUrl: http://localhost:${calledBy}`)
        .replace('drain: 5s', `drain: 5s${limits}`),
    )
    provider = await startPlainProvider({ port: providerPort, origins: [pair.origin] })
  })
  afterAll(async () => {
    await pair.close()
    await provider.close()
  })

  /** Up to the callback, which is not opened yet. */
  async function upToCallback(visitor: Visitor, url: string): Promise<string> {
    const unfollowing: Visitor = {
      ...visitor,
      open: async (address, first) => {
        let reply = await visitor.ask(address, first)
        while (reply.location !== '' && !reply.location.startsWith(`${pair.origin}/.auth/callback`)) {
          reply = await visitor.ask(reply.location)
        }
        return reply
      },
    }
    const page = await unfollowing.open(await begin(visitor, url))
    return page.location === '' ? (await submit(unfollowing, page, { login: anna })).location : page.location
  }

  let jti = 0
  async function revoke(): Promise<Reply> {
    const now = Math.floor(Date.now() / 1_000)
    jti += 1
    const token = await provider.sign(
      {
        ...{ iss: provider.issuer, aud: plainClient.id, iat: now, exp: now + 120, jti: `${jti}`, sub: anna },
        events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
      },
      { typ: 'logout+jwt' },
    )
    const poster = createVisitor()
    const reply = await poster.ask(`${pair.origin}/.auth/backchannel-logout/example`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ logout_token: token }).toString(),
    })
    poster.close()
    return reply
  }

  const isIn = async (cookie: string) =>
    (await Promise.all(both.map((which) => pair.ask(which, '/x', cookie)))).some(({ status }) => status === 200)

  /** Browsers at the callback: half of them for the first time, half signed in before, whose session changes its id. */
  async function atCallback(count: number) {
    return await Promise.all(
      Array.from({ length: count }, async (_, n) => {
        const visitor = createVisitor()
        const which: Which = n % 2 === 0 ? 0 : 1
        let before: string | null = null
        if (n % 4 < 2) {
          before = sessionIn(await pair.comeBack(which, visitor, await upToCallback(visitor, `${pair.origin}/x`)))
          visitor.setCookie(pair.origin, '__Host-sid', (before ?? '').replace('__Host-sid=', ''))
        }
        const callback = await upToCallback(visitor, `${pair.origin}/.auth/login?prompt=login&return_to=/x`)
        return { visitor, which, before, callback }
      }),
    )
  }

  for (const [what, holds] of [
    ['', false],
    [', also where the provider is slow to say who somebody is', true],
  ] as const) {
    const count = holds ? 40 : 200
    attack(
      'T124',
      `leaves nobody in: of ${count} sign-ins and changes of id at both none outlives a revocation amid them${what}`,
      async () => {
        const browsers = await atCallback(count)
        let isRevoked = false
        let answered = 0
        let open = () => {}
        const gate = new Promise<void>((resolve) => {
          open = resolve
        })
        // As a provider does: what was revoked redeems nothing any more. What it has said before may be on its way.
        provider.tamper('/token', (exchange) => {
          answered += 1
          if (!isRevoked) return
          exchange.status = 400
          exchange.body = { error: 'invalid_grant' }
        })
        provider.tamper('/me', () => (holds ? gate : undefined))
        const arriving = browsers.map(({ visitor, which, callback }) => pair.comeBack(which, visitor, callback))
        await until('some are in the middle of it', () => answered >= (holds ? count : count / 3))
        isRevoked = true
        const revoked = await revoke()
        open()
        expect(revoked.status).toBe(200)
        const replies = await Promise.all(arriving)
        provider.tamper('/token', null)
        provider.tamper('/me', null)
        const given = replies.flatMap((reply) => sessionIn(reply) ?? [])
        if (holds) expect(given.length + replies.filter(({ status }) => status >= 400).length).toBe(count)
        const all = [...given, ...browsers.flatMap(({ before }) => before ?? [])]
        expect(all.length).toBeGreaterThan(count / 2)
        await until('nobody is in', async () => !(await Promise.all(all.map(isIn))).includes(true))
        for (const { visitor } of browsers) visitor.close()
        // Whoever proves anew who they are is let in as ever.
        const visitor = createVisitor()
        const back = await pair.comeBack(
          1,
          visitor,
          await upToCallback(visitor, `${pair.origin}/.auth/login?prompt=login`),
        )
        expect(await isIn(sessionIn(back) ?? '')).toBe(true)
        visitor.close()
      },
      60_000,
    )
  }
})
