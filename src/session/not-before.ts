/**
 * What is remembered of ended groups, so that a session that is found in no index, or is born while they are ended, is
 * refused too.
 */

import type { SessionFacts } from '../core/identity/session.ts'
import type { Belongings } from '../core/identity/whose.ts'
import type { KeyRing } from './seal.ts'
import type { SessionStore } from './store.ts'
import { namesOf } from './stub.ts'

export interface NotBeforeParts {
  readonly store: SessionStore
  readonly ring: KeyRing
  /** Seconds since 1970. */
  readonly clock: () => number
}

type Begun = Belongings & Pick<SessionFacts, 'startedAt'>

export interface NotBefore {
  /** Sees to it that what is known here is at most half a minute old. Throws the fault `session_store_down`. */
  refresh(): Promise<void>
  /** Whether a session has ended with one of its groups, as far as is known here: it asks nobody. */
  covers(session: Begun): boolean
  /** The same of a session that is just being written, asked of the store. Throws the fault `session_store_down`. */
  coversNew(session: Begun): Promise<boolean>
}

const refreshSeconds = 30

export function createNotBefore({ store, ring, clock }: NotBeforeParts): NotBefore {
  let known: ReadonlyMap<string, number> = new Map()
  let readAt = Number.NEGATIVE_INFINITY
  let running: Promise<void> | null = null

  async function read(): Promise<void> {
    const at = clock()
    known = await store.endings()
    readAt = at
  }

  return {
    async refresh() {
      const age = clock() - readAt
      if (age >= 0 && age < refreshSeconds) return
      running ??= read().finally(() => {
        running = null
      })
      await running
    },
    covers(session) {
      // Nearly always so; the names are worth the work only where there is something to find.
      if (known.size === 0) return false
      return namesOf(ring, session).some((name) => session.startedAt <= (known.get(name) ?? Number.NEGATIVE_INFINITY))
    },
    async coversNew(session) {
      return session.startedAt <= (await store.endedBefore(namesOf(ring, session)))
    },
  }
}
