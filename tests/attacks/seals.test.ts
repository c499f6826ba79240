/** The seals and signatures that browsers carry: their boundaries, their nonces, and whose they are. */
import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, expect } from 'vitest'
import { binding, cameBack, givesSession, parameter, setCookies, sid, visit, withParameter } from '../http/scene.ts'
import { type Stage, startStage } from '../stage.ts'
import { createVisitor, navigation, signIn, type Visitor } from '../visitor.ts'
import { attack } from './attack.ts'
import { askWithAll } from './changed-texts.ts'

const uwe = 'uwe@contoso.example'
const written = 'a-session-secret-of-the-tests-0123456789abcdef'
let stage: Stage
/** Of the same written secret, the same name of the tenant, and the same people. */
let other: Stage
let visitor: Visitor

beforeAll(async () => {
  const options = {
    application: { loopLimit: null },
    server: ', limits: { failures: 0, signIns: { perCaller: 0, perTenant: 0, overall: 0 } }',
    tenants: `  - name: pay
    publicUrl: https://pay.example
    providers: [contoso]
    upstream: { url: 'http://127.0.0.1:9' }
  - name: roll
    publicUrl: https://roll.example
    providers: [contoso]
    upstream: { url: 'http://127.0.0.1:9' }`,
  } as const
  ;[stage, other] = await Promise.all([startStage(options), startStage(options)])
  visitor = createVisitor()
  await signIn(visitor, `${stage.origin}/x`, uwe)
})
afterAll(async () => {
  visitor.close()
  await Promise.all([stage.close(), other.close()])
})

const at = (path: string) => stage.origin + path

attack(
  'T56',
  'gains nothing where the boundary between id and signature, or the parts of a state, is moved',
  async () => {
    const value = decodeURIComponent(visitor.cookie(stage.origin, sid) ?? '')
    const [id = '', signature = ''] = value.slice(2).split('.')
    const spelled = (text: string) => [encodeURIComponent(text), encodeURIComponent(encodeURIComponent(text)), text]
    const cookies = Array.from({ length: id.length + signature.length + 1 }, (_, dot) => {
      const letters = id + signature
      return `s:${letters.slice(0, dot)}.${letters.slice(dot)}`
    }).filter((text) => text !== value)
    const stranger = createVisitor()
    const shifted = [...cookies, `s:.${id}.${signature}`, `s:${id}.${signature}.`, `s:${id}..${signature}`, `${value}.`]
    for (const reply of await askWithAll(shifted.flatMap(spelled), (text) =>
      stranger.ask(at('/x'), { headers: { cookie: `${sid}=${text}` } }),
    )) {
      expect(reply.status).toBe(401)
    }
    const answer = await cameBack(visitor, at('/.auth/login?prompt=select_account&return_to=/x'), uwe)
    const state = parameter(answer, 'state')
    const [format = '', keyId = '', body = ''] = state.split('.')
    const letters = format + keyId + body
    const states = Array.from({ length: 60 }, (_, first) =>
      [1, 7, 8, 9, 16].map((second) =>
        [letters.slice(0, first), letters.slice(first, first + second), letters.slice(first + second)].join('.'),
      ),
    )
      .flat()
      .filter((text) => text !== state)
    const cookie = `${binding}=${visitor.cookie(stage.origin, binding)}`
    for (const reply of await askWithAll([...states, `${format}.${keyId}.${keyId}.${body}`, `..${letters}`], (text) =>
      stranger.ask(withParameter(answer, 'state', text), { headers: { ...navigation, cookie } }),
    )) {
      expect([reply.status, givesSession(reply)]).toEqual([400, false])
    }
    // Nor does the name of the tenant run over into what stands beside it.
    for (const host of ['pay.example', 'roll.example']) {
      const reply = await stranger.ask(answer, { headers: { ...navigation, cookie, host } })
      expect([reply.status, givesSession(reply)]).toEqual([400, false])
    }
    expect(givesSession(await visit(visitor, answer))).toBe(true)
    stranger.close()
  },
)

