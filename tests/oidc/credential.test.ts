/** Our credential at two providers that do not know of each other: the pretend Entra, and one that is none of ours. */
import { createPublicKey } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { type Authority, createAuthority, type Pair } from '../certificates.ts'
import { cameBack, expectPage, givesSession, visit } from '../http/scene.ts'
import { plainClient } from '../plain-provider.ts'
import { type PlainStageOptions, signInAs, startPlainStage } from '../plain-stage.ts'
import { type Stage, startStage } from '../stage.ts'
import { createVisitor, signIn, type Visitor } from '../visitor.ts'

const uwe = 'uwe@contoso.example'
const right = 'pretend-secret-for-the-demo-only'

async function onStage(credential: string, work: (stage: Stage, visitor: Visitor) => Promise<void>): Promise<void> {
  const stage = await startStage({ credential })
  const visitor = createVisitor()
  try {
    await work(stage, visitor)
  } finally {
    visitor.close()
    await stage.close()
  }
}

const detail = async ({ management }: Stage) =>
  (await (await fetch(`${management}/readyz`)).json()) as { detail?: { credentials?: unknown }; credentials?: unknown }
const metrics = async ({ management }: Stage) => await (await fetch(`${management}/metrics`)).text()
const events = (stage: Stage, event: string) => stage.log().filter((line) => line.event === event)

describe('several secrets', () => {
  test('a refused one is passed over within the sign-in, alarms, and is not tried first again', () =>
    onStage(`{ secrets: [a-new-one-that-is-wrong, ${right}] }`, async (stage, visitor) => {
      const { control } = stage.emulator
      expect((await signIn(visitor, `${stage.origin}/deep?x=1`, uwe)).url).toBe(`${stage.origin}/deep?x=1`)
      expect(control.requests('token')).toBe(2)
      expect(events(stage, 'credential_refused')).toMatchObject([
        { provider: 'contoso', secret: 1, of: 2, providerCode: 'AADSTS7000215', level: 'error' },
      ])
      expect(events(stage, 'credential_replaced')).toMatchObject([{ provider: 'contoso', secret: 2 }])
      expect(JSON.stringify(await detail(stage))).toContain('secret 1 of 2 refused (AADSTS7000215)')
      expect(await metrics(stage)).toContain('sallyport_credential_refused{provider="contoso"} 1')
      const other = createVisitor()
      await signIn(other, `${stage.origin}/deep`, uwe)
      other.close()
      expect(control.requests('token')).toBe(3)
      expect(events(stage, 'credential_refused')).toHaveLength(1)
      expect(stage.logText()).not.toContain('a-new-one-that-is-wrong')
      expect(stage.logText()).not.toContain(right)
    }))

  test('the first is the only one that is sent while it works', () =>
    onStage(`{ secrets: [${right}, the-old-one] }`, async (stage, visitor) => {
      await signIn(visitor, `${stage.origin}/deep`, uwe)
      expect(stage.emulator.control.requests('token')).toBe(1)
      expect(await metrics(stage)).not.toContain('sallyport_credential_refused{')
    }))

  for (const [what, failure, code] of [
    ['a code that was redeemed', { kind: 'aadsts', code: 54005 }, 403],
    ['an outage', { kind: 'status', status: 503 }, 503],
    ['a page that refuses', { kind: 'status', status: 401 }, 502],
    ['an application that is not there', { kind: 'aadsts', code: 700016 }, 502],
  ] as const) {
    test(`a redemption that fails with ${what} is not repeated with another secret (T59)`, () =>
      onStage(`{ secrets: [${right}, another] }`, async (stage, visitor) => {
        const answer = await cameBack(visitor, `${stage.origin}/deep`, uwe)
        stage.emulator.control.fail('token', failure, 5)
        expect((await visit(visitor, answer)).status).toBe(code)
        expect(stage.emulator.control.requests('token')).toBe(1)
        expect(events(stage, 'credential_refused')).toEqual([])
      }))
  }
})

