import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OutcomeCode, outcomes } from '../../src/core/answer/outcomes.ts'
import { createAnswers } from '../../src/http/answers.ts'
import { createPages } from '../../src/pages/render.ts'
import { facts, session, tenant } from '../core/build.ts'
import { freePort, type Stage, startStage } from '../stage.ts'
import { createVisitor, signIn } from '../visitor.ts'
import { expectOwnAnswer } from './own-answers.ts'
import { bytesOf, handshake, speak } from './wire.ts'

/** Takes more than one request, or something that fails: each stands in the test that does so. */
const elsewhere: Readonly<Partial<Record<OutcomeCode, string>>> = {
  transaction_missing: 'callback.test.ts',
  transaction_used: 'callback.test.ts',
  login_cancelled: 'callback.test.ts',
  provider_refused: 'callback.test.ts',
  identity_refused: '../oidc/redeem.test.ts',
  groups_unknown: 'callback.test.ts',
  provider_fault: 'callback.test.ts',
  graph_unreachable: 'callback.test.ts',
  graph_refused: 'callback.test.ts',
  client_refused: '../oidc/redeem.test.ts',
  login_loop: 'rounds.test.ts',
  sign_out_unfinished: 'logout.test.ts',
  access_token_unavailable: 'access-tokens.test.ts',
  session_store_down: 'gate-faults.test.ts',
  other_person: 'step-up.test.ts',
  context_unmet: 'step-up.test.ts',
  guest_refused: 'admission.test.ts',
  email_refused: 'admission.test.ts',
  profile_incomplete: 'admission.test.ts',
  consent_refused: 'admin-consent.test.ts',
  internal_error: 'gate-faults.test.ts',
  tenant_broken: '../faults/reload.test.ts',
  request_too_slow: 'slow-bodies.test.ts',
  too_many_requests: 'budgets.test.ts',
  too_many_open: '../attacks/websockets.test.ts',
  websockets_full: '../attacks/websockets.test.ts',
  https_required: 'redirect-gate.test.ts',
  form_sent: 'kept-forms.test.ts',
  form_of_another: 'kept-forms.test.ts',
}

let stage: Stage
let uwe: string
let nora: string

beforeAll(async () => {
  const dead = `http://127.0.0.1:${await freePort()}`
  stage = await startStage({
    routes: `- { path: /public, access: public }
- { path: /admin, access: [admin] }
- { path: /reports, access: signed-in, methods: [GET] }
- { path: /strong, access: signed-in, authContext: mfa }
- { path: /recent, access: signed-in, maxAge: 1m }
- { path: /x, access: signed-in }`,
    tenants: `
  - name: gone
    publicUrl: http://gone.localhost:1
    providers: [away]
    upstream: { url: '${dead}' }
    routes: [{ path: /public, access: public }, { path: /, access: signed-in }]
  - name: asleep
    enabled: false
    publicUrl: http://asleep.localhost:1
    providers: [contoso]
    upstream: { url: '${dead}' }`,
    provider: () => `
    authContexts: { mfa: c1 }
  - { name: away, tenantId: 0b5a9e1c-7f3d-4c62-9d84-2a6f1e8b7c30, clientId: 6d1f0c52-3b7e-4a98-8c15-f0e2d4b6a791, credential: { secret: x-x-x-x-x-x }, authority: '${dead}' }`,
  })
  uwe = await cookieOf('uwe@contoso.example')
  nora = await cookieOf('nora@contoso.example')
})
afterAll(async () => await stage.close())

async function cookieOf(username: string): Promise<string> {
  const visitor = createVisitor()
  await signIn(visitor, `${stage.origin}/x`, username)
  visitor.close()
  return `Cookie: ${visitor.cookies(stage.origin).join('; ')}`
}