attack('T57', 'cannot be signed with the written secret, whatever purpose one takes it for', async () => {
  const stranger = createVisitor()
  const id = 'A'.repeat(22)
  for (const key of [written, `sallyport session cookie${written}`, 'sallyport session cookie', '']) {
    for (const form of ['base64', 'base64url', 'hex'] as const) {
      const signature = createHmac('sha256', key).update(id).digest(form).replace(/=+$/, '')
      const cookie = `${sid}=${encodeURIComponent(`s:${id}.${signature}`)}`
      expect((await stranger.ask(at('/x'), { headers: { cookie } })).status).toBe(401)
    }
  }
  stranger.close()
})

const many = 2_000

attack(
  'T64',
  `is never used twice: ${many} sign-ins of one browser to one address have nothing of their seals in common`,
  async () => {
    const browser = createVisitor()
    const texts = Array.from({ length: many }, () => '/x')
    const replies = await askWithAll(texts, (path) => visit(browser, at(path)))
    const bodies = replies.map((reply) => {
      expect(reply.status).toBe(302)
      return Buffer.from(parameter(reply.location, 'state').split('.')[2] ?? '', 'base64url')
    })
    const nonces = bodies.map((body) => body.subarray(0, 12))
    expect(new Set(nonces.map((nonce) => nonce.toString('hex'))).size).toBe(many)
    // No counter and no clock either: each of the 96 bits is set about every second time.
    for (let bit = 0; bit < 96; bit += 1) {
      const set = nonces.filter((nonce) => ((nonce[bit >> 3] ?? 0) >> (bit & 7)) & 1).length
      expect(Math.abs(set - many / 2), `bit ${bit}`).toBeLessThan(many / 8)
    }
    // What begins alike (the name of the provider) is hidden each time by another stream.
    expect(new Set(bodies.map((body) => body.subarray(12, 28).toString('hex'))).size).toBe(many)
    for (const name of ['nonce', 'code_challenge', 'state']) {
      expect(new Set(replies.map((reply) => parameter(reply.location, name))).size, name).toBe(many)
    }
    const given = replies.flatMap(setCookies).filter((line) => line.startsWith(sid))
    expect(given).toEqual([])
    browser.close()
  },
  60_000,
)

attack(
  'T63',
  'is nobody elsewhere: not at other tenants, hosts, or an instance of the same secret and name',
  async () => {
    const stranger = createVisitor()
    const session = visitor.cookie(stage.origin, sid) ?? ''
    const answer = await cameBack(visitor, at('/.auth/login?prompt=select_account&return_to=/x'), uwe)
    const bound = visitor.cookie(stage.origin, binding) ?? ''
    const elsewhere = answer.replace(stage.origin, other.origin)
    const { host } = new URL(stage.origin)
    for (const [origin, headers] of [
      [stage.origin, { host: 'pay.example' }],
      [stage.origin, { host: 'roll.example' }],
      [stage.origin, { host: 'payroll.example' }],
      [stage.origin, { host: `${host}.evil.example` }],
      [other.origin, {}],
      [other.origin, { host: 'pay.example' }],
    ] as const) {
      for (const path of ['/x', '/.auth/me', '/.auth/session', '/admin']) {
        const reply = await stranger.ask(origin + path, { headers: { ...headers, cookie: `${sid}=${session}` } })
        expect([400, 401, 404, 421], `${origin} ${JSON.stringify(headers)} ${path}`).toContain(reply.status)
      }
    }
    // The whole of a sign-in that was begun there, with the cookies that it had there.
    for (const cookie of [`${binding}=${bound}`, `${binding}=${bound}; ${sid}=${session}`]) {
      const reply = await stranger.ask(elsewhere, { headers: { ...navigation, cookie } })
      expect(reply.status).toBeLessThan(500)
      expect(givesSession(reply)).toBe(false)
    }
    for (const { headers } of other.upstream.seen) expect(headers['x-forwarded-user']).toBeUndefined()
    expect(other.upstream.seen).toEqual([])
    expect(givesSession(await visit(visitor, answer))).toBe(true)
    stranger.close()
  },
)
