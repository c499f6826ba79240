/** Credentials that are no secret, at the pretend Entra, which judges them as the real one does. */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportJWK, SignJWT } from 'jose'
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { directoryId } from '../../src/emulator/directory.ts'
import { managedIdentity } from '../../src/emulator/managed-identity.ts'
import type { Application } from '../../src/emulator/registration.ts'
import { attack } from '../attacks/attack.ts'
import { createAuthority } from '../certificates.ts'
import { cameBack, expectPage, visit } from '../http/scene.ts'
import { type Stage, startStage } from '../stage.ts'
import { createVisitor, signIn, type Visitor } from '../visitor.ts'

const uwe = 'uwe@contoso.example'
const folder = mkdtempSync(join(tmpdir(), 'sallyport-credential-'))
afterAll(() => rmSync(folder, { recursive: true }))

let visitor: Visitor
let stage: Stage | undefined
beforeEach(() => {
  visitor = createVisitor()
})
afterEach(async () => {
  visitor.close()
  vi.unstubAllEnvs()
  await stage?.close()
})

/** A stage whose application has no secret but what is registered. */
async function setStage(credential: string, registered: (origin: string) => Partial<Application>): Promise<Stage> {
  stage = await startStage({ credential })
  stage.emulator.control.changeApplication({ clientSecrets: [], ...registered(stage.emulator.origin) })
  return stage
}

const refusals = (of: Stage) => of.log().filter(({ event }) => event === 'credential_refused')

async function expectSignIn(of: Stage): Promise<void> {
  expect((await signIn(visitor, `${of.origin}/deep?x=1`, uwe)).url).toBe(`${of.origin}/deep?x=1`)
  expect(refusals(of)).toEqual([])
}

/** The page says that it is not the person's fault, the log which code it was. */
async function expectRefusal(of: Stage, code: number): Promise<void> {
  expectPage(await visit(visitor, await cameBack(visitor, `${of.origin}/deep`, uwe)), 502, 'client_refused')
  expect(refusals(of)).toMatchObject([{ provider: 'contoso', providerCode: `AADSTS${code}` }])
}

describe('a certificate', () => {
  const authority = createAuthority()
  const pair = authority.issue('DNS:gate.example', 2, 'rsa')
  const [cert, key] = [join(folder, 'entra.crt'), join(folder, 'entra.key')]
  writeFileSync(cert, pair.cert)
  writeFileSync(key, pair.key)
  const credential = `{ certificate: { cert: '${cert}', key: '${key}' } }`

  test('that is registered signs people in', async () => {
    await expectSignIn(await setStage(credential, () => ({ certificates: [pair.cert] })))
  })

  test('that is not registered alarms the operator (AADSTS700027)', async () => {
    const certificates = [authority.issue('DNS:gate.example', 2, 'rsa').cert]
    await expectRefusal(await setStage(credential, () => ({ certificates })), 700027)
  })
})

describe('workload identity', () => {
  const issuer = 'https://cluster.example/'
  const subject = 'system:serviceaccount:gate:sallyport'
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const file = join(folder, 'token')
  const credential = `{ federated: workload-identity, tokenFile: '${file}' }`
  const place = async (said: Record<string, unknown> = {}) => {
    const claims = { iss: issuer, sub: subject, aud: ['api://AzureADTokenExchange'], ...said }
    const exp = Math.floor(Date.now() / 1000) + 3600
    const token = new SignJWT({ exp, ...claims }).setProtectedHeader({ alg: 'RS256', kid: 'k' })
    writeFileSync(file, await token.sign(privateKey))
  }
  const trusted = async () => {
    const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k' }] }
    return { federatedCredentials: [{ issuer, subject, keys }] }
  }

  test('that is trusted signs people in', async () => {
    await place()
    const federated = await trusted()
    await expectSignIn(await setStage(credential, () => federated))
  })

  attack('T116', 'the next sign-in sends what the file says now, whether it got better or worse', async () => {
    const federated = await trusted()
    await place({ sub: 'system:serviceaccount:gate:other' })
    const of = await setStage(credential, () => federated)
    await expectRefusal(of, 700213)
    await place()
    expect((await visitor.open(`${of.origin}/deep?x=1`)).status).toBe(200)
    await place({ exp: 1 })
    const another = createVisitor()
    expectPage(await visit(another, await cameBack(another, `${of.origin}/deep`, uwe)), 502, 'client_refused')
    another.close()
  })

  for (const [what, said, code] of [
    ['issuer', { iss: 'https://cluster.example' }, 700211],
    ['subject', { sub: 'system:serviceaccount:gate:other' }, 700213],
    ['audience', { aud: ['api://other'] }, 700212],
    ['time', { exp: 1 }, 700024],
  ] as const) {
    test(`of another ${what} alarms the operator (AADSTS${code})`, async () => {
      await place(said)
      const federated = await trusted()
      await expectRefusal(await setStage(credential, () => federated), code)
    })
  }
})

describe('managed identity', () => {
  /** A machine whose identity service the emulator plays, and the subject that the registration trusts. */
  async function setMachine(subject: string): Promise<Stage> {
    const credential = `{ federated: managed-identity, identity: ${managedIdentity.clientId} }`
    const own = await setStage(credential, (origin) => ({
      federatedCredentials: [{ issuer: `${origin}/${directoryId}/v2.0`, subject }],
    }))
    vi.stubEnv('IDENTITY_HEADER', 'proof')
    vi.stubEnv('IDENTITY_ENDPOINT', `${own.emulator.origin}/metadata/identity/oauth2/token`)
    return own
  }

  test('that is trusted signs people in', async () => {
    await expectSignIn(await setMachine(managedIdentity.principalId))
  })

  test('that is not trusted alarms the operator (AADSTS700213)', async () => {
    await expectRefusal(await setMachine('another'), 700213)
  })
})
