import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { keptRefreshToken } from '../../src/oidc/redeem.ts'
import { attack } from '../attacks/attack.ts'
import { cameBack, expectPage, givesSession, sid, visit } from '../http/scene.ts'
import { type Stage, startStage } from '../stage.ts'
import { createVisitor, type Reply, signIn, type Visitor } from '../visitor.ts'

let stage: Stage
beforeAll(async () => {
  stage = await startStage()
})
afterAll(() => stage.close())

const uwe = 'uwe@contoso.example'
const now = () => Math.floor(Date.now() / 1_000)
type Forgery = Parameters<Stage['emulator']['control']['forgeNextIdToken']>[0]

/** A sign-in up to the callback, with something wrong; whoever did it is nobody afterwards. */
async function redeemed(prepare: (control: Stage['emulator']['control']) => void): Promise<Reply> {
  const visitor = createVisitor()
  const answer = await cameBack(visitor, `${stage.origin}/deep?x=1`, uwe)
  prepare(stage.emulator.control)
  const reply = await visit(visitor, answer)
  stage.emulator.control.recover()
  await expectNobody(visitor)
  visitor.close()
  return reply
}

async function expectNobody(visitor: Visitor): Promise<void> {
  const seen = stage.upstream.seen.length
  expect(visitor.cookie(stage.origin, sid)).toBeUndefined()
  expect((await visit(visitor, `${stage.origin}/x`)).status).toBe(302)
  expect(stage.upstream.seen.length).toBe(seen)
}

/** The last line of the log about a request of this page. */
function logged(reply: Reply): Record<string, unknown> {
  const requestId = /Request id <code>([^<]*)/.exec(reply.body)?.[1]
  return stage.log().findLast((line) => line.requestId === requestId) ?? {}
}

describe('redeem and a forged ID token', () => {
  test('redeem accepts the genuine one, or the rest of these would prove nothing', async () => {
    const visitor = createVisitor()
    expect(givesSession(await visit(visitor, await cameBack(visitor, `${stage.origin}/deep`, uwe)))).toBe(true)
    visitor.close()
  })

  const wrong: readonly (readonly [string, () => Forgery])[] = [
    ['signed by a key that is not published', () => ({ signedBy: 'unpublished-key' })],
    ['signed by nobody', () => ({ signedBy: 'nobody' })],
    ['signed by nobody, with a key id', () => ({ signedBy: 'nobody', kid: 'x' })],
    ['signed with the client secret', () => ({ signedBy: 'client-secret' })],
    ['signed over other bytes', () => ({ signedBy: 'other-bytes' })],
    ['signed by the key of personal accounts', () => ({ signedBy: 'consumers-key' })],
    ['with an unknown key id', () => ({ kid: 'unknown' })],
    ['with an empty key id', () => ({ kid: '' })],
    ['without a key id, where there are several keys', () => ({ kid: null })],
    ['of another issuer', () => ({ set: { iss: 'https://evil.example/v2.0' } })],
    ['of another directory’s issuer', () => ({ set: { iss: issuerOf('11111111-2222-4333-8444-555555555555') } })],
    ['of the issuer with a slash more', () => ({ set: { iss: `${issuerOf(directory)}/` } })],
    ['of the old issuer', () => ({ set: { iss: `https://sts.windows.net/${directory}/` } })],
    ['of the template itself', () => ({ set: { iss: issuerOf('{tenantid}') } })],
    ['without an issuer', () => ({ remove: ['iss'] })],
    ['for another application', () => ({ set: { aud: '11111111-2222-4333-8444-555555555555' } })],
    ['for Graph', () => ({ set: { aud: '00000003-0000-0000-c000-000000000000' } })],
    ['for several, asked by another', () => ({ set: { aud: [client, 'x'], azp: 'x' } })],
    ['for nobody', () => ({ remove: ['aud'] })],
    ['with another nonce', () => ({ set: { nonce: 'other' } })],
    ['with a nonce of another kind', () => ({ set: { nonce: ['other'] } })],
    ['without a nonce', () => ({ remove: ['nonce'] })],
    ['that has expired', () => ({ set: { iat: now() - 7_200, nbf: now() - 7_200, exp: now() - 3_600 } })],
    ['that expires never', () => ({ remove: ['exp'] })],
    ['that expires in words', () => ({ set: { exp: 'tomorrow' } })],
    ['that is not yet valid', () => ({ set: { nbf: now() + 3_600 } })],
    ['that was issued never', () => ({ remove: ['iat'] })],
    ['without a subject', () => ({ remove: ['sub'] })],
  ]
  for (const [what, forgery] of wrong) {
    attack(['T58', 'T107'], `redeem refuses an ID token ${what}`, async () => {
      const reply = await redeemed((control) => control.forgeNextIdToken(forgery()))
      expectPage(reply, 502, 'provider_fault')
      expect(logged(reply).level).toBe('error')
    })
  }

  for (const [what, forgery, detail] of [
    ['of another directory', { set: { tid: '11111111-2222-4333-8444-555555555555' } }, 'tid-of-another-directory'],
    [
      'of the directory of personal accounts',
      { set: { tid: '9188040d-6c67-4c5b-b112-36a304b66dad' } },
      'tid-of-another-directory',
    ],
    ['without a directory', { remove: ['tid'] }, 'tid-missing'],
    ['with a list of directories', { set: { tid: ['0b5a9e1c-7f3d-4c62-9d84-2a6f1e8b7c30'] } }, 'tid-missing'],
    ['without an object id', { remove: ['oid'] }, 'oid-missing'],
    ['with an object id that is none', { set: { oid: 'ada@contoso.example' } }, 'oid-missing'],
    ['of the old version', { set: { ver: '1.0' } }, 'ver'],
  ] as const) {
    attack(['T106', 'T107'], `callback refuses an identity ${what}`, async () => {
      const reply = await redeemed((control) => control.forgeNextIdToken(forgery))
      expectPage(reply, 403, 'identity_refused')
      expect(reply.body).toContain('prompt=select_account')
      const refused = stage.log().findLast((line) => line.event === 'identity_refused')
      expect(refused).toMatchObject({ detail })
    })
  }

  attack(
    'T108',
    'callback gives a stranger with the victim’s address, username and name nothing of the victim',
    async () => {
      const visitor = createVisitor()
      const answer = await cameBack(visitor, `${stage.origin}/admin`, 'nora@contoso.example')
      const ada = {
        email: 'ada@contoso.example',
        preferred_username: 'ada@contoso.example',
        upn: 'ada@contoso.example',
      }
      stage.emulator.control.forgeNextIdToken({ set: { ...ada, name: 'Ada Lovelace' } })
      await visit(visitor, answer)
      expect((await visit(visitor, `${stage.origin}/admin`)).status).toBe(403)
      visitor.close()
    },
  )
})

