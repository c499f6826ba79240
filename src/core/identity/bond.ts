/** What the application's own session cookies are bound to: one sign-in of one person, however often they prove more. */
import type { Tenant } from '../gateway.ts'
import { refusedAdmission } from './admission.ts'
import { isSamePerson } from './renewal.ts'
import { resolveRoles } from './roles.ts'
import { isVouchedFor, type Session, type SessionFacts } from './session.ts'

/** Never that of another sign-in: what was written before there were bonds has that of its person and beginning. */
export function bondOf({ bond, authority, directoryId, objectId, startedAt }: SessionFacts): string {
  return bond ?? JSON.stringify([authority, directoryId, objectId, startedAt])
}

/**
 * The bond of the session that a sign-in makes: the one that the person has, if the session before still lives and is of
 * the same person, since a stronger sign-in (which changes the session's id) must not lose what they do in the application.
 * @param before the living session of this browser, or null.
 * @param fresh random; that of everybody else.
 */
export function bondAfter(before: SessionFacts | null, facts: SessionFacts, fresh: string): string {
  const isOn = before !== null && before.authority === facts.authority && isSamePerson(before, facts)
  return isOn ? bondOf(before) : fresh
}

/**
 * What else the cookies of that session may be bound to: of the sessions before it, as long as they are of the same person.
 * @param browser what public routes bound cookies to until now; null: nothing.
 */
export function browsersAfter(
  before: SessionFacts | null,
  facts: SessionFacts,
  browser: string | null,
): readonly string[] | null {
  if (before === null || browser === null || bondAfter(before, facts, '') === '') return null
  return [...(before.browsers ?? []), browser].slice(-mostBrowsers)
}

/** As often as somebody proves more within one session. */
const mostBrowsers = 8

/**
 * The session that cookies are bound to; null for whoever counts as nobody at this tenant, also with a session: by a
 * changed provider, rule or role map (T126). The same on all routes, since the application's cookies are too.
 */
export function holderOf(tenant: Tenant, session: Session | null): Session | null {
  if (session === null || !isVouchedFor(session, tenant) || refusedAdmission(tenant, session) !== null) return null
  return resolveRoles(tenant, session).admitted ? session : null
}
