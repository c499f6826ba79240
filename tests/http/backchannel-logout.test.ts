/** Back-channel log-out over the wire: from a provider that others have made, and with tokens that it would never send. */
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Fault } from '../../src/core/fault.ts'
import type { PlainProvider as PlainIssuer } from '../../src/core/gateway.ts'
import { createAnswers } from '../../src/http/answers.ts'
import { createBackchannelLogout } from '../../src/http/backchannel-logout.ts'
import type { Walk } from '../../src/http/walk.ts'
import { createLog } from '../../src/ops/log.ts'
import { createMetrics } from '../../src/ops/metrics.ts'
import { createPages } from '../../src/pages/render.ts'
import { createMemoryStore } from '../../src/session/store-memory.ts'
import { attack } from '../attacks/attack.ts'
import { tenant } from '../core/build.ts'
import { plainClient } from '../plain-provider.ts'
import { type PlainStage, type PlainStageOptions, signInAs, startPlainStage, submit } from '../plain-stage.ts'
import { until } from '../redis.ts'
import { createVisitor, type Reply, type Visitor } from '../visitor.ts'
import { sid } from './scene.ts'

const path = '/.auth/backchannel-logout/example'
const [anna, ben] = ['auth0|anna', 'CN=Ben Bit,O=Example']
const event = 'http://schemas.openid.net/event/backchannel-logout'

function theStage(options: PlainStageOptions): () => PlainStage {
  let stage: PlainStage
  beforeAll(async () => {
    stage = await startPlainStage(options)
  })
  afterAll(async () => await stage.close())
  return () => stage
}

/** A browser that has signed in, and whether it still is. */
async function signIn(stage: PlainStage, sub: string, visitor: Visitor = createVisitor()) {
  await signInAs(visitor, `${stage.origin}/x`, sub)
  const cookie = `${sid}=${visitor.cookie(stage.origin, sid) ?? 'none'}`
  const isIn = async () => (await visitor.ask(`${stage.origin}/x`, { headers: { cookie } })).status === 200
  expect(await isIn()).toBe(true)
  return { visitor, isIn }
}

/** Signs out at the provider alone: the gateway is not asked. */
async function leaveProvider(stage: PlainStage, visitor: Visitor): Promise<void> {
  const page = await visitor.open(`${stage.provider.issuer}/session/end`)
  await submit(visitor, page, { logout: 'yes' })
}

describe('with a provider that tells which session has ended', () => {
  const stage = theStage({ backchannel: { path, of: 'session' } })

  attack('T69', 'backchannelLogout ends the session from that browser, and no other of the person', async () => {
    const [one, other, colleague] = [
      await signIn(stage(), anna),
      await signIn(stage(), anna),
      await signIn(stage(), ben),
    ]
    await leaveProvider(stage(), one.visitor)
    await until('the session has ended', async () => !(await one.isIn()), 1000)
    expect([await other.isIn(), await colleague.isIn()]).toEqual([true, true])
    expect(stage().log()).toContainEqual(
      expect.objectContaining({ event: 'signed_out_by_provider', channel: 'back', sessions: 1 }),
    )
  })
})

describe('with a provider that tells which person has left', () => {
  const stage = theStage({ backchannel: { path, of: 'person' } })

  test('backchannelLogout ends all sessions of the person from this provider, and nobody else’s', async () => {
    const [one, other, colleague] = [
      await signIn(stage(), anna),
      await signIn(stage(), anna),
      await signIn(stage(), ben),
    ]
    await leaveProvider(stage(), one.visitor)
    await until('both have ended', async () => !(await one.isIn()) && !(await other.isIn()), 1000)
    expect(await colleague.isIn()).toBe(true)
  })
})

