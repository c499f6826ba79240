/** Telling the store that a person is there: rarely, and nobody waits for it. */
import type { SessionPolicy } from '../core/gateway.ts'
import { endOf } from '../core/identity/session.ts'
import type { Entry } from './cache.ts'
import type { SessionStore } from './store.ts'

export interface ActivityParts {
  readonly store: SessionStore
  readonly policy: SessionPolicy
  /** The store has no such session any more. */
  readonly onGone: (entry: Entry) => void
  readonly onFailed: (error: unknown) => void
}

/** After a failed prolongation, in seconds. */
const retrySeconds = 5

/**
 * Returns what to call for every request that counts as activity. A session is prolonged at most once a minute, or once
 * in a tenth of the idle time if that is longer, and early enough where the idle time is short.
 */
export function createActivity({
  store,
  policy,
  onGone,
  onFailed,
}: ActivityParts): (entry: Entry, now: number) => void {
  // Worked out anew each time: the policy changes with the configuration.
  const intervalOf = () => Math.min(Math.max(60, policy.idleSeconds / 10), policy.idleSeconds / 2)

  function prolong(entry: Entry, now: number): void {
    entry.extendedAt = now
    const ends = endOf(entry.session.facts, policy)
    store.extend(entry.key, Math.min(policy.idleSeconds, ends - now)).then(
      (alive) => {
        if (!alive) onGone(entry)
      },
      (error: unknown) => {
        entry.extendedAt = now - intervalOf() + retrySeconds
        onFailed(error)
      },
    )
  }

  return (entry, now) => {
    entry.seenAt = now
    if (now - entry.extendedAt >= intervalOf() && store.ready() === 'ready') prolong(entry, now)
  }
}