const html = 'Accept: text/html'
const form = ['Sec-Fetch-Mode: navigate', 'Sec-Fetch-Site: same-origin', 'Content-Type: text/plain']
const gone = 'Host: gone.localhost:1'
const produced: readonly (readonly [OutcomeCode, string, () => readonly string[]])[] = [
  ['request_malformed', 'GET /public', () => ['Connection: cookie']],
  ['tenant_unknown', 'GET /public', () => ['Host: other.example']],
  ['tenant_off', 'GET /public', () => ['Host: asleep.localhost:1']],
  ['path_refused', 'GET /public/../x', () => []],
  ['path_too_long', `GET /${'a'.repeat(9_000)}`, () => []],
  ['route_unknown', 'GET /elsewhere', () => [uwe]],
  ['endpoint_unknown', 'GET /.auth/elsewhere', () => [uwe]],
  ['method_refused', 'POST /reports', () => [uwe]],
  ['expectation_refused', 'GET /public', () => ['Expect: x']],
  ['headers_too_large', 'GET /public', () => [`X-A: ${'a'.repeat(20_000)}`]],
  ['upgrade_refused', 'GET /public', () => ['Connection: Upgrade', 'Upgrade: h2c']],
  ['origin_refused', 'GET /x', () => [uwe, ...handshake('https://evil.example')]],
  ['cross_site_refused', 'POST /.auth/logout', () => [uwe, 'Origin: https://evil.example', 'Content-Length: 0']],
  ['login_required', 'GET /x', () => []],
  ['context_required', 'POST /strong', () => [uwe, html]],
  ['sign_in_too_old', 'GET /recent', () => [uwe]],
  ['form_not_kept', 'POST /x', () => [html, ...form, 'Content-Length: 9000000']],
  ['form_gone', 'GET /.auth/form?id=0123456789012345678901', () => [uwe, html]],
  ['role_missing', 'GET /admin', () => [uwe]],
  ['no_role', 'GET /x', () => [nora]],
  ['provider_unreachable', 'GET /x', () => [gone, html]],
  ['upstream_unreachable', 'GET /public', () => [gone]],
  ['upstream_timeout', 'GET /public/never', () => []],
]

test('every outcome is said strictly, to every kind of request, with a person and without', () => {
  const answers = createAnswers(createPages())
  const person = session({ claims: { name: '<svg/onload=alert(1)>', preferred_username: '"><script>' } })
  for (const code of Object.keys(outcomes) as OutcomeCode[]) {
    for (const kind of ['navigation', 'frame', 'data', 'upgrade'] as const) {
      for (const at of [
        tenant({ branding: { name: '<b>', support: '<i>' } }),
        tenant({ embeddedBy: ['https://a.example'] }),
      ]) {
        const occasion = { requestId: 'x', facts: facts({ kind, target: '/?<script>' }), tenant: at, session: person }
        const { status, headers, body } = answers.outcome(code, { ...occasion, missing: ['<script>'] })
        const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
        expectOwnAnswer({ status, headers: lower, body: String(body) }, `${code} ${kind}`)
        expect(status).toBe(outcomes[code].status)
      }
    }
  }
})

describe('the gate', () => {
  for (const [code, line, lines] of produced) {
    test(`answers ${code} with its status, as a page or as a problem, never to be kept`, async () => {
      stage.upstream.handle((request) => request.url === '/public/never')
      const answer = await speak(stage.origin, bytesOf(stage.origin, line, lines()))
      stage.upstream.handle(null)
      expect(answer?.status).toBe(outcomes[code].status)
      expect(answer?.head).toMatch(/^cache-control: no-store$/im)
      expect(answer?.head).toMatch(/^x-content-type-options: nosniff$/im)
      const page = /^content-type: text\/html/im.test(answer?.head ?? '')
      if (page) return expect(answer?.body).toContain(outcomes[code].title)
      expect(answer?.head).toMatch(/^content-type: application\/problem\+json$/im)
      const problem = JSON.parse(Buffer.from(answer?.body ?? '', 'latin1').toString('utf8'))
      expect(problem).toMatchObject({ code, status: outcomes[code].status, title: outcomes[code].title })
    })
  }

  test('has a test for every row of the outcomes table', () => {
    for (const [code, file] of Object.entries(elsewhere)) {
      expect(readFileSync(new URL(file, import.meta.url), 'utf8'), code).toContain(`'${code}'`)
    }
    const covered = [...produced.map(([code]) => code), ...Object.keys(elsewhere)]
    expect(covered.toSorted()).toEqual(Object.keys(outcomes).toSorted())
  })
})
