/**
 * Who signed in, by what the provider stated: each kind of provider names people, groups and app roles in its own way.
 */
import type { Provider, Tenant } from '../gateway.ts'
import type { Claims, FactsRead } from './claims.ts'
import { questionsAbout, readEntraClaims } from './entra.ts'
import { type GraphFindings, type GraphQuestions, nothingAsked } from './graph-questions.ts'
import { readPlainClaims } from './plain.ts'

/** What Microsoft Graph must be asked before the claims can be read; only Entra has one. */
export function questionsFor(tenant: Tenant, provider: Provider, claims: Claims): GraphQuestions {
  return provider.kind === 'entra' ? questionsAbout(tenant, provider, claims) : nothingAsked
}

interface Also {
  /** Seconds since 1970. */
  readonly now: number
  /** What Graph answered to `questionsFor`. */
  readonly found: GraphFindings
}

/**
 * @param provider whose answer it is.
 * @param claims of an ID token whose signature, issuer, audience, times and nonce have been checked.
 * @returns the facts that a session keeps, or why nobody can be signed in with them.
 */
export function readIdToken(tenant: Tenant, provider: Provider, claims: Claims, also: Also): FactsRead {
  const read = readClaims(tenant, provider, claims, also)
  if ('refused' in read || JSON.stringify(read.facts).length <= mostFacts) return read
  return { refused: 'identity_refused', detail: 'too-much-for-a-session' }
}

/**
 * Far more than anybody is, in characters. Sessions are counted and not weighed, and a provider must not decide what
 * one weighs (T88).
 */
const mostFacts = 32_768

function readClaims(tenant: Tenant, provider: Provider, claims: Claims, also: Also): FactsRead {
  switch (provider.kind) {
    case 'entra':
      return readEntraClaims(tenant, provider, claims, also)
    case 'oidc':
      return readPlainClaims(tenant, provider, claims, also.now)
    default:
      return provider satisfies never
  }
}
