/**
 * Account types, credentials and clouds, pairwise, under Microsoft's own host names: each pair of two of these that can be
 * together is together in one of the sign-ins below.
 */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportJWK, type JSONWebKeySet, SignJWT } from 'jose'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import { managedIdentity } from '../../src/emulator/managed-identity.ts'
import { personas } from '../../src/emulator/people.ts'
import type { Application } from '../../src/emulator/registration.ts'
import { createAuthority } from '../certificates.ts'
import { givesSession } from '../http/scene.ts'
import { createVisitor } from '../visitor.ts'
import { type CloudStage, startCloudStage } from './cloud-scene.ts'

const contoso = '0b5a9e1c-7f3d-4c62-9d84-2a6f1e8b7c30'
const fabrikam = 'd94e1c37-6a5b-4f02-8e71-b3c0a9d85f16'
const personal = '9188040d-6c67-4c5b-b112-36a304b66dad'
const paulaId = '00000000-0000-0000-3f1d-5b7a9c2e4d60'
const people = personas.map((each) => (each.username === 'paula@live.example' ? { ...each, id: paulaId } : each))

interface Account {
  readonly directory: string
  readonly audience: Application['audience']
  readonly username: string
  readonly from: string
}

const accounts = {
  'one directory by its id': {
    directory: `tenantId: ${contoso}`,
    ...{ audience: 'contoso', username: 'uwe@contoso.example', from: contoso },
  },
  'one directory by a domain': {
    directory: 'tenantId: contoso.example',
    ...{ audience: 'contoso', username: 'uwe@contoso.example', from: contoso },
  },
  'a guest of the directory': {
    directory: `tenantId: ${contoso}`,
    ...{ audience: 'contoso', username: 'zoë@fabrikam.example', from: contoso },
  },
  'several directories': {
    directory: `tenantId: organizations\nallowedTenantIds: [${contoso}, ${fabrikam}]`,
    ...{ audience: 'organizations', username: 'felix@fabrikam.example', from: fabrikam },
  },
  'several directories and personal accounts': {
    directory: `tenantId: common\nallowedTenantIds: [${contoso}, ${personal}]`,
    ...{ audience: 'common', username: 'paula@live.example', from: personal },
  },
  'personal accounts': {
    directory: 'tenantId: consumers',
    ...{ audience: 'consumers', username: 'paula@live.example', from: personal },
  },
  'an external tenant': {
    directory: `tenantId: ${contoso}`,
    ...{ audience: 'contoso', username: 'uwe@contoso.example', from: contoso },
  },
} as const satisfies Record<string, Account>
type AccountName = keyof typeof accounts

const clouds = {
  global: 'login.microsoftonline.com',
  'us-gov': 'login.microsoftonline.us',
  'us-gov-dod': 'login.microsoftonline.us',
  china: 'login.partner.microsoftonline.cn',
  'a host of its own': `${contoso}.ciamlogin.com`,
} as const
type CloudName = keyof typeof clouds

const issuer = 'https://cluster.example/'
const subject = 'system:serviceaccount:gate:sallyport'
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pair = createAuthority().issue('DNS:gate.example', 2, 'rsa')
const folder = mkdtempSync(join(tmpdir(), 'sallyport-combinations-'))
const at = (name: string) => join(folder, name)
writeFileSync(at('gate.crt'), pair.cert)
writeFileSync(at('gate.key'), pair.key)

/** What the token of a workload must be for; each cloud has its own word for it. */
function audienceIn(cloud: CloudName): string {
  if (cloud === 'us-gov' || cloud === 'us-gov-dod') return 'api://AzureADTokenExchangeUSGov'
  return cloud === 'china' ? 'api://AzureADTokenExchangeChina' : 'api://AzureADTokenExchange'
}

interface Credential {
  readonly written: string
  readonly registered: (
    origin: string,
    cloud: CloudName,
    port: number,
  ) => Promise<Partial<Application>> | Partial<Application>
}

