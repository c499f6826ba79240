/** Sessions in Redis, shared by all replicas: written by connect-redis, changed by scripts that run as one step. */
import type { RedisPlace, RedisTls } from '../core/gateway.ts'
import { announced } from './announcements.ts'
import { createRedisIndex } from './index-redis.ts'
import { openRedisLink } from './redis-link.ts'
import { createRedisWriter } from './redis-writer.ts'
import type { Log, SessionStore, StoredRecord } from './store.ts'
import { createStoreHealth } from './store-health.ts'

export type RedisStoreParts = RedisPlace & {
  /** Begins every key and the channel, so that several gateways can share one Redis. */
  readonly prefix: string
  readonly log: Log
  readonly tls?: RedisTls | null
  readonly protocol?: 2 | 3
}

const recordKinds = ['facts', 'tokens', 'stub'] as const
type RecordKind = (typeof recordKinds)[number]

/** A store over connections for commands and others that listen. Start-up neither waits for Redis nor fails. */
export function createRedisStore(parts: RedisStoreParts): SessionStore {
  const { prefix, log, tls = null, protocol = 2 } = parts
  const health = createStoreHealth(log)
  const { answered } = health
  const channel = `${prefix}:changed`
  const link = openRedisLink({ place: parts, tls, protocol, channel, answered, onError: health.failed })
  const { commands: redis, changes } = link
  const writer = createRedisWriter(redis, `${prefix}:`)
  const key = (part: string, name: string) => `${prefix}:${part}:${name}`
  // One hash tag, so that a cluster keeps them together and a script may change them in one step.
  const recordKey = (session: string, kind: RecordKind) => `${prefix}:{${session}}:${kind}`
  const recordKeys = (session: string) => recordKinds.map((kind) => recordKey(session, kind))
  const index = createRedisIndex({ redis, prefix, answered })

  function isReady(): boolean {
    return health.isUp() && link.isOpen()
  }

  async function readRecord(name: string): Promise<StoredRecord | null> {
    const stored = await answered(() => redis.get(name))
    return stored === null ? null : parseRecord(stored)
  }

  return {
    async create(session, records) {
      const [created] = await Promise.all([
        answered(() => writer.create(session, records)),
        index.add(session, records.names, records.endsAt),
      ])
      return created
    },
    read: (session) => readRecord(recordKey(session, 'facts')),
    readTokens: (session) => readRecord(recordKey(session, 'tokens')),
    readStub: (session) => readRecord(recordKey(session, 'stub')),
    async update(session, { from, facts, tokens, stub }) {
      const versioned = (value: string | undefined) => (value === undefined ? '' : `${from + 1} ${value}`)
      const message = `${announced.updated}${session}`
      const values = [String(from), versioned(facts), versioned(tokens), channel, message, versioned(stub)]
      const reply = await answered(() => redis.sallyportUpdate(...recordKeys(session), ...values))
      return reply === 'updated' || reply === 'conflict' ? reply : 'gone'
    },
    async extend(session, ttlSeconds) {
      const ttl = String(Math.max(1, Math.ceil(ttlSeconds)))
      return (await answered(() => redis.sallyportExtend(...recordKeys(session), ttl))) === 1
    },
    async remaining(session) {
      const left = await answered(() => redis.pttl(recordKey(session, 'facts')))
      return left > 0 ? left / 1_000 : null
    },
    async end(session, names = []) {
      const message = `${announced.ended}${session}`
      await Promise.all([
        answered(() => redis.sallyportEnd(...recordKeys(session), channel, message)),
        index.remove(session, names),
      ])
    },
    walk: index.walk,
    endBefore: index.endBefore,
    endedBefore: index.endedBefore,
    endings: index.endings,
    async markOnce(name, ttlSeconds) {
      return (await answered(() => redis.set(key('once', name), '', 'EX', Math.ceil(ttlSeconds), 'NX'))) === 'OK'
    },
    lease: (name, owner, ttlSeconds) =>
      answered(() => redis.sallyportLease(key('lease', name), owner, Math.max(1, Math.ceil(ttlSeconds)))),
    async release(name, owner, next) {
      const ttl = Math.max(1, Math.ceil(next?.ttlSeconds ?? 1))
      await answered(() => redis.sallyportRelease(key('lease', name), owner, next?.owner ?? '', ttl))
    },
    async keep(name, value, ttlSeconds) {
      await answered(() => redis.set(key('kept', name), value, 'EX', Math.ceil(ttlSeconds)))
    },
    look: (name) => answered(() => redis.get(key('kept', name))),
    take: (name) => answered(() => redis.sallyportTake(key('kept', name))),
    changes,
    counting: {
      prefix: `${prefix}:limit`,
      connection: {
        get status() {
          return isReady() ? 'ready' : 'down'
        },
        rlflxIncr: ([name = '', by = '1', seconds = '1']) => answered(() => redis.sallyportCount(name, by, seconds)),
      },
    },
    ready: () => (isReady() ? 'ready' : 'down'),
    async close() {
      health.close()
      link.close()
    },
  }
}

/** What we store begins with a version. Anything else is not ours, and reads as a record that no key opens. */
function parseRecord(stored: string): StoredRecord {
  const [, version, value] = /^(\d{1,15}) (.+)$/s.exec(stored) ?? []
  return version === undefined || value === undefined ? { version: 0, value: '' } : { version: Number(version), value }
}
