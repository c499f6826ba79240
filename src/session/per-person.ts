/** How many sessions a person may have at a tenant: where there are more, the oldest end. */
import type { SessionPolicy } from '../core/gateway.ts'
import type { SessionFacts } from '../core/identity/session.ts'
import { type GroupParts, stubOf, walkGroup } from './group.ts'
import type { Log } from './store.ts'
import { namesOf, type Stub } from './stub.ts'

export interface PersonLimitParts extends GroupParts {
  readonly policy: Pick<SessionPolicy, 'perPerson'>
  readonly log: Log
}

type Person = Pick<SessionFacts, 'tenant' | 'directoryId' | 'objectId'>

interface Found {
  readonly key: string
  readonly stub: Stub
}

/**
 * Returns what to call when a session of this person is in the store. Whoever begins at the same moment looks as late,
 * so the last to look sees all; and all look in one order, so they end the same ones, and never the newest.
 * Does nothing without a limit. Throws the fault `session_store_down`; the next sign-in makes up for it.
 */
export function createPersonLimit(parts: PersonLimitParts): (person: Person) => Promise<void> {
  const { store, ring, policy, log } = parts

  async function sessionsOf({ tenant, directoryId, objectId }: Person): Promise<readonly Found[]> {
    const found: Found[] = []
    for await (const keys of walkGroup(parts, { of: 'person', directoryId, objectId })) {
      for (const [at, stub] of (await Promise.all(keys.map((key) => stubOf(parts, key)))).entries()) {
        const key = keys[at]
        // What does not open any more is no session that anybody could use.
        if (key !== undefined && stub?.tenant === tenant) found.push({ key, stub })
      }
    }
    return found
  }

  return async (person) => {
    const most = policy.perPerson
    if (most === null) return
    const newestFirst = (await sessionsOf(person)).toSorted(byAge)
    const over = newestFirst.slice(most)
    if (over.length === 0) return
    await Promise.all(over.map(({ key, stub }) => store.end(key, namesOf(ring, stub))))
    const { tenant, directoryId, objectId } = person
    log.info('sessions_over_limit', { tenant, directoryId, objectId, most, ended: over.length })
  }
}

/** The newest first; the key decides between those of one moment, the same everywhere. */
function byAge(one: Found, other: Found): number {
  return other.stub.startedAt - one.stub.startedAt || (one.key < other.key ? -1 : 1)
}
