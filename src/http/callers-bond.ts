/** To whom the application's own session cookies belong that a request brings along, and that its answer sets. */
import type { CookieBond } from '../core/answer/bound-cookies.ts'
import type { Tenant } from '../core/gateway.ts'
import { holderOf } from '../core/identity/bond.ts'
import type { Session } from '../core/identity/session.ts'
import type { RequestFacts } from '../core/request/facts.ts'
import type { Bonds } from '../session/bonds.ts'
import { type Loaded, sessionIn } from './load-session.ts'
import { cookieOf } from './read-facts.ts'

export interface Caller {
  /** Null where it is not known whose the request is, or the provider has yet to vouch for them anew. */
  readonly bond: CookieBond | null
  /** Whose session in the application goes along, also where nobody is named to it; null for nobody's. */
  readonly holder: Session | null
}

export function callerIn(bonds: Bonds, tenant: Tenant, facts: RequestFacts, loaded: Loaded): Caller {
  const cookie = cookieOf(facts)
  if (loaded !== null && 'is' in loaded) {
    return { bond: loaded.is === 'unasked' ? bonds.unasked(tenant.name, cookie) : null, holder: null }
  }
  if (loaded !== null && 'again' in loaded) return { bond: null, holder: null }
  const holder = holderOf(tenant, sessionIn(loaded))
  return { bond: bonds.of(tenant.name, holder, cookie), holder }
}
