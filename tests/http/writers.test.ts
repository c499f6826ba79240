import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Stage, startStage } from '../stage.ts'
import { createVisitor, navigation, type Reply, signIn, type Visitor } from '../visitor.ts'
import { cameBack, setCookies, visit } from './scene.ts'

let stage: Stage
let stranger: Visitor
let nora: Visitor
beforeAll(async () => {
  stage = await startStage()
  stranger = createVisitor()
  nora = createVisitor()
  await signIn(nora, `${stage.origin}/`, 'nora@contoso.example')
})
afterAll(async () => {
  stranger.close()
  nora.close()
  await stage.close()
})

const data = { accept: '*/*' }
const login = () => `${stage.origin}/.auth/login?prompt=login`
const signOut = () => `${stage.origin}/.auth/logout`

/** Every kind of answer of ours: what is asked, and the status that proves that it is this one. */
const answers: readonly (readonly [string, number, () => Promise<Reply>])[] = [
  ['the redirect to the provider', 302, () => visit(stranger, `${stage.origin}/x`)],
  ['the sign-in', 302, () => visit(stranger, `${stage.origin}/.auth/login`)],
  ['the way back after a sign-in', 302, async () => visit(nora, await cameBack(nora, login(), 'nora@contoso.example'))],
  ['a callback that is not ours', 400, () => visit(stranger, `${stage.origin}/.auth/callback?state=x`)],
  ['the question whether to sign out', 200, () => visit(nora, signOut())],
  ['the signed-out page', 200, () => visit(stranger, `${stage.origin}/.auth/signed-out`)],
  ['a refused sign-out', 403, () => stranger.ask(signOut(), { method: 'POST', headers: navigation })],
  ['the identity', 200, () => nora.ask(`${stage.origin}/.auth/me`)],
  ['no identity', 401, () => stranger.ask(`${stage.origin}/.auth/me`)],
  ['a problem', 401, () => stranger.ask(`${stage.origin}/x`, { headers: data })],
  ['a frame', 401, () => visit(stranger, `${stage.origin}/x`, { 'sec-fetch-dest': 'iframe' })],
  ['a page without role', 403, () => visit(nora, `${stage.origin}/`)],
  ['an unknown address of ours', 404, () => visit(stranger, `${stage.origin}/.auth/x`)],
  ['an unknown host', 421, () => visit(stranger, `${stage.origin}/`, { host: 'other.example' })],
  ['a refused path', 400, () => visit(stranger, `${stage.origin}/a/%2e%2e/b`)],
  ['a refused method', 405, () => stranger.ask(login(), { method: 'DELETE', headers: navigation })],
]

describe('every answer of ours', () => {
  for (const [what, status, ask] of answers) {
    test(`${what} is stored nowhere, framed nowhere, and guesses nothing (T79, T91, T121)`, async () => {
      const reply = await ask()
      expect(reply.status).toBe(status)
      expect(reply.headers).toMatchObject({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'same-origin',
        'cross-origin-opener-policy': 'same-origin',
      })
      if (status === 401) expect(reply.headers['www-authenticate']).toMatch(/^Cookie /)
      expect(reply.headers['x-powered-by']).toBeUndefined()
      expect(reply.headers.etag).toBeUndefined()
      if (String(reply.headers['content-type']).startsWith('text/html')) {
        const policy = String(reply.headers['content-security-policy'])
        // Only the page for a frame may stand in one; it says nothing about anybody.
        const ancestors = what === 'a frame' ? 'frame-ancestors *' : "frame-ancestors 'none'"
        for (const rule of ["default-src 'none'", ancestors, "base-uri 'none'"]) expect(policy).toContain(rule)
        expect(policy).not.toMatch(/unsafe-inline|unsafe-eval|script-src/)
        expect(reply.body).not.toMatch(/<script|javascript:| on\w+=/i)
      }
      for (const line of setCookies(reply)) expect(line).toMatch(/^__Host-(?:sid|login)=.*; Secure/)
    })
  }

  test('a page escapes whatever a caller sent (T91)', async () => {
    for (const path of [
      '/.auth/<script>',
      '/.auth/login?return_to=/%22%3E%3Cscript%3E&return_to=x',
      '/%2e%2e/%3Cscript%3E',
    ]) {
      expect((await visit(stranger, stage.origin + path)).body).not.toMatch(/<script|"><s/i)
    }
  })
})

/** Everything that comes on one connection, until it ends. */
function everything(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(stage.origin).port), '127.0.0.1')
    const chunks: Buffer[] = []
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('error', reject)
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')))
    socket.write(text)
  })
}

/** The lines of a request, and what follows them. */
function raw(first: string, fields: readonly string[], body = ''): string {
  return [`${first} HTTP/1.1`, `Host: ${new URL(stage.origin).host}`, ...fields, '', body].join('\r\n')
}

const websocket = [
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
]
const close = 'Connection: close'

describe('writeAnswer', () => {
  for (const [what, request] of [
    ['a navigation without session', () => raw('GET /x', ['Accept: text/html', close])],
    ['data without session', () => raw('GET /x', [close])],
    ['a form without session', () => raw('POST /x', ['Content-Length: 3', close], 'a=b')],
    ['a form that waits', () => raw('POST /x', ['Content-Length: 3', 'Expect: 100-continue', close], 'a=b')],
    ['half a form', () => raw('POST /x', ['Content-Length: 30000'], 'a=b')],
    ['an upgrade', () => raw('GET /x', websocket)],
    ['a callback', () => raw('GET /.auth/callback?state=x', ['Accept: text/html', close])],
    ['a sign-out', () => raw('POST /.auth/logout', [`Origin: ${stage.origin}`, 'Content-Length: 3', close], 'a=b')],
  ] as const) {
    test(`writeAnswer gives ${what} exactly one answer, and the application sees nothing (T48)`, async () => {
      const seen = stage.upstream.seen.length
      const answer = (await everything(request())).replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '')
      expect(answer.match(/HTTP\/1\.1 \d{3}/g)).toHaveLength(1)
      expect(answer).toMatch(/^HTTP\/1\.1 (?:302|400|401|403)/)
      const [head = '', body = ''] = answer.split(/\r\n\r\n(.*)/s)
      expect(Number(/content-length: (\d+)/i.exec(head)?.[1])).toBe(body.length)
      expect(stage.upstream.seen.length).toBe(seen)
    })
  }
})
