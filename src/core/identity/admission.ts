/**
 * Who may use an application at all, whatever their roles: guests or not, with a complete profile, of which e-mail
 * domains. A pure function of facts and configuration.
 */
import type { Tenant } from '../gateway.ts'
import { providerOf } from './authority.ts'
import { emergencyAccountOf } from './break-glass.ts'
import { domainOf, vouchedEmail } from './email.ts'
import { isGuest } from './guest.ts'
import type { ClaimValue, Session, SessionFacts } from './session.ts'

export interface NotAdmitted {
  readonly reason: 'guest_refused' | 'email_refused' | 'profile_incomplete'
  /** The claims that have no value. */
  readonly missing: readonly string[]
}

/**
 * Works out why the tenant does not admit somebody; null: it does. The rules are held against sessions that there are
 * already too, so that a changed rule is in force at once (T126).
 */
export function refusedAdmission(tenant: Tenant, session: Session): NotAdmitted | null {
  const known = memo.get(session)
  if (known?.tenant === tenant) return known.refused
  const refused = judge(tenant, session.facts)
  memo.set(session, { tenant, refused })
  return refused
}

const memo = new WeakMap<Session, { readonly tenant: Tenant; readonly refused: NotAdmitted | null }>()

function judge(tenant: Tenant, facts: SessionFacts): NotAdmitted | null {
  // The operator has named the account: there is no profile that could be incomplete.
  if (emergencyAccountOf(tenant, facts) !== null) return null
  const { guests, claims, emailDomains } = tenant.admission
  const provider = providerOf(tenant, facts)
  if (guests === 'deny' && provider?.kind !== 'oidc' && isGuest(facts.directoryId, facts.claims))
    return { reason: 'guest_refused', missing: [] }
  if (emailDomains.length > 0) {
    const email = provider === null ? null : vouchedEmail(provider, facts, true)
    const domain = email === null ? null : domainOf(email)
    if (domain === null || !emailDomains.includes(domain)) return { reason: 'email_refused', missing: [] }
  }
  const missing = claims.filter((name) => !hasValue(Object.hasOwn(facts.claims, name) ? facts.claims[name] : undefined))
  return missing.length === 0 ? null : { reason: 'profile_incomplete', missing }
}

function hasValue(value: ClaimValue | undefined): boolean {
  if (value === undefined) return false
  return typeof value === 'object' ? value.length > 0 : String(value).trim() !== ''
}
