/** Sessions in the memory of this process: bounded, and gone with it. */
import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Change, Log, SessionStore, StoredRecord } from './store.ts'

export interface MemoryStoreParts {
  readonly maxSessions: number
  /** Seconds since 1970. */
  readonly clock: () => number
  readonly log: Log
}

/** One object per session, without any nesting: there may be a hundred thousand. */
interface Held {
  version: number
  facts: string
  tokens: string
  tokensVersion: number
  stub: string
  /** The groups, in one text: objects for each would take more memory than the session itself. */
  names: string
  expiresAt: number
}

interface Kept {
  readonly value: string
  readonly expiresAt: number
}

const sweepSeconds = 60
const maxMarks = 100_000
/** Long addresses and forms, whose bytes are counted where they are kept: the oldest must not make room for strangers'. */
const maxKept = 50_000
const maxEndings = 10_000
/**
 * Without its place in there, a lease or a note is only taken again; of a spent log-out token, the same sign-out once
 * more.
 */
const maxLeases = 20_000

/** A store that never fails. When it is full the session that was used longest ago makes room. */
export function createMemoryStore({ maxSessions, clock, log }: MemoryStoreParts): SessionStore {
  const listeners = new Set<(change: Change) => void>()
  const announce = (change: Change) => {
    for (const listener of listeners) listener(change)
  }
  let evicted = 0
  let reportedAt = Number.NEGATIVE_INFINITY
  const sessions = new LRUCache<string, Held>({
    max: maxSessions,
    disposeAfter: (_held, key, why) => {
      if (why === 'evict') reportEviction()
      announce({ what: 'ended', key })
    },
  })
  const marks = new LRUCache<string, Kept>({ max: maxMarks })
  const kept = new LRUCache<string, Kept>({ max: maxKept })
  const leases = new LRUCache<string, Kept>({ max: maxLeases })
  const ended = {
    lasting: new LRUCache<string, number>({ max: maxEndings }),
    passing: new LRUCache<string, number>({ max: maxEndings }),
  }

  function reportEviction(): void {
    evicted += 1
    if (clock() < reportedAt + 60) return
    reportedAt = clock()
    log.warn('session_store_full', { maxSessions, evicted })
    evicted = 0
  }

  function held(key: string): Held | null {
    const found = sessions.get(key)
    if (found === undefined) return null
    if (clock() < found.expiresAt) return found
    sessions.delete(key)
    return null
  }

  function sweep(): void {
    const now = clock()
    for (const cache of [sessions, marks, kept, leases]) {
      for (const [key, value] of cache.entries()) if (now >= value.expiresAt) cache.delete(key)
    }
  }
  const sweeper = setInterval(sweep, sweepSeconds * 1000).unref()

  return {
    async create(key, { facts, tokens, stub, names, ttlSeconds }) {
      if (held(key) !== null) return false
      sessions.set(key, {
        version: 1,
        facts: pack(facts),
        tokens: pack(tokens),
        tokensVersion: 1,
        stub: pack(stub),
        names: names.map(shortName).join(''),
        expiresAt: clock() + ttlSeconds,
      })
      return true
    },
    async read(key) {
      const found = held(key)
      return found === null ? null : { version: found.version, value: unpack(found.facts) }
    },
    async readTokens(key): Promise<StoredRecord | null> {
      const found = held(key)
      return found === null ? null : { version: found.tokensVersion, value: unpack(found.tokens) }
    },
    async readStub(key) {
      const found = held(key)
      return found === null ? null : { version: 1, value: unpack(found.stub) }
    },
    async update(key, { from, facts, tokens, stub }) {
      const found = held(key)
      if (found === null) return 'gone'
      if (found.version !== from) return 'conflict'
      found.version = from + 1
      found.facts = pack(facts)
      if (tokens !== undefined) {
        found.tokens = pack(tokens)
        found.tokensVersion = from + 1
      }
      if (stub !== undefined) found.stub = pack(stub)
      announce({ what: 'updated', key })
      return 'updated'
    },
    async extend(key, ttlSeconds) {
      const found = held(key)
      if (found === null) return false
      found.expiresAt = clock() + ttlSeconds
      return true
    },
    async remaining(key) {
      const left = (sessions.peek(key)?.expiresAt ?? 0) - clock()
      return left > 0 ? left : null
    },
    async end(key) {
      // Announced even where nothing is left, as every store does: somebody may still hold it open.
      if (!sessions.delete(key)) announce({ what: 'ended', key })
    },
    // Looks at everybody: a few milliseconds for a hundred thousand, where an index would cost each of them memory for
    // ever.
    async *walk(name) {
      const wanted = shortName(name)
      const found: string[] = []
      for (const [key, { names }] of sessions.entries()) {
        for (let at = 0; at < names.length; at += wanted.length) if (names.startsWith(wanted, at)) found.push(key)
      }
      yield found
    },
    async endBefore(name, at, remembered) {
      const known = ended[remembered]
      known.set(name, Math.max(at, known.get(name) ?? at))
    },
    async endedBefore(names) {
      const times = names.flatMap((name) => [
        ended.lasting.get(name) ?? -Infinity,
        ended.passing.get(name) ?? -Infinity,
      ])
      return Math.max(...times)
    },
    endings: async () => new Map(ended.lasting.entries()),
    async markOnce(key, ttlSeconds) {
      const now = clock()
      if (now < (marks.get(key)?.expiresAt ?? 0)) return false
      marks.set(key, { value: '', expiresAt: now + ttlSeconds })
      return true
    },
    async lease(key, owner, ttlSeconds) {
      const now = clock()
      const found = leases.get(key)
      if (found !== undefined && now < found.expiresAt && found.value !== owner) return found.value
      leases.set(key, { value: owner, expiresAt: now + ttlSeconds })
      return owner
    },
    async release(key, owner, next) {
      if (leases.get(key)?.value !== owner) return
      if (next === null) leases.delete(key)
      else leases.set(key, { value: next.owner, expiresAt: clock() + next.ttlSeconds })
    },
    async keep(key, value, ttlSeconds) {
      kept.set(key, { value, expiresAt: clock() + ttlSeconds })
    },
    async look(key) {
      const found = kept.get(key)
      return found !== undefined && clock() < found.expiresAt ? found.value : null
    },
    async take(key) {
      const found = kept.get(key)
      kept.delete(key)
      return found !== undefined && clock() < found.expiresAt ? found.value : null
    },
    changes: {
      subscribe(listener) {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
      announcing: () => true,
      epoch: () => 0,
    },
    ready: () => 'ready',
    async close() {
      clearInterval(sweeper)
      listeners.clear()
    },
  }
}

/** Ninety-six bits, one character for each eight: they tell groups apart as well as whole names, in less memory. */
function shortName(name: string): string {
  return createHash('sha256').update(name).digest().toString('latin1', 0, 12)
}

/** The two forms in which a value is held, told apart by their first character. */
const [packed, plain] = ['=', '!']

/** A sealed value ends in base64; its bytes, one character each, take a quarter less. Anything else is left as it is. */
function pack(value: string): string {
  const at = value.lastIndexOf('.') + 1
  const bytes = Buffer.from(value.slice(at), 'base64url')
  if (at > 255 || bytes.toString('base64url') !== value.slice(at)) return plain + value
  // Out of one buffer, because a string put together with `+` keeps its pieces.
  return Buffer.concat([
    Buffer.from(`${packed}${String.fromCharCode(at)}${value.slice(0, at)}`, 'latin1'),
    bytes,
  ]).toString('latin1')
}

function unpack(value: string): string {
  if (value[0] === plain) return value.slice(1)
  const at = value.charCodeAt(1) + 2
  return value.slice(2, at) + Buffer.from(value.slice(at), 'latin1').toString('base64url')
}
