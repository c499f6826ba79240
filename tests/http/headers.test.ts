import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Situation, send as sendTo, situations, valuesOf } from '../attacks/situations.ts'
import { type Seen, type Stage, startStage } from '../stage.ts'
import { createVisitor, signIn } from '../visitor.ts'
import { bytesOf, handshake, speak } from './wire.ts'

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
  const metadata = [
    'X-Forwarded-For: 127.0.0.9',
    'X-Forwarded-For: 10.0.0.1, 8.8.8.8',
    'X-Forwarded-For: not-an-ip',
    'Forwarded: for=127.0.0.1;host=admin.example;proto=https',
    'X-Forwarded-Host: other-tenant.example',
    'X-Forwarded-Host: a, b',
    'X-Forwarded-Proto: https,http',
    'X-Forwarded-Proto: javascript',
    'X-Forwarded-Port: 8443',
    'X-Forwarded-Prefix: /evil',
    'X-Forwarded-Uri: /public',
    'X-Forwarded-Method: OPTIONS',
    'X-Original-URL: /public',
    'X-Rewrite-URL: /public',
    'X-Auth-Request-Redirect: https://evil.example/',
    'X-Envoy-Original-Path: /public',
    'X-HTTP-Method-Override: DELETE',
  ]
  for (const line of metadata) {
    test(`decides by what the socket says and not by ${line} (T16, T17, T21, T24)`, async () => {
      for (const situation of situations) {
        const { seen } = await send(situation, [line])
        expect(seen !== null, situation.name).toBe(situation.forwarded)
        if (seen === null) continue
        expect(seen.rawHeaders.join('\n')).not.toContain(line.slice(line.indexOf(':') + 2))
        expect(seen.headers).toMatchObject({
          'x-forwarded-for': '127.0.0.1',
          'x-forwarded-proto': 'http',
          'x-forwarded-host': new URL(stage.origin).host,
        })
        expect(seen.method).toBe(situation.line.split(' ')[0])
      }
      const admin = await speak(stage.origin, bytesOf(stage.origin, 'GET /admin', [cookie, line]))
      expect(admin?.status).toBe(403)
    })
  }

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
  const body = (text: string) => [`Content-Length: ${text.length}`]
  for (const [what, lines, statuses, text] of [
    ['Connection naming an identity header (T26)', ['Connection: X-Forwarded-User'], [400], ''],
    ['Connection naming one among others (T26)', ['connection: keep-alive, x-forwarded-user'], [400], ''],
    ['Connection naming one in another spelling (T26)', ['Connection: close, x_forwarded_user'], [400], ''],
    ['Connection naming one in a second line (T26)', ['Connection: keep-alive', 'Connection: X-Account'], [400], ''],
    ['Connection naming Cookie (T26)', ['Connection: cookie'], [400], ''],
    ['Connection naming Host (T26)', ['Connection: close, host'], [400], ''],
    ['an unknown expectation', ['Expect: x'], [417], ''],
    ['an unknown expectation beside the known one', ['Expect: 100-continue, x'], [417], ''],
    ['Expect twice', ['Expect: 100-continue', 'Expect: 100-continue', ...body('x')], [400, 417], 'x'],
    ['a blank before the colon (T93)', ['X-Forwarded-User : admin'], [400], ''],
    ['a folded line (T93)', ['X-A: b\r\n X-Forwarded-User: admin'], [400], ''],
    ['a folded line of its own (T93)', ['X-A: b', ' admin'], [400], ''],
    ['a NUL in a value', ['X-A: b\x00c'], [400], ''],
    ['a bare CR in a value (T93)', ['X-A: b\rX-Forwarded-User: admin'], [400], ''],
    ['a bare LF in a value (T93)', ['X-A: b\nX-Forwarded-User: admin'], [400], ''],
    ['an empty name', [': admin'], [400], ''],
    ['a name with a blank', ['X A: admin'], [400], ''],
    ['two Host headers (T10)', ['Host: $host', 'Host: $host'], [400], ''],
    ['two different Host headers (T10)', ['Host: $host', 'Host: other.example'], [400], ''],
    ['both lengths (T93)', ['Content-Length: 5', 'Transfer-Encoding: chunked'], [400], '0\r\n\r\n'],
    ['both lengths, turned round (T93)', ['Transfer-Encoding: chunked', 'Content-Length: 5'], [400], '0\r\n\r\n'],
    ['two different lengths (T93)', ['Content-Length: 3', 'Content-Length: 4'], [400], 'abcd'],
    ['the same length twice (T93)', ['Content-Length: 3', 'Content-Length: 3'], [400], 'abc'],
    ['a list as length (T93)', ['Content-Length: 3, 3'], [400], 'abc'],
    ['a signed length (T93)', ['Content-Length: +3'], [400], 'abc'],
    ['a hexadecimal length (T93)', ['Content-Length: 0x3'], [400], 'abc'],
    ['a negative length (T93)', ['Content-Length: -1'], [400], ''],
    ['an empty length (T93)', ['Content-Length: '], [400], ''],
    ['an unknown transfer coding (T93)', ['Transfer-Encoding: xchunked'], [400, 501], '0\r\n\r\n'],
    ['a coding after chunked (T93)', ['Transfer-Encoding: chunked, x'], [400, 501], '0\r\n\r\n'],
    ['a coding before chunked (T93)', ['Transfer-Encoding: gzip, chunked'], [400, 501], '0\r\n\r\n'],
    ['chunked twice (T93)', ['Transfer-Encoding: chunked, chunked'], [400, 501], '0\r\n\r\n'],
    ['chunked in two lines (T93)', ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], [400], '0\r\n\r\n'],
    ['identity as coding (T93)', ['Transfer-Encoding: identity'], [400, 501], ''],
    ['a coding hidden by a control character (T93)', ['Transfer-Encoding: \x0bchunked'], [400, 501], '0\r\n\r\n'],
    ['Authorization twice', ['Authorization: Basic YQ==', 'Authorization: Basic Yg=='], [400], ''],
    ['Content-Type twice (T31)', ['Content-Type: a/b', 'Content-Type: c/d'], [400], ''],
    ['101 header fields', Array.from({ length: 101 }, (_, at) => `X-${at}: y`), [431], ''],
    ['3,000 header fields', Array.from({ length: 3_000 }, () => 'a:b'), [431], ''],
    ['17 KB of headers', [`X-A: ${'a'.repeat(17_408)}`], [431], ''],
    ['17 KB of cookies', [`Cookie: ${'a=b; '.repeat(3_482)}c=d`], [431], ''],
  ] as const) {
    test(`refuses ${what}`, async () => {
      const host = new URL(stage.origin).host
      for (const situation of situations) {
        const before = stage.upstream.seen.length
        const all = [
          ...lines.map((line) => line.replace('$host', host)),
          ...(situation.signedIn ? [cookie] : []),
          ...('upgrade' in situation && situation.upgrade ? handshake(stage.origin) : []),
        ]
        const answer = await speak(stage.origin, bytesOf(stage.origin, situation.line, all, text))
        expect(statuses, `${situation.name}: ${answer?.status}`).toContain(answer?.status)
        // Where the request was read as two, the second must not have got through either.
        await speak(stage.origin, bytesOf(stage.origin, 'GET /x'))
        expect(stage.upstream.seen.length, situation.name).toBe(before)
      }
    })
  }

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

  test('drops trailers (T93)', async () => {
    const trailers: unknown[] = []
    stage.upstream.handle((request, response) => {
      request.resume().on('end', () => {
        trailers.push(request.headers.te, request.headers.trailer, ...request.rawTrailers)
        response.end('done')
      })
      return true
    })
    const lines = ['TE: trailers', 'Trailer: X-Forwarded-User', 'Transfer-Encoding: chunked', cookie]
    const body = '3\r\nabc\r\n0\r\nX-Forwarded-User: admin\r\n\r\n'
    const answer = await speak(stage.origin, bytesOf(stage.origin, 'POST /x', lines, body))
    stage.upstream.handle(null)
    expect(answer).toMatchObject({ status: 200, body: 'done' })
    expect(trailers).toEqual([undefined, undefined])
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
