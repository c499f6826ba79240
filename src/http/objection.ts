/**
 * What speaks against signing somebody in for whom the provider has vouched: another person than was meant, the
 * tenant's rules, or what was to be proved.
 */
import type { RefusalCode } from '../core/answer/outcomes.ts'
import type { Provider, Tenant } from '../core/gateway.ts'
import { refusedAdmission } from '../core/identity/admission.ts'
import type { Claims } from '../core/identity/claims.ts'
import type { SessionFacts } from '../core/identity/session.ts'
import { personKey, type StepUp, unprovenBy } from '../core/identity/step-up.ts'
import type { Intent } from '../session/transaction.ts'

export interface Objection {
  readonly code: RefusalCode
  /** The rule, for the log. */
  readonly detail: string
  /** Claims that the account lacks. */
  readonly missing: readonly string[]
}

interface SigningIn {
  readonly tenant: Tenant
  readonly provider: Provider
  readonly intent: Intent
  readonly facts: SessionFacts
  /** Of the ID token. */
  readonly claims: Claims
}

/** @param now seconds since 1970. @returns null where nothing does. */
export function objection({ tenant, provider, intent, facts, claims }: SigningIn, now: number): Objection | null {
  if (intent.person !== undefined && intent.person !== personKey(facts))
    return { code: 'other_person', detail: 'another-person', missing: [] }
  const refused = refusedAdmission(tenant, { facts, version: 1 })
  if (refused !== null)
    return { code: refused.reason, detail: refused.reason.replace('_', '-'), missing: refused.missing }
  const detail = unprovenBy(stepUpOf(intent), provider, { authTime: facts.authTime, claims }, now)
  return detail === null ? null : { code: 'context_unmet', detail, missing: [] }
}

/** What a sign-in was to prove. */
export function stepUpOf({ authContext, maxAge }: Intent): StepUp {
  return { authContext: authContext ?? null, maxAge: maxAge ?? null }
}
