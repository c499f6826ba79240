/** From what the gate has decided to what the proxy is asked to do. */
import { ownCookieNames } from '../core/answer/cookies.ts'
import { finishHeaders, type Person } from '../core/answer/headers.ts'
import type { Tenant, ToUpstream } from '../core/gateway.ts'
import { isEmbeddable } from '../core/request/cross-site.ts'
import type { RequestFacts } from '../core/request/facts.ts'
import type { ForwardPlan } from '../proxy/plan.ts'

export interface Forwarding {
  readonly tenant: Tenant
  readonly to: ToUpstream
  /** Path and query that go out. */
  readonly target: string
  readonly strictTransport: string | null
}

/** What the proxy needs: it decides nothing. */
export function planFor(facts: RequestFacts, way: Forwarding, person: Person | null, requestId: string): ForwardPlan {
  return {
    upstream: way.to.upstream,
    target: way.target,
    headers: finishHeaders(facts, way, person, requestId),
    ownCookieNames,
    signedIn: person !== null,
    strictTransport: way.strictTransport,
    policy: isEmbeddable(way.tenant) ? `frame-ancestors 'self' ${way.tenant.embeddedBy.join(' ')}` : null,
  }
}
