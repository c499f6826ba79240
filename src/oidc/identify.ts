/** Who somebody is, from an answer of their provider: at the sign-in, and each time the provider is asked again. */
import type { Provider, Tenant } from '../core/gateway.ts'
import type { Claims, FactsRead } from '../core/identity/claims.ts'
import { nothingFound } from '../core/identity/graph-questions.ts'
import { questionsFor, readIdToken } from '../core/identity/id-token.ts'
import type { AskGraph } from './graph.ts'

export interface ProviderAnswer {
  /** Of an ID token that has been checked. */
  readonly claims: Claims
  /** With which Microsoft Graph is asked, where it must be. */
  readonly accessToken: string
}

/**
 * @returns the facts that a session keeps, or why nobody can be signed in with them.
 * @throws Fault `graph_unreachable`, `graph_refused` where Graph had to be asked and did not answer.
 */
export type Identify = (tenant: Tenant, provider: Provider, answer: ProviderAnswer) => Promise<FactsRead>

/** @param clock seconds since 1970. */
export function createIdentify({
  clock,
  askGraph,
}: {
  readonly clock: () => number
  readonly askGraph: AskGraph
}): Identify {
  return async (tenant, provider, { claims, accessToken }) => {
    const questions = questionsFor(tenant, provider, claims)
    const isAsked = questions.memberships.length > 0 || questions.properties.length > 0
    const found =
      isAsked && provider.kind === 'entra'
        ? await askGraph({ access: provider.graph, accessToken }, questions)
        : nothingFound
    return readIdToken(tenant, provider, claims, { now: clock(), found })
  }
}