describe('with tokens made by hand', () => {
  const stage = theStage({})
  const poster = createVisitor()
  afterAll(() => poster.close())
  let count = 0

  const now = () => Math.floor(Date.now() / 1000)
  /** A token that is right, with some of it changed; what is undefined is left out. */
  function claims(changes: Readonly<Record<string, unknown>> = {}) {
    const { issuer } = stage().provider
    const right = { iss: issuer, aud: plainClient.id, iat: now(), exp: now() + 120, jti: `token-${count++}` }
    return { ...right, sub: anna, events: { [event]: {} }, ...changes }
  }
  const post = (body: string, headers = {}): Promise<Reply> =>
    poster.ask(stage().origin + path, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body,
    })
  const send = async (token: string) => await post(new URLSearchParams({ logout_token: token }).toString())

  test('backchannelLogout takes a right token, says 200 without content, and keeps nothing', async () => {
    const { isIn } = await signIn(stage(), anna)
    const reply = await send(await stage().provider.sign(claims(), { typ: 'logout+jwt' }))
    expect([reply.status, reply.body, reply.headers['cache-control']]).toEqual([200, '', 'no-store'])
    expect(await isIn()).toBe(false)
  })

  attack('T72', 'backchannelLogout refuses a token that was here before', async () => {
    const token = await stage().provider.sign(claims())
    expect((await send(token)).status).toBe(200)
    const { isIn } = await signIn(stage(), anna)
    expect((await send(token)).status).toBe(400)
    expect(await isIn()).toBe(true)
    expect(stage().log()).toContainEqual(expect.objectContaining({ event: 'logout_token_refused', detail: 'jti-used' }))
  })

  test('backchannelLogout forgets nothing that a sign-in afterwards needs: the person comes back', async () => {
    expect((await send(await stage().provider.sign(claims()))).status).toBe(200)
    const { isIn } = await signIn(stage(), anna)
    expect(await isIn()).toBe(true)
  })

  const hostile: readonly (readonly [string, string, () => Record<string, unknown>, Record<string, unknown>?])[] = [
    ['of another issuer', 'iss', () => ({ iss: 'https://other.example' })],
    ['for another client', 'aud', () => ({ aud: 'another' })],
    ['without an audience', 'aud', () => ({ aud: undefined })],
    ['without iat', 'iat', () => ({ iat: undefined })],
    ['that is too old', 'iat', () => ({ iat: now() - 700 })],
    ['of the future', 'iat', () => ({ iat: now() + 120 })],
    ['without exp', 'exp', () => ({ exp: undefined })],
    ['that has expired', 'exp', () => ({ exp: now() - 90 })],
    ['without jti', 'jti', () => ({ jti: undefined })],
    ['whose jti is no text', 'jti', () => ({ jti: 7 })],
    ['without events', 'events', () => ({ events: undefined })],
    ['with another event', 'events', () => ({ events: { 'https://other.example/event': {} } })],
    ['whose event is no object', 'events', () => ({ events: { [event]: true } })],
    ['with a nonce', 'nonce', () => ({ nonce: 'x' })],
    ['with an empty nonce', 'nonce', () => ({ nonce: '' })],
    ['without sid and sub', 'subject', () => ({ sub: undefined })],
    ['whose sid is no text', 'subject', () => ({ sid: ['x'] })],
    ['that says it is an access token', 'typ', () => ({}), { typ: 'at+jwt' }],
    ['with an unknown key', 'signature', () => ({}), { kid: 'key-2' }],
    ['with a critical header that nobody knows', 'signature', () => ({}), { crit: ['x'], x: 1 }],
  ]
  for (const [what, detail, change, header] of hostile) {
    attack('T72', `backchannelLogout refuses a token ${what}`, async () => {
      const signed =
        header?.crit === undefined
          ? await stage().provider.sign(claims(change()), header)
          : (await stage().provider.sign(claims())).replace(
              /^[^.]+/,
              Buffer.from(JSON.stringify({ alg: 'RS256', kid: 'key-1', ...header })).toString('base64url'),
            )
      const reply = await send(signed)
      expect([reply.status, JSON.parse(reply.body)]).toEqual([400, { error: 'invalid_request' }])
      const refusals = stage()
        .log()
        .filter(({ event: name }) => name === 'logout_token_refused')
      expect(refusals.at(-1)).toMatchObject({ detail, provider: 'example', tenant: 'payroll' })
    })
  }

  attack(
    ['T58', 'T72'],
    'backchannelLogout refuses what another key signed, what nobody signed, and what our own secret signed',
    async () => {
      const { isIn } = await signIn(stage(), anna)
      const { privateKey } = await generateKeyPair('RS256')
      const body = claims()
      const secret = new TextEncoder().encode(plainClient.secret.padEnd(32, 'x'))
      const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
      for (const token of [
        await new SignJWT(body).setProtectedHeader({ alg: 'RS256', kid: 'key-1' }).sign(privateKey),
        await new SignJWT(body).setProtectedHeader({ alg: 'HS256', kid: 'key-1' }).sign(secret),
        `${encoded({ alg: 'none' })}.${encoded(body)}.`,
        encoded(body),
        '',
        'x'.repeat(20_000),
      ]) {
        expect((await send(token)).status).toBe(400)
      }
      expect(await isIn()).toBe(true)
    },
  )

  test('backchannelLogout refuses a form that is none, doubled, too long, or no POST', async () => {
    const token = await stage().provider.sign(claims())
    const form = `logout_token=${token}`
    expect((await post(form, { 'content-type': 'application/json' })).status).toBe(400)
    expect((await post(`${form}&${form}`)).status).toBe(400)
    expect((await post('')).status).toBe(400)
    expect((await post(`${form}&x=${'x'.repeat(70_000)}`)).status).toBe(400)
    expect((await poster.ask(`${stage().origin}${path}?${form}`)).status).toBe(405)
    expect((await post(form, { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' })).status).toBe(200)
  })

  test('backchannelLogout is there for plain providers that the tenant has', async () => {
    const reply = await poster.ask(`${stage().origin}/.auth/backchannel-logout/other`, { method: 'POST' })
    expect(reply.status).toBe(404)
  })

  test('backchannelLogout logs no token', async () => {
    const token = await stage().provider.sign(claims())
    await send(token)
    await send(token)
    expect(stage().logText()).not.toContain(token.slice(0, 40))
  })
})

test('backchannelLogout takes a token again that came to nothing because the store was away (T69)', async () => {
  let now = 1_000
  const log = createLog({ level: 'error', destination: { write: () => {} } })
  const store = createMemoryStore({ clock: () => now, log, maxSessions: 10 })
  let isAway = true
  const said = { sid: 'a', sub: null, jti: 'one' }
  const free = async () => null
  const unlimited = { signIn: free, strayAnswer: free, providerSignOut: free }
  const logout = createBackchannelLogout({
    ...{ answers: createAnswers(createPages()), tokens: { read: async () => said }, store, log },
    refuse: () => expect.fail('it is refused'),
    endings: {
      async end() {
        if (isAway) throw new Fault('session_store_down')
        return 1
      },
      list: () => expect.fail('it lists'),
    },
    budgets: { ...unlimited, endedSessions: async () => {} },
    metrics: createMetrics(),
  })
  const credential = { form: 'secrets', secrets: [], expiresAt: null, sentBy: null } as const
  const example: PlainIssuer = {
    kind: 'oidc',
    ...{ name: 'example', label: '', emailDomains: [], authContexts: {}, clientId: 'x', credential },
    ...{ issuer: 'https://login.example', scopes: [], groupsClaim: 'groups', appRolesClaim: 'roles' },
  }
  const walk = {
    tenant: tenant({ providers: [example] }),
    facts: { callerAddress: '' },
    requestId: '',
  } as unknown as Walk
  const send = async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const request = Object.assign(Readable.from([Buffer.from('logout_token=x')]), { headers })
    return (await logout(request as unknown as IncomingMessage, walk, 'example')).status
  }
  await expect(send()).rejects.toThrow()
  isAway = false
  expect([await send(), await send()]).toEqual([200, 400])
  now += 600
  expect(await send()).toBe(400)
  await store.close()
})
