/** A session's stub: what of it can be read without its cookie, so that it can be found, listed and ended. */

import type { SessionFacts } from '../core/identity/session.ts'
import { type Belongings, groupsOf, textOfGroup } from '../core/identity/whose.ts'
import type { KeyRing } from './seal.ts'

/**
 * Ids and times, no claim and no token: what opens it is on the server, and so worth less than what the cookie opens
 * (T80).
 */
export type Stub = Belongings & Pick<SessionFacts, 'startedAt' | 'checkedAt'>

/** @param key of the session in the store: a stub that is moved to another session does not open there (T122). */
export function sealStub(ring: KeyRing, key: string, facts: Stub): string {
  const { tenant, provider, registration, directoryId, objectId, sid, startedAt, checkedAt } = facts
  const values = [tenant, provider, registration, directoryId, objectId, sid, startedAt, checkedAt]
  return ring.sealStub(key, JSON.stringify(values))
}

/** @returns null where it does not open, or another version of this program sealed it. */
export function openStub(ring: KeyRing, key: string, sealed: string): Stub | null {
  const text = ring.openStub(key, sealed)
  const values: unknown = text === null ? null : JSON.parse(text)
  if (!Array.isArray(values) || values.length !== 8) return null
  const [tenant, provider, registration, directoryId, objectId, sid, startedAt, checkedAt]: unknown[] = values
  if (typeof tenant !== 'string' || typeof provider !== 'string' || typeof registration !== 'string') return null
  if (typeof directoryId !== 'string' || typeof objectId !== 'string') return null
  if (sid !== null && typeof sid !== 'string') return null
  if (typeof startedAt !== 'number' || typeof checkedAt !== 'number') return null
  return { tenant, provider, registration, directoryId, objectId, sid, startedAt, checkedAt }
}

/**
 * The names in the store of all groups that a session belongs to, under every secret: it may have been put there under
 * any.
 */
export function namesOf(ring: KeyRing, session: Belongings): readonly string[] {
  return groupsOf(session).flatMap((group) => ring.indexNames(textOfGroup(group)))
}

/** Those under which a new session is put into its groups. */
export function newNamesOf(ring: KeyRing, session: Belongings): readonly string[] {
  return groupsOf(session).flatMap((group) => ring.indexNames(textOfGroup(group)).slice(0, 1))
}
