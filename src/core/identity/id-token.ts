/** Who signed in, by what the provider stated: each kind of provider names people, groups and app roles in its own way. */
import type { Provider, Tenant } from '../gateway.ts'
import type { Claims, FactsRead } from './claims.ts'
import { readEntraClaims } from './entra.ts'
import { readPlainClaims } from './plain.ts'

/**
 * @param provider whose answer it is.
 * @param claims of an ID token whose signature, issuer, audience, times and nonce have been checked.
 * @param now seconds since 1970.
 * @returns the facts that a session keeps, or why nobody can be signed in with them.
 */
export function readIdToken(tenant: Tenant, provider: Provider, claims: Claims, now: number): FactsRead {
  const read = readClaims(tenant, provider, claims, now)
  if ('refused' in read || JSON.stringify(read.facts).length <= mostFacts) return read
  return { refused: 'identity_refused', detail: 'too-much-for-a-session' }
}

/** Far more than anybody is, in characters. Sessions are counted and not weighed, and a provider must not decide what one weighs (T88). */
const mostFacts = 32_768

function readClaims(tenant: Tenant, provider: Provider, claims: Claims, now: number): FactsRead {
  switch (provider.kind) {
    case 'entra':
      return readEntraClaims(tenant, provider, claims, now)
    case 'oidc':
      return readPlainClaims(tenant, provider, claims, now)
    default:
      return provider satisfies never
  }
}
