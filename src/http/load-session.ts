/**
 * Whose session a request brings along, and whether it may be used: asked for only where the route wants to know, and
 * only as activity where somebody is there.
 */
import { carriesBound } from '../core/answer/bound-cookies.ts'
import { Fault } from '../core/fault.ts'
import { isVouchedFor, type Session } from '../core/identity/session.ts'
import type { EndpointName } from '../core/request/addresses.ts'
import { isEmbeddable, isForeignRequest } from '../core/request/cross-site.ts'
import { isPreflight, type RequestFacts } from '../core/request/facts.ts'
import type { ToEndpoint, ToRoute } from '../core/request/locate.ts'
import type { Sessions } from '../session/sessions.ts'
import { cookieOf } from './read-facts.ts'
import type { Confirmed, Revalidation } from './revalidation.ts'

interface LoadParts {
  readonly sessions: Sessions
  readonly revalidation: Revalidation
}

/**
 * `unasked`: the route is open to everybody, and nobody looked. `unknown`: it could not be found out whose the request is,
 * which is not the same as nobody's: they must not lose what they have in the application.
 */
export type Loaded = Confirmed | { readonly is: 'unasked' | 'unknown' }

const unasked = { is: 'unasked' } as const
const unknown = { is: 'unknown' } as const

/**
 * Public routes skip the well, but for a request with a session of the application's own, of which it must be known whose
 * that is. Like optional ones they survive its absence: whoever cannot be known is nobody in particular.
 */
export function loadFor(parts: LoadParts, located: ToRoute, facts: RequestFacts): Promise<Loaded> | Loaded {
  const { level, forwardsPreflights } = located.requirement
  if (forwardsPreflights && isPreflight(facts)) return unasked
  if (level === 'public')
    return isBoundToSomebody(located, facts) ? loadOrUnknown(parts, located, facts, idle) : unasked
  if (level === 'optional') return loadOrUnknown(parts, located, facts, activityOf(located))
  const { sessions, revalidation } = parts
  const loaded = sessions.load(located.tenant.name, cookieOf(facts), activityOf(located))
  if (loaded === null) return null
  if (!(loaded instanceof Promise)) return revalidation.confirm(located.tenant, loaded, facts)
  return loaded.then((session) => (session === null ? null : revalidation.confirm(located.tenant, session, facts)))
}

function isBoundToSomebody({ route: { to } }: ToRoute, facts: RequestFacts): boolean {
  return to.act === 'forward' && carriesBound(to.bindCookies, cookieOf(facts))
}

async function loadOrUnknown(
  { sessions, revalidation }: LoadParts,
  { tenant }: ToRoute,
  facts: RequestFacts,
  activity: { readonly activity: boolean },
): Promise<Loaded> {
  try {
    const session = await sessions.load(tenant.name, cookieOf(facts), activity)
    return session === null ? null : await revalidation.confirm(tenant, session, facts)
  } catch (error) {
    // What is away has logged and counted its own absence; an optional route is open without it. A defect is not an
    // absence.
    if (error instanceof Fault) return unknown
    throw error
  }
}

/** Who may be taken for signed in; null for whoever may not, and for whoever is not known. */
export function sessionIn(loaded: Loaded): Session | null {
  return loaded !== null && 'facts' in loaded ? loaded : null
}

const active = { activity: true } as const
const idle = { activity: false } as const

/** Whether the request shows that somebody is there: some pages ask by themselves for ever (T131). */
function activityOf({ route }: ToRoute): { readonly activity: boolean } {
  return route.keepsAlive ? active : idle
}

/** What these say is the same for everybody, or they look for the session themselves. */
const withoutSession: ReadonlySet<EndpointName> = new Set<EndpointName>([
  ...(['signedOut', 'help', 'helpWithCode', 'frontchannelLogout', 'backchannelLogout'] as const),
  ...(['breakGlass', 'breakGlassReturn'] as const),
])
/** Asking who is signed in is not activity: a page that polls must not keep a session alive (T131). */
const lookingOn: ReadonlySet<EndpointName> = new Set<EndpointName>(['me', 'photo', 'session', 'explain', 'signedIn'])
/** Nobody is redirected from there. */
const asData = { kind: 'data', method: 'GET' } as const

/**
 * The session for one of our own endpoints, or null. Whoever asks who is signed in is told what an application would be
 * told, and asking is not activity. Signing in and out must go on meanwhile; and whom the provider must vouch for anew
 * is not signed in, or a program that is told 401 would lead them to a sign-in that leads straight back.
 */
export async function loadForEndpoint(
  parts: LoadParts,
  { tenant, endpoint }: ToEndpoint,
  facts: RequestFacts,
): Promise<Session | null> {
  if (withoutSession.has(endpoint)) return null
  const asks = lookingOn.has(endpoint)
  // Not even by whether it loads does another site learn who is signed in (T82).
  if (asks && isEmbeddable(tenant) && isForeignRequest(facts, tenant)) return null
  // Nor is coming back from a provider that showed nothing: only what is opened then can be.
  const activity = !asks && endpoint !== 'callback'
  const loaded = await parts.sessions.load(tenant.name, cookieOf(facts), { activity })
  if (loaded === null) return null
  const usable = await usableAt(parts, { tenant, endpoint }, loaded)
  return usable !== null && 'facts' in usable && isVouchedFor(usable, tenant) ? usable : null
}

async function usableAt(
  { revalidation }: LoadParts,
  { tenant, endpoint }: Pick<ToEndpoint, 'tenant' | 'endpoint'>,
  loaded: Session,
): Promise<Confirmed> {
  if (lookingOn.has(endpoint)) return await revalidation.confirm(tenant, loaded, asData)
  if (endpoint !== 'login') return loaded
  try {
    return await revalidation.confirm(tenant, loaded, asData)
  } catch (error) {
    // Nobody can say that it goes on; a sign-in may.
    if (error instanceof Fault) return null
    throw error
  }
}
