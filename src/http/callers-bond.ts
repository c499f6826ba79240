/** To whom the application's own session cookies belong that a request brings along, and that its answer sets. */
import type { CookieBond } from '../core/answer/bound-cookies.ts'
import type { Tenant } from '../core/gateway.ts'
import { holderOf } from '../core/identity/bond.ts'
import type { RequestFacts } from '../core/request/facts.ts'
import type { Bonds } from '../session/bonds.ts'
import { type Loaded, sessionIn } from './load-session.ts'
import { cookieOf } from './read-facts.ts'

/** @returns null where it is not known whose the request is, or the provider has yet to vouch for them anew. */
export function bondOfCaller(bonds: Bonds, tenant: Tenant, facts: RequestFacts, loaded: Loaded): CookieBond | null {
  const cookie = cookieOf(facts)
  if (loaded !== null && 'is' in loaded) return loaded.is === 'unasked' ? bonds.unasked(tenant.name, cookie) : null
  if (loaded !== null && 'again' in loaded) return null
  return bonds.of(tenant.name, holderOf(tenant, sessionIn(loaded)), cookie)
}
