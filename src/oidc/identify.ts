/** Who somebody is, from an answer of their provider: at the sign-in, and each time the provider is asked again. */
import type { Provider, Tenant } from '../core/gateway.ts'
import type { Claims, FactsRead } from '../core/identity/claims.ts'
import { readIdToken } from '../core/identity/id-token.ts'

export interface ProviderAnswer {
  /** Of an ID token that has been checked. */
  readonly claims: Claims
  readonly accessToken: string
}

/**
 * @returns the facts that a session keeps, or why nobody can be signed in with them.
 * @throws Fault where something had to be asked that did not answer.
 */
export type Identify = (tenant: Tenant, provider: Provider, answer: ProviderAnswer) => Promise<FactsRead>

/** @param clock seconds since 1970. */
export function createIdentify({ clock }: { readonly clock: () => number }): Identify {
  return async (tenant, provider, { claims }) => readIdToken(tenant, provider, claims, clock())
}
