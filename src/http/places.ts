/** How much may be open at once: WebSockets of this replica, and WebSockets and long answers of one person (T105). */
import type { Person } from '../core/answer/headers.ts'
import type { CallerLimits } from '../core/gateway.ts'

export type What = 'websocket' | 'stream'

export interface Places {
  /**
   * @param person null where nobody is signed in.
   * @returns how to give the place back, once or more often; or why there is none.
   */
  take(what: What, person: Person | null): (() => void) | NoPlace
  taken(what: What): number
}

export type NoPlace = { readonly reason: 'too_many_open' | 'websockets_full' }

export function createPlaces(limits: () => Pick<CallerLimits, 'webSockets' | 'openPerPerson'>): Places {
  const taken = { websocket: 0, stream: 0 }
  /** WebSockets that are nobody's. */
  let nobodys = 0
  const persons = new Map<string, number>()

  function lacks(what: What, key: string | null): NoPlace | null {
    const { webSockets, openPerPerson } = limits()
    if (key !== null && (persons.get(key) ?? 0) >= openPerPerson) return { reason: 'too_many_open' }
    if (what === 'stream') return null
    // Whoever can be anybody must not keep out those who are signed in.
    const full = taken.websocket >= webSockets || (key === null && nobodys >= webSockets / 2)
    return full ? { reason: 'websockets_full' } : null
  }

  function count(what: What, key: string | null, by: 1 | -1): void {
    taken[what] += by
    if (key === null) {
      if (what === 'websocket') nobodys += by
      return
    }
    const now = (persons.get(key) ?? 0) + by
    if (now === 0) persons.delete(key)
    else persons.set(key, now)
  }

  return {
    take(what, person) {
      const key = person === null ? null : keyOf(person)
      const lack = lacks(what, key)
      if (lack !== null) return lack
      count(what, key, 1)
      let given = false
      return () => {
        if (given) return
        given = true
        count(what, key, -1)
      }
    },
    taken: (what) => taken[what],
  }
}

/** At whichever tenant. */
function keyOf({ session }: Person): string {
  return JSON.stringify([session.facts.directoryId, session.facts.objectId])
}
