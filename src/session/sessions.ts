/** The sessions as the gate sees them: a cookie in, a session or null out; most of the time without asking the store. */
import type { SessionPolicy } from '../core/gateway.ts'
import { endOf, type Session, type SessionTokens } from '../core/identity/session.ts'
import { createActivity } from './activity.ts'
import { createSessionCache, type Entry } from './cache.ts'
import { findSessionCookie, verifySessionCookie } from './cookie.ts'
import { createNotBefore } from './not-before.ts'
import { oncePerMinute } from './once-per-minute.ts'
import { createPersonLimit } from './per-person.ts'
import { createReader, outageGrace } from './reader.ts'
import { createRecords, isStoreFault, type Login, type SessionName } from './records.ts'
import { createRevisions, type Revisions } from './revision.ts'
import { type KeyRing, storeKey } from './seal.ts'
import type { Log, SessionStore } from './store.ts'
import { namesOf } from './stub.ts'
import { createUnfinished } from './unfinished.ts'
import { createWatches } from './watch.ts'

export interface SessionsParts {
  readonly store: SessionStore
  readonly ring: KeyRing
  /** In force; may change while it is held. */
  readonly policy: SessionPolicy
  /** Seconds since 1970. */
  readonly clock: () => number
  readonly log: Log
  /** How many opened sessions this replica holds at most. */
  readonly cacheSize?: number
}

export interface Sessions extends Revisions {
  /**
   * The session that a Cookie header names at this tenant. null where there is none, whatever the reason: no cookie,
   * two, one that we did not sign, a session of another tenant, ended, or a record that does not open.
   * Answers at once where the session is known, and then costs about a microsecond.
   * Throws the fault `session_store_down` where the store is away and this replica does not know the session.
   * @param options `activity: false` for what asks by itself and must not keep a session alive (T131).
   */
  load(
    tenant: string,
    cookieHeader: string | undefined,
    options?: LoadOptions,
  ): Session | null | Promise<Session | null>
  /** The same for an id whose signature somebody else has checked; never counts as activity. */
  open(name: SessionName): Promise<Session | null>
  /** Writes a new session; resolves when the store has it. */
  create(name: SessionName, login: Login): Promise<void>
  /**
   * When the session ends, in seconds from now: at the latest, and if nobody is active. null where it has ended
   * meanwhile. Never counts as activity. Throws the fault `session_store_down`.
   */
  remaining(session: Session): Promise<Remaining | null>
  /** null where they are gone with the session. Throws the fault `session_store_down`. */
  tokens(session: Session): Promise<SessionTokens | null>
  /**
   * Ends a session: here at once, everywhere when the promise resolves. Where the store is away it throws the fault
   * `session_store_down`: this replica refuses the session from now on, and tells the store as soon as it is back.
   */
  end(session: Session): Promise<void>
  /** Calls back once when the session has ended, wherever that was; at once if it already has. Returns the way out. */
  watch(session: Session, onEnded: () => void): () => void
  /**
   * Forgets what was opened, so that everything is opened anew: to be called when secrets have gone. What no longer opens is
   * no session any more, and its open sockets are told.
   */
  reopen(): void
  /** How many sessions have ended here that the store has not heard of. */
  unfinished(): number
  /** Ends the timers, and tells the store what it has not heard of; the store is its maker's to close. */
  close(): Promise<void>
}

export interface Remaining {
  readonly endsIn: number
  readonly idleIn: number
}

interface LoadOptions {
  readonly activity?: boolean
}

const checkSeconds = 30
const defaultCacheSize = 20_000

