/**
 * Ends and lists sessions without their cookies: those of a person, a tenant, a provider, or of a session at the
 * provider.
 */
import { isEndedByProviders, textOfGroup, type Whose } from '../core/identity/whose.ts'
import { stubOf, walkGroup } from './group.ts'
import type { KeyRing } from './seal.ts'
import type { SessionStore } from './store.ts'
import { namesOf, type Stub } from './stub.ts'

export interface EndingsParts {
  readonly store: SessionStore
  readonly ring: KeyRing
  /** Seconds since 1970. */
  readonly clock: () => number
}

export interface Endings {
  /**
   * Ends every session of a group, on all replicas within a second: what began before is refused from now on, also what
   * is being written at this moment.
   * @param directoryId where only people of this directory are meant, of Entra or of an issuer.
   * @returns how many were found. Throws the fault `session_store_down`; to be called again then.
   */
  end(whose: Whose, directoryId?: string | null): Promise<number>
  /**
   * The sessions of a group, each once, in no order; some may have expired while it was looked. Throws the same fault.
   */
  list(whose: Whose): AsyncIterable<Stub>
}

/**
 * Of what providers end, or strangers who speak in their name: they must not fill the store (T95). Beyond it, a session
 * that is being written at that very moment would be missed, and no other.
 */
const mostPerMinute = 6_000

export function createEndings(parts: EndingsParts): Endings {
  const { store, ring, clock } = parts
  let minute = { since: Number.NEGATIVE_INFINITY, remembered: 0 }

  async function remember(whose: Whose): Promise<void> {
    const [name = ''] = ring.indexNames(textOfGroup(whose))
    if (!isEndedByProviders(whose)) return await store.endBefore(name, clock(), 'lasting')
    const now = clock()
    if (now >= minute.since + 60) minute = { since: now, remembered: 0 }
    if (minute.remembered >= mostPerMinute) return
    minute.remembered += 1
    await store.endBefore(name, now, 'passing')
  }

  /** @returns whether it was still there. What cannot be read is ended all the same: it was in the group. */
  async function endOne(whose: Whose, key: string, directoryId: string | null): Promise<boolean> {
    const stub = await stubOf(parts, key)
    if (directoryId !== null && stub !== null && stub.directoryId !== directoryId) return false
    await store.end(key, stub === null ? ring.indexNames(textOfGroup(whose)) : namesOf(ring, stub))
    return stub !== null
  }

  return {
    async end(whose, directoryId = null) {
      // Before the index is looked at: what is put into it later asks for this (sessions.ts).
      await remember(whose)
      let ended = 0
      for await (const keys of walkGroup(parts, whose)) {
        const there = await Promise.all(keys.map((key) => endOne(whose, key, directoryId)))
        ended += there.filter(Boolean).length
      }
      return ended
    },
    async *list(whose) {
      for await (const keys of walkGroup(parts, whose)) {
        for (const stub of await Promise.all(keys.map((key) => stubOf(parts, key)))) if (stub !== null) yield stub
      }
    },
  }
}
