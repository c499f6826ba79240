/** The token that somebody else issued for this workload, and that counts in place of a secret at Entra (workload identity federation). */
import { open } from 'node:fs/promises'
import type { CustomFetch } from 'openid-client'
import type { FederatedCredential } from '../core/gateway.ts'
import { bounded } from './fetch.ts'
import { askedAgain } from './retry.ts'

/** The variables that the platform sets for its workloads. */
export type PlatformVariables = Readonly<Record<string, string | undefined>>

export interface FederatedTokenParts {
  readonly env: PlatformVariables
  /** A fetch that goes through no proxy. */
  readonly ask: CustomFetch
  /** Seconds since 1970. */
  readonly clock: () => number
}

export type FederatedToken = (credential: FederatedCredential, authority: string) => Promise<string>

const largestToken = 65_536
const identityMilliseconds = 5_000
/** A token of the identity service is asked for anew this long before it expires, in seconds; it lives for hours. */
const renewedBefore = 300

/**
 * @returns for a credential and the sign-in service that it is for, a token that counts now.
 * @throws Error with the reason, in words without the token.
 */
export function createFederatedToken({ env, ask, clock }: FederatedTokenParts): FederatedToken {
  const known = new WeakMap<FederatedCredential, { readonly token: string; readonly until: number }>()
  const service = askedAgain(bounded(ask))

  return async (credential, authority) => {
    if (credential.form === 'workload-identity') {
      const path = credential.tokenFile ?? env.AZURE_FEDERATED_TOKEN_FILE ?? ''
      if (path === '') throw new Error('AZURE_FEDERATED_TOKEN_FILE is not set: the pod has no workload identity')
      // Each time: it is replaced about every hour, by a link that is exchanged.
      return asToken(await readSmall(path), 'the token file')
    }
    const held = known.get(credential)
    if (held !== undefined && clock() < held.until) return held.token
    const { url, headers } = identityRequest(env, credential.identity, audienceFor(authority))
    const signal = AbortSignal.timeout(identityMilliseconds)
    const response = await service(url.href, { method: 'GET', headers, body: undefined, redirect: 'manual', signal })
    if (!response.ok) {
      await response.body?.cancel()
      throw new Error(`the identity service of this machine answered with ${response.status}`)
    }
    const answer: unknown = await response.json().catch(() => null)
    const said = typeof answer === 'object' && answer !== null ? (answer as Record<string, unknown>) : {}
    const token = asToken(said.access_token, 'the answer of the identity service')
    const expiresAt = Number(said.expires_on)
    if (Number.isFinite(expiresAt)) known.set(credential, { token, until: expiresAt - renewedBefore })
    return token
  }
}

/** App Service and Container Apps name a place and a header of their own; virtual machines have the well-known address. */
function identityRequest(env: PlatformVariables, identity: string | null, audience: string) {
  const { IDENTITY_ENDPOINT: endpoint, IDENTITY_HEADER: proof } = env
  const isHosted = endpoint !== undefined && endpoint !== '' && proof !== undefined
  const url = new URL(isHosted ? endpoint : 'http://169.254.169.254/metadata/identity/oauth2/token')
  url.searchParams.set('api-version', isHosted ? '2019-08-01' : '2018-02-01')
  url.searchParams.set('resource', audience)
  if (identity !== null) url.searchParams.set('client_id', identity)
  const headers: Record<string, string> = isHosted ? { 'X-IDENTITY-HEADER': proof } : { Metadata: 'true' }
  return { url, headers }
}

/** Each cloud exchanges tokens that were made for it. */
function audienceFor(authority: string): string {
  const { hostname } = new URL(authority)
  if (hostname.endsWith('.microsoftonline.us')) return 'api://AzureADTokenExchangeUSGov'
  if (hostname.endsWith('.microsoftonline.cn')) return 'api://AzureADTokenExchangeChina'
  return 'api://AzureADTokenExchange'
}

async function readSmall(path: string): Promise<string> {
  const file = await open(path).catch((cause: unknown) => {
    throw new Error('the token file cannot be read', { cause })
  })
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(largestToken), position: 0 })
    return buffer.toString('utf8', 0, bytesRead).trim()
  } finally {
    await file.close()
  }
}

/** Three parts, as a signed token has: anything else is not sent to anybody. */
function asToken(text: unknown, where: string): string {
  if (typeof text === 'string' && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(text)) return text
  throw new Error(`${where} holds no token`)
}
