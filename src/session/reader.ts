/** When an opened session may be trusted without asking the store, and what happens when the store must be asked. */
import type { SessionPolicy } from '../core/gateway.ts'
import { sessionStatus } from '../core/identity/session.ts'
import type { Entry, SessionCache } from './cache.ts'
import type { NotBefore } from './not-before.ts'
import { isStoreFault, type ReadFacts, type Records, type SessionName } from './records.ts'
import { storeKey } from './seal.ts'
import type { SessionStore } from './store.ts'

/** Even while every change is announced, the store is asked again after this time: sessions expire there in silence. */
const confirmSeconds = 60
/** How long a session that this replica knows goes on while the store is away (T76). */
export const outageGrace = 300

export interface ReaderParts {
  readonly store: SessionStore
  readonly records: Records
  readonly cache: SessionCache
  readonly policy: SessionPolicy
  readonly clock: () => number
  readonly notBefore: NotBefore
  /** Told why a record was not believed. */
  readonly onRefused: (tenant: string, why: 'unreadable' | 'rollback') => void
}

export interface Reader {
  /** Whether the entry may be used now without asking anybody. */
  isTrusted(entry: Entry, now: number): boolean
  /**
   * The session as the store has it, or as we know it to be. One question at a time per session.
   * Throws the fault `session_store_down` where the store is away and we do not know the session.
   */
  read(name: SessionName): Promise<Entry | null>
  /** To be called for every announcement: a read that began before it is not kept. */
  changed(key: string): void
}

/** A question on its way. */
interface Flight {
  readonly key: string
  changed: boolean
  readonly answer: Promise<Entry | null>
}

export function createReader(parts: ReaderParts): Reader {
  const { store, records, cache, policy, clock, notBefore, onRefused } = parts
  const flights = new Map<string, Flight>()
  const { changes } = store

  function isAlive(entry: Entry, now: number): boolean {
    if (entry.dropped || now - entry.seenAt > policy.idleSeconds) return false
    return sessionStatus(entry.session.facts, policy, now) === 'live'
  }

  function isTrusted(entry: Entry, now: number): boolean {
    const age = now - entry.confirmedAt
    // A negative age means that the clock was set back: then nothing is known about it.
    if (age < 0 || age >= confirmSeconds) return false
    if (!changes.announcing() || entry.epoch !== changes.epoch()) return false
    return isAlive(entry, now)
  }

  function isInGrace(entry: Entry | undefined): entry is Entry {
    if (entry === undefined) return false
    const now = clock()
    return now - entry.confirmedAt <= outageGrace && isAlive(entry, now)
  }

  async function read(name: SessionName): Promise<Entry | null> {
    const key = storeKey(name.id)
    if (cache.isBuried(key)) return null
    const known = knownEntry(name, key)
    if (known !== undefined && isTrusted(known, clock())) return known
    // Nobody waits for a store that is known to be away.
    if (store.ready() === 'down' && isInGrace(known)) return known
    // Tenant and the whole hash: two people can never share an answer (T62).
    const flightName = `${name.tenant}\n${key}`
    const running = flights.get(flightName)
    if (running !== undefined) return running.answer
    const flight: Flight = { key, changed: false, answer: Promise.resolve().then(() => ask(name, key, flight)) }
    flights.set(flightName, flight)
    try {
      return await flight.answer
    } finally {
      flights.delete(flightName)
    }
  }

  async function ask(name: SessionName, key: string, flight: Flight): Promise<Entry | null> {
    for (let attempt = 1; ; attempt++) {
      const asked = { epoch: changes.epoch(), at: clock() }
      flight.changed = false
      const found = await factsOrGrace(name, key)
      if (cache.isBuried(key)) return null
      if (found instanceof Object && 'entry' in found) return found.entry
      if (flight.changed && attempt === 1) continue
      // Changed twice while we asked: good for this request, but not to be remembered.
      if (flight.changed) asked.at = Number.NEGATIVE_INFINITY
      return judge(name, key, found, asked)
    }
  }

  async function factsOrGrace(name: SessionName, key: string): Promise<ReadFacts | { readonly entry: Entry }> {
    try {
      const [found] = await Promise.all([records.facts(name), notBefore.refresh()])
      return found
    } catch (error) {
      const known = knownEntry(name, key)
      if (isStoreFault(error) && isInGrace(known)) return { entry: known }
      throw error
    }
  }

  function judge(
    name: SessionName,
    key: string,
    found: ReadFacts,
    asked: { readonly epoch: number; readonly at: number },
  ): Entry | null {
    const known = knownEntry(name, key)
    const refuse = (why?: 'unreadable' | 'rollback') => {
      if (why !== undefined) onRefused(name.tenant, why)
      // Only our own entry goes: a cookie that is tried at another tenant must not disturb its owner.
      if (known !== undefined) cache.drop(key)
      return null
    }
    if (found.found === 'nothing') return refuse()
    if (found.found === 'unreadable') return refuse('unreadable')
    const { facts, version } = found
    if (!cache.acceptsVersion(key, version)) return refuse('rollback')
    const now = clock()
    if (sessionStatus(facts, policy, now) === 'ended' || notBefore.covers(facts)) return refuse()
    if (known === undefined) {
      const entry: Entry = {
        name,
        key,
        session: { facts, version },
        confirmedAt: asked.at,
        epoch: asked.epoch,
        seenAt: now,
        extendedAt: Number.NEGATIVE_INFINITY,
        dropped: false,
      }
      cache.keep(entry)
      return entry
    }
    if (known.session.version !== version) cache.replace(known, { facts, version })
    known.confirmedAt = asked.at
    known.epoch = asked.epoch
    return known
  }

  function knownEntry(name: SessionName, key: string): Entry | undefined {
    const entry = cache.byKey(key)
    return entry?.name.tenant === name.tenant ? entry : undefined
  }

  return {
    isTrusted,
    read,
    changed(key) {
      for (const flight of flights.values()) if (flight.key === key) flight.changed = true
    },
  }
}
