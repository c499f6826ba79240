/** The verdict on a request, from nothing but what is handed in. Every way out has a reason; there is no empty answer (T87). */
import type { Tenant } from '../gateway.ts'
import { type RolesFound, resolveRoles } from '../identity/roles.ts'
import { isVouchedFor, type Session } from '../identity/session.ts'
import { isEmbeddable, isForeignRequest } from '../request/cross-site.ts'
import { isPreflight, type RequestFacts } from '../request/facts.ts'
import type { Requirement } from '../request/route.ts'

export type Decision =
  /** To the upstream; with the person whose identity goes along, or null. */
  | { readonly act: 'forward'; readonly person: { readonly session: Session; readonly roles: RolesFound } | null }
  /** To the sign-in, because a person could go through it and come back. */
  | { readonly act: 'login'; readonly reason: 'login_required' }
  | { readonly act: 'refuse'; readonly reason: 'login_required' | 'no_role' | 'role_missing' | 'cross_site_refused' }

export interface Asked {
  readonly tenant: Tenant
  readonly requirement: Requirement
  readonly facts: Pick<RequestFacts, 'method' | 'kind' | 'headers'>
  /** A live session of this tenant, or null. */
  readonly session: Session | null
}

/**
 * A missing role is a refusal, never a new sign-in. Only the navigation of a person (GET or HEAD) is sent to the sign-in: a
 * body would be lost, and a script cannot sign in; and that of a frame where the tenant lets other sites embed it.
 */
export function decide({ tenant, requirement, facts, session }: Asked): Decision {
  if (requirement.level === 'public') return { act: 'forward', person: null }
  if (requirement.forwardsPreflights && isPreflight(facts)) return { act: 'forward', person: null }
  if (session === null || !isVouchedFor(session, tenant)) {
    if (requirement.level === 'optional') return { act: 'forward', person: null }
    return redirectable(facts, tenant) && requirement.redirects
      ? { act: 'login', reason: 'login_required' }
      : { act: 'refuse', reason: 'login_required' }
  }
  if (isEmbeddable(tenant) && isForeignRequest(facts, tenant)) return { act: 'refuse', reason: 'cross_site_refused' }
  const roles = resolveRoles(tenant, session)
  if (!roles.admitted) {
    // Whom the tenant does not admit is, on an optional route, nobody in particular.
    return requirement.level === 'optional' ? { act: 'forward', person: null } : { act: 'refuse', reason: 'no_role' }
  }
  const held = requirement.everyOf.every((anyOf) => anyOf.some((role) => roles.roles.includes(role)))
  return held ? { act: 'forward', person: { session, roles } } : { act: 'refuse', reason: 'role_missing' }
}

function redirectable({ method, kind }: Asked['facts'], tenant: Tenant): boolean {
  return (
    (kind === 'navigation' || (kind === 'frame' && isEmbeddable(tenant))) && (method === 'GET' || method === 'HEAD')
  )
}
