/** Whose session a request brings along: asked for only where the route wants to know, and only as activity where somebody is there. */
import { Fault } from '../core/fault.ts'
import type { Session } from '../core/identity/session.ts'
import { isPreflight, type RequestFacts } from '../core/request/facts.ts'
import type { ToRoute } from '../core/request/locate.ts'
import type { Sessions } from '../session/sessions.ts'
import { cookieOf } from './read-facts.ts'

/** Public routes skip the well; optional ones survive its absence: whoever cannot be known is nobody in particular. */
export function loadFor(
  sessions: Sessions,
  located: ToRoute,
  facts: RequestFacts,
): Promise<Session | null> | Session | null {
  const { level, forwardsPreflights } = located.requirement
  if (level === 'public' || (forwardsPreflights && isPreflight(facts))) return null
  if (level === 'optional') return loadOrNobody(sessions, located, facts)
  return sessions.load(located.tenant.name, cookieOf(facts), activityOf(located))
}

async function loadOrNobody(sessions: Sessions, located: ToRoute, facts: RequestFacts): Promise<Session | null> {
  try {
    return await sessions.load(located.tenant.name, cookieOf(facts), activityOf(located))
  } catch (error) {
    // The store has logged and counted its own absence; an optional route is open without it. A defect is not an absence.
    if (error instanceof Fault && error.code === 'session_store_down') return null
    throw error
  }
}

const active = { activity: true } as const
const idle = { activity: false } as const

/** Whether the request shows that somebody is there: some pages ask by themselves for ever (T131). */
function activityOf({ route }: ToRoute): { readonly activity: boolean } {
  return route.keepsAlive ? active : idle
}
