/**
 * The verdict on a request, from nothing but what is handed in. Every way out has a reason; there is no empty answer
 * (T87).
 */
import type { Tenant } from '../gateway.ts'
import { type NotAdmitted, refusedAdmission } from '../identity/admission.ts'
import { providerOf } from '../identity/authority.ts'
import { type RolesFound, resolveRoles } from '../identity/roles.ts'
import { isVouchedFor, type Session } from '../identity/session.ts'
import { missingProof, type ProofMissing, type StepUp, stepUpFor, unprovable } from '../identity/step-up.ts'
import { isEmbeddable, isForeignRequest } from '../request/cross-site.ts'
import { isPreflight, type RequestFacts } from '../request/facts.ts'
import { isOwnForm } from '../request/own-form.ts'
import type { Requirement } from '../request/route.ts'

export type Decision =
  /** To the upstream; with the person whose identity goes along, or null. */
  | { readonly act: 'forward'; readonly person: { readonly session: Session; readonly roles: RolesFound } | null }
  /** To the sign-in, because a person could go through it and come back; with what it has to prove. */
  | { readonly act: 'login'; readonly reason: 'login_required' | ProofMissing['reason']; readonly stepUp: StepUp }
  | Refused

export type Refused =
  | { readonly act: 'refuse'; readonly reason: 'login_required' | 'no_role' | 'role_missing' | 'cross_site_refused' }
  | ({ readonly act: 'refuse' } & NotAdmitted)
  | ({ readonly act: 'refuse' } & ProofMissing)

export interface Asked {
  readonly tenant: Tenant
  readonly requirement: Requirement
  readonly facts: Pick<RequestFacts, 'method' | 'kind' | 'headers'>
  /** A live session of this tenant, or null. */
  readonly session: Session | null
  /** Seconds since 1970. */
  readonly now: number
}

/**
 * A missing role is a refusal, never a new sign-in; and who lacks one is not asked to prove anything first. Only the
 * navigation of a person is sent to the sign-in, since a script cannot sign in: what they open (GET or HEAD), and a form
 * that a page of the application itself has sent, which is kept meanwhile; and that of a frame where the tenant lets
 * other sites embed it.
 */
export function decide({ tenant, requirement, facts, session, now }: Asked): Decision {
  if (requirement.level === 'public') return { act: 'forward', person: null }
  if (requirement.forwardsPreflights && isPreflight(facts)) return { act: 'forward', person: null }
  const isOptional = requirement.level === 'optional'
  if (session === null || !isVouchedFor(session, tenant)) {
    if (isOptional) return { act: 'forward', person: null }
    const isRedirectable = isPersons(facts, tenant) || (isEmbeddable(tenant) && isFramed(facts))
    return isRedirectable && requirement.redirects
      ? { act: 'login', reason: 'login_required', stepUp: stepUpFor(requirement) }
      : { act: 'refuse', reason: 'login_required' }
  }
  if (isEmbeddable(tenant) && isForeignRequest(facts, tenant)) return { act: 'refuse', reason: 'cross_site_refused' }
  // Whom the tenant does not admit is, on an optional route, nobody in particular.
  const refused = refusedAdmission(tenant, session)
  if (refused !== null) return isOptional ? { act: 'forward', person: null } : { act: 'refuse', ...refused }
  const roles = resolveRoles(tenant, session)
  if (!roles.admitted) return isOptional ? { act: 'forward', person: null } : { act: 'refuse', reason: 'no_role' }
  const held = requirement.everyOf.every((anyOf) => anyOf.some((role) => roles.roles.includes(role)))
  if (!held) return { act: 'refuse', reason: 'role_missing' }
  const provider = providerOf(tenant, session.facts)
  const missing =
    provider === null
      ? unprovable(requirement, session.facts, now)
      : missingProof(requirement, provider, session.facts, now)
  if (missing === null) return { act: 'forward', person: { session, roles } }
  return isPersons(facts, tenant) && requirement.redirects
    ? { act: 'login', ...missing }
    : { act: 'refuse', ...missing }
}

/** What a person opens or sends, and could be led away from. */
function isPersons(facts: Asked['facts'], tenant: Tenant): boolean {
  const { method, kind } = facts
  return (kind === 'navigation' && (method === 'GET' || method === 'HEAD')) || isOwnForm(facts, tenant)
}

/** The same in a frame, where nobody can be asked anything. */
function isFramed({ method, kind }: Asked['facts']): boolean {
  return kind === 'frame' && (method === 'GET' || method === 'HEAD')
}