describe('redeem and a provider that misbehaves', () => {
  test('redeem says that our credential is refused, and the log names the code', async () => {
    const reply = await redeemed((control) => control.fail('token', { kind: 'aadsts', code: 7000215 }))
    expectPage(reply, 502, 'client_refused')
    expect(reply.body).not.toContain('pretend-secret')
    expect(reply.body).toContain('The application’s secret is wrong')
    expect(reply.body).toMatch(/Correlation ID: [0-9a-f-]{36}/)
    expect(logged(reply)).toMatchObject({
      level: 'error',
      reason: 'client_refused',
      providerCode: 'AADSTS7000215',
      correlationId: expect.any(String),
    })
    expect(JSON.stringify(logged(reply))).toContain('AADSTS7000215')
    expect(stage.logText()).not.toContain('pretend-secret')
  })

  test('redeem shows the numbers of a refusal by the provider', async () => {
    const reply = await redeemed((control) => control.fail('token', { kind: 'aadsts', code: 50105 }))
    expectPage(reply, 403, 'provider_refused')
    expect(reply.body).toContain('AADSTS50105')
    expect(logged(reply)).toMatchObject({ providerCode: 'AADSTS50105', providerError: 'invalid_grant' })
  })

  for (const [what, code, prepare] of [
    ['an error of its own', 'provider_unreachable', { kind: 'status', status: 500 }],
    ['being unavailable', 'provider_unreachable', { kind: 'status', status: 503 }],
    ['being busy', 'provider_unreachable', { kind: 'status', status: 429, headers: { 'Retry-After': '30' } }],
    ['being busy, in JSON', 'provider_unreachable', { kind: 'aadsts', code: 90033, status: 429 }],
    ['a passing error', 'provider_unreachable', { kind: 'aadsts', code: 90033 }],
    ['hanging up', 'provider_unreachable', { kind: 'close' }],
    ['half an answer', 'provider_fault', { kind: 'garbage' }],
    ['a page in place of JSON', 'provider_fault', { kind: 'garbage', body: '<p>proxy', contentType: 'text/html' }],
    ['an empty object', 'provider_fault', { kind: 'garbage', body: '{}' }],
    ['a list', 'provider_fault', { kind: 'garbage', body: '[]' }],
    ['another kind of token', 'provider_fault', { kind: 'garbage', body: '{"access_token":"a","token_type":"mac"}' }],
    ['no ID token', 'provider_fault', { kind: 'garbage', body: '{"access_token":"a","token_type":"Bearer"}' }],
    [
      'an ID token that is none',
      'provider_fault',
      { kind: 'garbage', body: '{"access_token":"a","token_type":"Bearer","id_token":"x.y.z"}' },
    ],
  ] as const) {
    attack('T98', `redeem takes ${what} for ${code}, asks once, and the way back is kept`, async () => {
      const before = stage.emulator.control.requests('token')
      const reply = await redeemed((control) => control.fail('token', prepare))
      expectPage(reply, code === 'provider_fault' ? 502 : 503, code)
      expect(reply.headers['retry-after']).toBe(code === 'provider_fault' ? undefined : '5')
      expect(reply.body).toContain('return_to=%2Fdeep%3Fx%3D1')
      expect(stage.emulator.control.requests('token') - before).toBe(1)
    })
  }

  test('redeem follows no redirect of the token endpoint: the secret goes nowhere else', async () => {
    let called = 0
    stage.upstream.handle(() => {
      called += 1
      return false
    })
    for (const status of [302, 307, 308]) {
      const headers = { Location: `${stage.upstream.origin}/elsewhere` }
      const reply = await redeemed((control) => control.fail('token', { kind: 'status', status, headers }))
      expectPage(reply, 502, 'provider_fault')
    }
    stage.upstream.handle(null)
    expect(called).toBe(0)
  })

  test('redeem waits for a slow provider', async () => {
    const visitor = createVisitor()
    stage.emulator.control.fail('token', { kind: 'delay', milliseconds: 500 })
    const reply = await signIn(visitor, `${stage.origin}/deep`, uwe)
    expect(reply.status).toBe(200)
    visitor.close()
  })

  attack('T98', 'redeem does not wait for ever, and whoever is signed in notices nothing', async () => {
    const visitor = createVisitor()
    await signIn(visitor, `${stage.origin}/`, uwe)
    const waiting = redeemed((control) => control.fail('token', { kind: 'hang' }))
    for (let round = 0; round < 20; round += 1) {
      expect((await visitor.ask(`${stage.origin}/x`)).status).toBe(200)
    }
    expectPage(await waiting, 503, 'provider_unreachable')
    visitor.close()
  })
})

