/** Whether what is open, a WebSocket or an answer under way, would be let through in the same way now. Pure. */
import type { Gateway } from '../gateway.ts'
import type { Session } from '../identity/session.ts'
import type { RequestFacts } from '../request/facts.ts'
import { locate } from '../request/locate.ts'
import { type Decision, decide } from './decide.ts'
import { identityHeaders, type Person, type Way } from './headers.ts'
import type { RefusalCode } from './outcomes.ts'

/** On what grounds a request was let through. */
export interface Granted {
  readonly facts: RequestFacts
  readonly way: Way & { readonly target: string }
  /** With the session as the application was last told of it; null where nobody is named to it. */
  readonly person: Person | null
  /** When that was: what had been proved by then is enough for as long as it is open. */
  readonly now: number
}

export type Standing =
  | { readonly is: 'same'; readonly way: Granted['way']; readonly person: Person | null }
  /** It may pass, but would go elsewhere, or the application be told something else. */
  | { readonly is: 'other' }
  | { readonly is: 'refused'; readonly refused: NotLetThrough }

export type NotLetThrough = { readonly reason: RefusalCode } | Exclude<Decision, { readonly act: 'forward' }>

/**
 * Judges what is open by the configuration in force (T126).
 * @param session that of the person as it is now; null where nobody is named to the application.
 */
export function standingOf(gateway: Gateway, granted: Granted, session: Session | null): Standing {
  const { facts, way, person, now } = granted
  const located = locate(gateway, facts)
  if (located.at === 'refused') return { is: 'refused', refused: { reason: located.reason } }
  if (located.at !== 'route') return { is: 'refused', refused: { reason: 'route_unknown' } }
  const { tenant, route, requirement, target } = located
  if (tenant === way.tenant && session === (person?.session ?? null)) return { is: 'same', way, person }
  // The host may be another tenant's by now, where the session is none.
  const own = tenant.name === way.tenant.name ? session : null
  const decision = decide({ tenant, requirement, facts, session: own, now })
  if (decision.act !== 'forward') return { is: 'refused', refused: decision }
  const { to } = route
  if (to.act !== 'forward' || to.upstream !== way.to.upstream || target !== way.target) return { is: 'other' }
  const next = { tenant, to, target }
  return told(next, decision.person) === told(way, person)
    ? { is: 'same', way: next, person: decision.person }
    : { is: 'other' }
}

/** What the application is told of a person. */
function told(way: Way, person: Person | null): string {
  return person === null ? '' : JSON.stringify(Object.entries(identityHeaders(way, person)))
}