export function createSessions(parts: SessionsParts): Sessions {
  const { store, ring, policy, clock, log } = parts
  const cache = createSessionCache(parts.cacheSize ?? defaultCacheSize)
  const records = createRecords(store, ring)
  const watches = createWatches()
  const unfinished = createUnfinished({ store, log })
  const quietly = oncePerMinute(clock)
  const notBefore = createNotBefore({ store, ring, clock })
  const reader = createReader({
    store,
    records,
    cache,
    policy,
    clock,
    notBefore,
    onRefused: (tenant, why) => quietly(`${tenant} ${why}`, () => log.warn('session_record_refused', { tenant, why })),
  })
  const limit = createPersonLimit({ store, ring, policy, log })
  const seen = createActivity({
    store,
    policy,
    onGone: (entry) => cache.drop(entry.key),
    onFailed: (error) => quietly('extend', () => log.warn('session_not_prolonged', { cause: String(error) })),
  })

  function load(tenant: string, cookieHeader: string | undefined, options?: LoadOptions) {
    const value = findSessionCookie(cookieHeader)
    if (value === null) return null
    const cookie = `${tenant}\n${value}`
    const active = options?.activity !== false
    const known = cache.byCookie(cookie)
    const now = clock()
    if (known !== undefined && reader.isTrusted(known, now)) return used(known, now, active)
    const id = known?.name.id ?? verifySessionCookie(value, ring.cookieKeys)
    if (id === null) return null
    return loadFromStore({ tenant, id }, cookie, active)
  }

  async function loadFromStore(name: SessionName, cookie: string, active: boolean): Promise<Session | null> {
    const entry = await reader.read(name)
    if (entry === null) return null
    if (!entry.dropped) cache.alias(cookie, entry)
    return used(entry, clock(), active)
  }

  function used(entry: Entry, now: number, active: boolean): Session {
    if (active) seen(entry, now)
    return entry.session
  }

  function bury(key: string): void {
    cache.bury(key)
    watches.tell(key)
  }

  async function goesOn(name: SessionName): Promise<boolean> {
    try {
      return (await reader.read(name)) !== null
    } catch (error) {
      // The store has been away for longer than the grace: nobody can say that this session goes on.
      if (isStoreFault(error)) return false
      throw error
    }
  }

  async function check(): Promise<void> {
    // What could not even be used in an outage only takes memory.
    cache.sweep(clock() - outageGrace)
    await watches.check(goesOn)
  }

  const checkSoon = () => {
    check().catch((error: unknown) =>
      quietly('check', () => log.warn('session_check_failed', { cause: String(error) })),
    )
  }
  const timer = setInterval(checkSoon, checkSeconds * 1000).unref()

  const unsubscribe = store.changes.subscribe((change) => {
    if (change.what === 'gap') return checkSoon()
    reader.changed(change.key)
    if (change.what === 'ended') return bury(change.key)
    const entry = cache.byKey(change.key)
    if (entry !== undefined) entry.confirmedAt = Number.NEGATIVE_INFINITY
  })

  /** Whoever signs in has a session by now: what cannot be ended this time is ended the next. */
  async function endOldest(person: Login['facts']): Promise<void> {
    try {
      await limit(person)
    } catch (error) {
      if (!isStoreFault(error)) throw error
      quietly('limit', () => log.warn('session_limit_not_kept', { cause: String(error) }))
    }
  }

  return {
    load,
    ...createRevisions({ store, records, cache, reader, ring, entryOf }),
    async open(name) {
      const entry = await reader.read(name)
      return entry?.session ?? null
    },
    async create(name, login) {
      const endsAt = endOf(login.facts, policy)
      await records.create(name, login, { ttlSeconds: Math.min(policy.idleSeconds, endsAt - clock()), endsAt })
      // Whoever ends a group remembers that first and looks for its sessions then; so one of us two finds the other.
      if (await notBefore.coversNew(login.facts)) await store.end(storeKey(name.id), namesOf(ring, login.facts))
      else await endOldest(login.facts)
    },
    async remaining(session) {
      const idleIn = await store.remaining(entryOf(session).key)
      const endsIn = endOf(session.facts, policy) - clock()
      return idleIn === null || endsIn <= 0 ? null : { endsIn, idleIn: Math.min(idleIn, endsIn) }
    },
    async tokens(session) {
      return records.tokens(entryOf(session).name)
    },
    async end(session) {
      const { key } = entryOf(session)
      bury(key)
      const names = namesOf(ring, session.facts)
      try {
        await store.end(key, names)
      } catch (error) {
        unfinished.add(key, names)
        throw error
      }
    },
    watch(session, onEnded) {
      const entry = entryOf(session)
      const stop = watches.add({ name: entry.name, key: entry.key }, onEnded)
      if (cache.isBuried(entry.key)) watches.tell(entry.key)
      return stop
    },
    reopen() {
      cache.sweep(Number.POSITIVE_INFINITY)
      checkSoon()
    },
    unfinished: unfinished.count,
    async close() {
      clearInterval(timer)
      unsubscribe()
      await unfinished.close()
    },
  }

  function entryOf(session: Session): Entry {
    const entry = cache.entryOf(session)
    if (entry === undefined) throw new Error('This session was not loaded here')
    return entry
  }
}
