/** A client that proves who it is with the token of another issuer, such as a Kubernetes cluster: workload identity federation. */
import { compactVerify, createLocalJWKSet, type JSONWebKeySet } from 'jose'
import type { Problem } from './errors.ts'
import { isInTime, type ReadToken } from './json-web-token.ts'
import type { Application } from './registration.ts'

/** Whom the registration trusts: each of the three is compared byte for byte. */
export interface FederatedCredential {
  /** With or without a slash at the end, just as the token has it. */
  readonly issuer: string
  /** `system:serviceaccount:<namespace>:<name>` of a cluster, the principal id of a managed identity. */
  readonly subject: string
  /** `api://AzureADTokenExchange` unless said. */
  readonly audience?: string
  /** The issuer's key set; without it the issuer is asked for its metadata and its keys. */
  readonly keys?: JSONWebKeySet
}

const usualAudience = 'api://AzureADTokenExchange'

/**
 * Null for a token that one of the registration's credentials fits; else the first thing that fits none: the issuer (700211),
 * the subject (700213), the audience (700212); then its time (700024), keys that are not to be had (50166), its signature (700027).
 * @see https://learn.microsoft.com/entra/workload-id/workload-identity-federation
 */
export async function judgeFederatedToken(
  { text, read, now }: { readonly text: string; readonly read: ReadToken; readonly now: number },
  { federatedCredentials }: Application,
): Promise<Problem | null> {
  const { iss, sub, aud } = read.claims
  const ofIssuer = federatedCredentials.filter(({ issuer }) => issuer === iss)
  if (ofIssuer.length === 0) return { code: 700211, detail: String(iss) }
  const ofSubject = ofIssuer.filter(({ subject }) => subject === sub)
  if (ofSubject.length === 0) return { code: 700213, detail: String(sub) }
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud]
  const fitting = ofSubject.find(({ audience = usualAudience }) => audiences.includes(audience))
  if (fitting === undefined) return { code: 700212, detail: audiences.join(' ') }
  if (!isInTime(read, now)) return { code: 700024 }
  const keys = fitting.keys ?? (await keysOf(fitting.issuer))
  if (keys === null) return { code: 50166, detail: fitting.issuer }
  return await compactVerify(text, createLocalJWKSet(keys), { algorithms: ['RS256'] }).then(
    () => null,
    () => ({ code: 700027 }),
  )
}

const patienceMilliseconds = 3000

/** As published; null where they are not to be had. */
async function keysOf(issuer: string): Promise<JSONWebKeySet | null> {
  try {
    const metadata = await documentAt(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)
    const keys = await documentAt(String(metadata.jwks_uri))
    return Array.isArray(keys.keys) ? { keys: keys.keys } : null
  } catch {
    return null
  }
}

async function documentAt(url: string): Promise<Readonly<Record<string, unknown>>> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(patienceMilliseconds) })
  return (await answer.json()) as Readonly<Record<string, unknown>>
}