const credentials = {
  'a secret': {
    written: '{ secret: a-secret-of-its-own }',
    registered: () => ({ clientSecrets: ['a-secret-of-its-own'] }),
  },
  'two secrets, the new one not known yet': {
    written: '{ secrets: [a-new-secret, a-secret-of-its-own] }',
    registered: () => ({ clientSecrets: ['a-secret-of-its-own'] }),
  },
  'a certificate': {
    written: `{ certificate: { cert: '${at('gate.crt')}', key: '${at('gate.key')}' } }`,
    registered: () => ({ certificates: [pair.cert] }),
  },
  'workload identity': {
    written: `{ federated: workload-identity, tokenFile: '${at('token')}' }`,
    async registered(_origin, cloud) {
      const audience = audienceIn(cloud)
      const claims = { iss: issuer, sub: subject, aud: [audience], exp: Math.floor(Date.now() / 1_000) + 3_600 }
      writeFileSync(
        at('token'),
        await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'k' }).sign(privateKey),
      )
      const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: 'k' }] }
      return { federatedCredentials: [{ issuer, subject, audience, keys }] }
    },
  },
  'managed identity': {
    written: `{ federated: managed-identity, identity: ${managedIdentity.clientId} }`,
    async registered(origin, cloud, port) {
      // The emulator cannot ask itself for its keys under a name that is Microsoft's.
      const keys = await (await fetch(`http://localhost:${port}/${contoso}/discovery/v2.0/keys`)).json()
      const trusted = { issuer: `${origin}/${contoso}/v2.0`, subject: managedIdentity.principalId }
      return { federatedCredentials: [{ ...trusted, audience: audienceIn(cloud), keys: keys as JSONWebKeySet }] }
    },
  },
} as const satisfies Record<string, Credential>
type CredentialName = keyof typeof credentials

/** Personal accounts are in the global cloud alone; an external tenant has a host of its own. */
function cloudsFor(account: AccountName): readonly CloudName[] {
  if (account === 'an external tenant') return ['a host of its own']
  const isGlobal = account === 'personal accounts' || account === 'several directories and personal accounts'
  return isGlobal ? ['global'] : ['global', 'us-gov', 'us-gov-dod', 'china']
}

type Combination = readonly [AccountName, CredentialName, CloudName]

const combinations: readonly Combination[] = (Object.keys(accounts) as AccountName[]).flatMap((account, row) =>
  (Object.keys(credentials) as CredentialName[]).map((credential, column): Combination => {
    const possible = cloudsFor(account)
    return [account, credential, possible[(row + column) % possible.length] ?? 'global']
  }),
)

afterAll(() => rmSync(folder, { recursive: true }))
afterEach(() => void vi.unstubAllEnvs())

async function startCombination([accountName, credentialName, cloud]: Combination): Promise<CloudStage> {
  const account = accounts[accountName]
  const { written, registered }: Credential = credentials[credentialName]
  const host = clouds[cloud]
  const isOwn = cloud === 'a host of its own'
  const started = await startCloudStage([host], {
    ...{ people, application: { audience: account.audience }, credential: written },
    directory: `${account.directory}${isOwn ? '' : `\ncloud: ${cloud}`}`,
    roles: `- { name: owner, groups: [4f9d2b6a-1c83-4e57-b0a9-7d6e5c4b3a21] }`,
    ...(isOwn ? { authority: `https://${host}` } : {}),
    routes: '- { path: /, access: signed-in }',
    tenant: 'noRole: allow',
  })
  const { control } = started.stage.emulator
  control.changeApplication({ clientSecrets: [], ...(await registered(`https://${host}`, cloud, started.port)) })
  vi.stubEnv('IDENTITY_HEADER', 'proof')
  vi.stubEnv('IDENTITY_ENDPOINT', `http://localhost:${started.port}/metadata/identity/oauth2/token`)
  return started
}

describe('a sign-in', () => {
  for (const combination of combinations) {
    const [account, credential, cloud] = combination
    test(`of ${account}, with ${credential}, in the cloud ${cloud}`, async () => {
      const started = await startCombination(combination)
      const visitor = createVisitor()
      try {
        const reply = await started.signIn(visitor, accounts[account].username)
        expect([reply.status, givesSession(reply)]).toEqual([302, true])
        const me = JSON.parse((await visitor.ask(`${started.stage.origin}/.auth/me`)).body) as { directoryId: string }
        expect(me.directoryId).toBe(accounts[account].from)
        expect(new Set(started.asked)).toEqual(new Set([`${clouds[cloud]}:443`]))
      } finally {
        visitor.close()
        await started.close()
      }
    })
  }

  test('was tried with every pair of account, credential and cloud that can be together', () => {
    const pairs = new Set(combinations.flatMap(([a, b, c]) => [`${a}|${b}`, `${a}|${c}`, `${b}|${c}`]))
    for (const account of Object.keys(accounts) as AccountName[]) {
      for (const credential of Object.keys(credentials)) expect(pairs).toContain(`${account}|${credential}`)
      for (const cloud of cloudsFor(account)) expect(pairs).toContain(`${account}|${cloud}`)
    }
    for (const credential of Object.keys(credentials))
      for (const cloud of Object.keys(clouds)) expect(pairs).toContain(`${credential}|${cloud}`)
  })
})
