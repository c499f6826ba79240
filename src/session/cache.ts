/** The sessions that this replica has opened, so that most requests ask nobody. It only holds; `reader.ts` decides on trust. */
import { LRUCache } from 'lru-cache'
import type { Session } from '../core/identity/session.ts'
import type { SessionName } from './records.ts'

/** One opened session. Times are seconds since 1970. */
export interface Entry {
  readonly name: SessionName
  /** Its name in the store, under which changes are announced. */
  readonly key: string
  /** Replaced when the record changes; the same object as long as it does not, so that conclusions stay on it. */
  session: Session
  /** When the store was last asked, and in which epoch of announcements. */
  confirmedAt: number
  epoch: number
  /** When the person last did something here, and when the store was last told. */
  seenAt: number
  extendedAt: number
  /** Set when it leaves the cache: who still holds the entry sees it. */
  dropped: boolean
}

export interface SessionCache {
  byCookie(cookie: string): Entry | undefined
  byKey(key: string): Entry | undefined
  keep(entry: Entry): void
  /** Puts a newer reading in the place of the one that the entry holds. */
  replace(entry: Entry, session: Session): void
  /** Which entry a session belongs to that was handed out, also after both have left the cache. */
  entryOf(session: Session): Entry | undefined
  /** Lets a cookie of a tenant lead to an entry. */
  alias(cookie: string, entry: Entry): void
  drop(key: string): void
  /** Refuses this session from now on, whatever the store says; ids are never used twice. */
  bury(key: string): void
  isBuried(key: string): boolean
  /** Remembers the newest version seen. False for an older one: somebody put an old record back (T122). */
  acceptsVersion(key: string, version: number): boolean
  /** Forgets what was confirmed before this time. */
  sweep(before: number): void
}

/** @param max how many sessions are held at most; each takes about two kilobytes. */
export function createSessionCache(max: number): SessionCache {
  const entries = new LRUCache<string, Entry>({
    max,
    dispose: (entry) => {
      entry.dropped = true
    },
  })
  const aliases = new LRUCache<string, Entry>({ max })
  const buried = new LRUCache<string, true>({ max })
  const versions = new LRUCache<string, number>({ max })
  const owners = new WeakMap<Session, Entry>()

  return {
    byCookie(cookie) {
      const entry = aliases.get(cookie)
      return entry === undefined || entry.dropped ? undefined : entry
    },
    byKey: (key) => entries.get(key),
    keep(entry) {
      entries.set(entry.key, entry)
      owners.set(entry.session, entry)
    },
    replace(entry, session) {
      entry.session = session
      owners.set(session, entry)
    },
    entryOf: (session) => owners.get(session),
    alias(cookie, entry) {
      aliases.set(cookie, entry)
    },
    drop(key) {
      entries.delete(key)
    },
    bury(key) {
      buried.set(key, true)
      entries.delete(key)
    },
    isBuried: (key) => buried.has(key),
    acceptsVersion(key, version) {
      if (version < (versions.get(key) ?? 1)) return false
      // Most sessions are never rewritten: version 1 needs no place.
      if (version > 1) versions.set(key, version)
      return true
    },
    sweep(before) {
      for (const [key, entry] of entries.entries()) if (entry.confirmedAt < before) entries.delete(key)
      for (const [cookie, entry] of aliases.entries()) if (entry.dropped) aliases.delete(cookie)
    },
  }
}
