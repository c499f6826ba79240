/** What the combinations are made of: account types, credentials and clouds, each by the name that the README gives it. */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportJWK, type JSONWebKeySet, SignJWT } from 'jose'
import { managedIdentity } from '../../src/emulator/managed-identity.ts'
import type { Application } from '../../src/emulator/registration.ts'
import { createAuthority } from '../certificates.ts'

const contoso = '0b5a9e1c-7f3d-4c62-9d84-2a6f1e8b7c30'
const fabrikam = 'd94e1c37-6a5b-4f02-8e71-b3c0a9d85f16'
export const personal = '9188040d-6c67-4c5b-b112-36a304b66dad'
export const paulaId = '00000000-0000-0000-3f1d-5b7a9c2e4d60'

export interface Account {
  readonly directory: string
  readonly audience: Application['audience']
  readonly username: string
  readonly from: string
}

export const accounts = {
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
export type AccountName = keyof typeof accounts

export const clouds = {
  global: 'login.microsoftonline.com',
  'us-gov': 'login.microsoftonline.us',
  'us-gov-dod': 'login.microsoftonline.us',
  china: 'login.partner.microsoftonline.cn',
  'a host of its own': `${contoso}.ciamlogin.com`,
} as const
export type CloudName = keyof typeof clouds

const issuer = 'https://cluster.example/'
const subject = 'system:serviceaccount:gate:sallyport'
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pair = createAuthority().issue('DNS:gate.example', 2, 'rsa')
export const folder = mkdtempSync(join(tmpdir(), 'sallyport-combinations-'))
const at = (name: string) => join(folder, name)
writeFileSync(at('gate.crt'), pair.cert)
writeFileSync(at('gate.key'), pair.key)

/** What the token of a workload must be for; each cloud has its own word for it. */
function audienceIn(cloud: CloudName): string {
  if (cloud === 'us-gov' || cloud === 'us-gov-dod') return 'api://AzureADTokenExchangeUSGov'
  return cloud === 'china' ? 'api://AzureADTokenExchangeChina' : 'api://AzureADTokenExchange'
}

export interface Credential {
  readonly written: string
  readonly registered: (
    origin: string,
    cloud: CloudName,
    port: number,
  ) => Promise<Partial<Application>> | Partial<Application>
}

export const credentials = {
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
export type CredentialName = keyof typeof credentials
