/**
 * Changing a session that is open: one at a time over all replicas, by compare-and-set, and never one that has ended.
 */
import { randomUUID } from 'node:crypto'
import type { Session } from '../core/identity/session.ts'
import type { Entry, SessionCache } from './cache.ts'
import type { Reader } from './reader.ts'
import type { Records, Revision } from './records.ts'
import type { KeyRing } from './seal.ts'
import type { SessionStore } from './store.ts'

export interface Revisions {
  /**
   * The session as it is now; null where it has ended. Asks the store where it must be asked; never counts as activity.
   */
  current(session: Session): Promise<Session | null>
  /**
   * Writes what was found out about a session, unless it has ended or somebody else has written meanwhile.
   * @returns the session as it is then, whoever wrote it; null where it has ended. Throws the fault
   *   `session_store_down`.
   */
  revise(session: Session, next: Revision): Promise<Session | null>
  /**
   * Does a piece of work on a session that must not be done twice at a time, by this replica or another. Whoever does
   * not get the turn waits for the one who has it, for ten seconds at most.
   * @param isDone whether the session shows that somebody else has done it.
   * @throws what `work` throws, and the fault `session_store_down`: without a store nobody knows who else is at it.
   */
  alone(session: Session, isDone: (session: Session) => boolean, work: Work): Promise<Alone>
}

/**
 * @returns null where the work is done. A note where it is put off: until then everybody gets the note in place of a
 *   turn.
 */
export type Work = (session: Session) => Promise<{ readonly note: string; readonly seconds: number } | null>

export type Alone =
  | { readonly was: 'done'; readonly session: Session }
  | { readonly was: 'ended' }
  | { readonly was: 'put-off'; readonly note: string }
  /** Somebody else is at it for longer than one can wait. */
  | { readonly was: 'busy' }

export interface RevisionParts {
  readonly store: SessionStore
  readonly records: Records
  readonly cache: SessionCache
  readonly reader: Reader
  readonly ring: KeyRing
  readonly entryOf: (session: Session) => Entry
}

/** Longer than a pause of the process, short enough for others to take over from one that died. */
const leaseSeconds = 10
const renewMilliseconds = 3_000
const longestWait = 10_000
/** In case that an announcement is lost, or nothing was announced. */
const lookMilliseconds = 250

export function createRevisions({ store, records, cache, reader, ring, entryOf }: RevisionParts): Revisions {
  async function current(session: Session): Promise<Session | null> {
    return (await reader.read(entryOf(session).name))?.session ?? null
  }

  /** As the store has it at this moment, whatever was announced or not. */
  async function fromStore(session: Session): Promise<Session | null> {
    const { name, key } = entryOf(session)
    const known = cache.byKey(key)
    const confirmedAt = known?.confirmedAt ?? 0
    if (known !== undefined) known.confirmedAt = Number.NEGATIVE_INFINITY
    try {
      return (await reader.read(name))?.session ?? null
    } catch (error) {
      // The store went away: what was known of the session is still worth its grace.
      if (known !== undefined) known.confirmedAt = confirmedAt
      throw error
    }
  }

  /** Resolves when the session has changed, or after a moment. */
  function changeOf(key: string): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        stop()
        resolve()
      }
      const timer = setTimeout(done, lookMilliseconds)
      const stop = store.changes.subscribe((change) => {
        if (change.what !== 'gap' && change.key === key) done()
      })
    })
  }

  /** @returns whose turn it is: the owner's, or the note that somebody left in its place, or null for another. */
  async function takeTurn(key: string, owner: string): Promise<'ours' | 'theirs' | { readonly note: string }> {
    const holder = await store.lease(key, owner, leaseSeconds)
    if (holder === owner) return 'ours'
    const note = ring.openText(['lease', key], holder)
    return note === null ? 'theirs' : { note }
  }

  async function workAlone(
    session: Session,
    isDone: (session: Session) => boolean,
    key: string,
    owner: string,
    work: Work,
  ) {
    let putOff: Awaited<ReturnType<Work>> = null
    const renewal = setInterval(() => {
      store.lease(key, owner, leaseSeconds).catch(() => {})
    }, renewMilliseconds)
    try {
      // Whoever had the turn before may have done it between our look and our turn.
      const now = await fromStore(session)
      if (now === null || isDone(now)) return
      putOff = await work(now)
      return putOff
    } finally {
      clearInterval(renewal)
      const next =
        putOff === null ? null : { owner: ring.sealText(['lease', key], putOff.note), ttlSeconds: putOff.seconds }
      await store.release(key, owner, next).catch(() => {})
    }
  }

  return {
    current,
    async revise(session, next) {
      const { name } = entryOf(session)
      await records.update(name, session.version, next)
      return await fromStore(session)
    },
    async alone(session, isDone, work) {
      const { key } = entryOf(session)
      const owner = randomUUID()
      const deadline = performance.now() + longestWait
      while (performance.now() < deadline) {
        const turn = await takeTurn(key, owner)
        if (typeof turn === 'object') return { was: 'put-off', note: turn.note }
        if (turn === 'ours') {
          const putOff = await workAlone(session, isDone, key, owner, work)
          if (putOff !== null && putOff !== undefined) return { was: 'put-off', note: putOff.note }
        } else {
          await changeOf(key)
        }
        const now = await current(session)
        if (now === null) return { was: 'ended' }
        if (turn === 'ours' || isDone(now)) return { was: 'done', session: now }
      }
      return { was: 'busy' }
    },
  }
}