const directory = '0b5a9e1c-7f3d-4c62-9d84-2a6f1e8b7c30'
const client = '6d1f0c52-3b7e-4a98-8c15-f0e2d4b6a791'

function issuerOf(tid: string): string {
  return `${stage.emulator.origin}/${tid}/v2.0`
}

attack('T88', 'redeem keeps no hint for signing out that is longer than an address may be', async () => {
  for (const [hint, kept] of [
    ['h'.repeat(1_024), 'h'.repeat(1_024)],
    ['h'.repeat(1_025), null],
  ] as const) {
    const visitor = createVisitor()
    const answer = await cameBack(visitor, `${stage.origin}/`, uwe)
    stage.emulator.control.forgeNextIdToken({ set: { login_hint: hint } })
    expect(givesSession(await visit(visitor, answer))).toBe(true)
    const reply = await visit(visitor, `${stage.origin}/.auth/logout`, { 'sec-fetch-site': 'same-origin' })
    expect(new URL(reply.location).searchParams.get('logout_hint')).toBe(kept)
    visitor.close()
  }
})

test('keptRefreshToken keeps none that would make a session heavy (T88)', () => {
  expect(keptRefreshToken({})).toBeNull()
  expect(keptRefreshToken({ refresh_token: '1.A-token' })).toBe('1.A-token')
  expect(keptRefreshToken({ refresh_token: 'x'.repeat(16_384) })).toHaveLength(16_384)
  expect(keptRefreshToken({ refresh_token: 'x'.repeat(16_385) })).toBeNull()
})
