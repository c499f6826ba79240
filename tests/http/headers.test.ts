import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Situation, send as sendTo, situations, valuesOf } from '../attacks/situations.ts'
import { type Seen, type Stage, startStage } from '../stage.ts'
import { createVisitor, signIn } from '../visitor.ts'
import { bytesOf, speak } from './wire.ts'

let stage: Stage
/** The Cookie line of a person with the role `user`. */
let cookie: string

beforeAll(async () => {
  stage = await startStage({ headers: 'presets: [x-forwarded]\nset: { X-Account: "{claim.no_such_claim}" }' })
  const uwe = createVisitor()
  await signIn(uwe, `${stage.origin}/`, 'uwe@contoso.example')
  cookie = `Cookie: ${uwe.cookies(stage.origin).join('; ')}`
  uwe.close()
})
afterAll(async () => await stage.close())

const send = (situation: Situation, lines: readonly string[]) => sendTo(stage, situation, lines, cookie)

describe('the gate and headers that a caller must not state', () => {
  for (const line of [
    'User-Agent: GoogleHC/1.0',
    'User-Agent: kube-probe/1.30',
    'X-Health-Check: 1',
    'X-Requested-With: XMLHttpRequest',
    'Access-Control-Request-Method: GET',
    'Authorization: Bearer x',
    'Authorization: Basic YWRtaW46YWRtaW4=',
  ]) {
    test(`opens nothing because of ${line} (T55, T86)`, async () => {
      for (const request of ['GET /x', 'OPTIONS /x', 'HEAD /x', 'GET /healthz', 'GET /readyz', 'GET /metrics']) {
        const before = stage.upstream.seen.length
        const answer = await speak(stage.origin, bytesOf(stage.origin, request, [line, 'Connection: close']))
        expect(answer?.status ?? 401, request).toBe(401)
        expect(stage.upstream.seen.length).toBe(before)
      }
    })
  }

  test('takes a navigation that is a POST for no reason to send anybody to the sign-in', async () => {
    const lines = ['Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document', 'Content-Length: 0']
    expect((await speak(stage.origin, bytesOf(stage.origin, 'POST /x', lines)))?.status).toBe(401)
  })
})

describe('the gate and headers that are wrong in themselves', () => {
  // The rest are in tests/attacks/smuggling.test.ts.
  for (const situation of situations) {
    test(`refuses other protocols ${situation.name} (T103)`, async () => {
      const before = stage.upstream.seen.length
      const lines = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA']
      const all = [...lines, ...(situation.signedIn ? [cookie] : [])]
      expect((await speak(stage.origin, bytesOf(stage.origin, situation.line, all)))?.status).toBe(400)
      expect(stage.upstream.seen.length).toBe(before)
    })
  }

  test('keeps the connection to the upstream although the caller closes its own', async () => {
    const { seen } = await send(situations[0], ['Connection: close'])
    expect(seen?.headers.connection).toBe('keep-alive')
  })

  test('passes an honest expectation, without it and without what was planted beside it (T32)', async () => {
    const lines = ['Expect: 100-continue', 'X-Forwarded-User: admin', 'Content-Length: 3', cookie]
    const answer = await speak(stage.origin, bytesOf(stage.origin, 'POST /x', lines, 'abc'))
    const seen: Seen = JSON.parse(answer?.body ?? '')
    expect(seen.body).toBe('abc')
    expect(seen.headers).not.toHaveProperty('expect')
    expect(valuesOf(seen, 'x-forwarded-user')).toHaveLength(1)
    expect(seen.rawHeaders).not.toContain('admin')
  })

  test('takes our cookie sent twice for none (T78)', async () => {
    const pair =
      cookie
        .slice('Cookie: '.length)
        .split('; ')
        .find((each) => each.startsWith('__Host-sid=')) ?? ''
    for (const lines of [
      [`Cookie: ${pair}; ${pair}`],
      [`Cookie: ${pair}`, `Cookie: ${pair}`],
      [`Cookie: ${pair}; __Host-sid=x`],
      [`Cookie: __Host-sid=; ${pair}`],
    ]) {
      expect((await speak(stage.origin, bytesOf(stage.origin, 'GET /x', lines)))?.status).toBe(401)
      const me = await speak(stage.origin, bytesOf(stage.origin, 'GET /.auth/me', lines))
      expect(me?.status).toBe(401)
    }
    expect((await speak(stage.origin, bytesOf(stage.origin, 'GET /x', [`Cookie: ${pair}`])))?.status).toBe(200)
  })
})
