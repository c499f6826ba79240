/** How old the provider's word for a person is, and what becomes of the facts when it has given it anew. */
import type { Provider } from '../gateway.ts'
import type { Claims } from './claims.ts'
import { clockLeeway, clockSetBack, type SessionFacts } from './session.ts'

/** From this part of the interval the provider is asked while requests go on; from its end before they do. */
const softPart = 0.8
/** How long a session goes on while the provider cannot be asked, counted from when it should have been, in seconds. */
export const renewalGrace = 3_600

/**
 * @param now seconds since 1970.
 * @returns `fresh` nearly always; `soft`: time to ask; `hard`: nobody is let through unasked; `over`: not even where it
 *   fails.
 */
export function freshness(facts: SessionFacts, interval: number, now: number): 'fresh' | 'soft' | 'hard' | 'over' {
  const age = now - facts.checkedAt
  if (age < interval * softPart && age > -clockLeeway) return 'fresh'
  if (age < interval && age > -clockLeeway) return 'soft'
  // A time in the future says nothing: it is asked at once. As long as a clock that was set back explains it, nobody is
  // turned away for it where the provider cannot be asked.
  return age < interval + renewalGrace && age > -clockSetBack ? 'hard' : 'over'
}

/**
 * What the provider says now, in the place of what it said before; the rest belongs to the sign-in and stays.
 * @returns null where it speaks of somebody else (OpenID Connect Core 12.2): the library does not compare that.
 */
export function renewFacts(before: SessionFacts, after: SessionFacts): SessionFacts | null {
  if (!isSamePerson(before, after)) return null
  const { startedAt, contexts, sid, authTime, bond, browsers } = before
  const bound = { ...(bond === undefined ? {} : { bond }), ...(browsers === undefined ? {} : { browsers }) }
  return { ...after, startedAt, contexts, sid, authTime, ...bound }
}

/** By directory and object id; and by `sub`, where both name it. */
export function isSamePerson(one: SessionFacts, other: SessionFacts): boolean {
  if (one.directoryId !== other.directoryId || one.objectId !== other.objectId) return false
  const [a, b] = [one.claims.sub, other.claims.sub]
  return a === undefined || b === undefined || a === b
}

/**
 * Whether an ID token that merely comes along is about somebody else (T67). What it does not say contradicts nothing.
 */
export function isAboutAnother(
  { directoryId, objectId, claims: { sub } }: SessionFacts,
  kind: Provider['kind'],
  said: Claims,
): boolean {
  const differs = (one: unknown, other: unknown) => one !== undefined && other !== undefined && one !== other
  if (kind === 'oidc') return differs(said.sub, objectId)
  return differs(said.sub, sub) || differs(lower(said.tid), directoryId) || differs(lower(said.oid), objectId)
}

/** GUIDs compare without case. */
function lower(value: unknown): unknown {
  return typeof value === 'string' ? value.toLowerCase() : value
}