describe('a credential that is refused', () => {
  for (const [code, why] of [
    [7000222, 'expired'],
    [7000215, 'wrong'],
  ] as const) {
    test(`alarms the operator when it is ${why}, logs nobody out, and is well again by itself`, () =>
      onStage(`{ secret: ${right} }`, async (stage, visitor) => {
        await signIn(visitor, `${stage.origin}/deep`, uwe)
        const other = createVisitor()
        const answer = await cameBack(other, `${stage.origin}/deep`, uwe)
        stage.emulator.control.fail('token', { kind: 'aadsts', code, error: 'invalid_client', status: 401 })
        expectPage(await visit(other, answer), 502, 'client_refused')
        expect(events(stage, 'credential_refused')).toMatchObject([{ providerCode: `AADSTS${code}` }])
        expect(JSON.stringify(await detail(stage))).toContain(`refused (AADSTS${code})`)
        // Who is signed in notices nothing.
        expect((await visitor.ask(`${stage.origin}/x`)).status).toBe(200)
        expect(givesSession(await visit(other, await cameBack(other, `${stage.origin}/deep`, uwe)))).toBe(true)
        expect(events(stage, 'credential_accepted')).toHaveLength(1)
        expect(await metrics(stage)).not.toContain('sallyport_credential_refused{')
        other.close()
      }))
  }
})

test('a secret that expires soon is told of ahead of time, once a day', () => {
  const on = new Date(Date.now() + 10 * 86_400_000).toISOString().slice(0, 10)
  return onStage(`{ secret: ${right}, secretExpiresOn: ${on} }`, async (stage) => {
    expect(events(stage, 'credential_expires')).toMatchObject([
      { provider: 'contoso', on, level: 'warn', expired: false },
    ])
    expect(JSON.stringify(await detail(stage))).toContain(`expires on ${on}`)
    const seconds = Date.parse(on) / 1_000
    expect(await metrics(stage)).toContain(`sallyport_credential_expires_seconds{provider="contoso"} ${seconds}`)
  })
})

const folder = mkdtempSync(join(tmpdir(), 'sallyport-credential-'))
afterAll(() => rmSync(folder, { recursive: true }))
const authority: Authority = createAuthority()

/** YAML of a certificate in files, and its public key as the provider is told it. */
function inFiles({ cert, key }: Pair, name: string) {
  for (const [file, text] of [[`${name}.crt`, cert] as const, [`${name}.key`, key] as const])
    writeFileSync(join(folder, file), text)
  const credential = `{ certificate: { cert: '${join(folder, `${name}.crt`)}', key: '${join(folder, `${name}.key`)}' } }`
  return { credential, clientKey: createPublicKey(cert).export({ format: 'jwk' }) as Record<string, unknown> }
}

describe('a provider that is none of ours', () => {
  const secret = JSON.stringify(plainClient.secret)
  const rsa = inFiles(authority.issue('DNS:gate.example', 2, 'rsa'), 'rsa')
  const ec = inFiles(authority.issue('DNS:gate.example'), 'ec')
  const stranger = inFiles(authority.issue('DNS:gate.example'), 'stranger')
  const accepted: readonly (readonly [string, PlainStageOptions])[] = [
    [
      'the second secret in the body',
      { authMethod: 'client_secret_post', credential: `{ secrets: [wrong, ${secret}] }` },
    ],
    [
      'the second secret as Basic',
      { authMethod: 'client_secret_basic', credential: `{ secrets: [wrong, ${secret}] }` },
    ],
    ['an RSA certificate', { authMethod: 'private_key_jwt', ...rsa }],
    [
      'an RSA certificate with PS256',
      { authMethod: 'private_key_jwt', ...rsa, clientKey: { ...rsa.clientKey, alg: 'PS256' } },
    ],
    ['a P-256 certificate', { authMethod: 'private_key_jwt', ...ec }],
  ]
  for (const [what, options] of accepted) {
    test(`takes ${what}, and the code after it`, async () => {
      const stage = await startPlainStage(options)
      const visitor = createVisitor()
      const reply = await signInAs(visitor, `${stage.origin}/deep`, 'auth0|anna')
      expect([reply.status, reply.url]).toEqual([200, `${stage.origin}/deep`])
      visitor.close()
      await stage.close()
    })
  }

  test('refuses the certificate of another', async () => {
    const stage = await startPlainStage({ authMethod: 'private_key_jwt', ...stranger, clientKey: ec.clientKey })
    const visitor = createVisitor()
    expectPage(await signInAs(visitor, `${stage.origin}/deep`, 'auth0|anna'), 502, 'client_refused')
    expect(stage.log().filter(({ event }) => event === 'credential_refused')).toHaveLength(1)
    visitor.close()
    await stage.close()
  })

  test('is not asked at all with a certificate that it does not announce', async () => {
    const stage = await startPlainStage({ authMethod: 'client_secret_post', credential: ec.credential })
    const visitor = createVisitor()
    expectPage(await visit(visitor, `${stage.origin}/deep`), 503, 'provider_unreachable')
    expect(stage.logText()).toContain('does not announce private_key_jwt')
    visitor.close()
    await stage.close()
  })
})
