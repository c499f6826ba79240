/** Sessions in Redis, shared by all replicas: written by connect-redis, changed by scripts that run as one step. */
import { RedisStore } from 'connect-redis'
import type { SessionData } from 'express-session'
import type { Redis, Result } from 'ioredis'
import { Fault } from '../core/fault.ts'
import type { Secret } from '../core/secret.ts'
import { announced, createAnnouncements } from './announcements.ts'
import { connectRedis, printable } from './redis-connection.ts'
import type { Log, NewRecords, SessionStore, StoredRecord } from './store.ts'

export interface RedisStoreParts {
  readonly url: Secret
  /** Begins every key and the channel, so that several gateways can share one Redis. */
  readonly prefix: string
  readonly log: Log
  readonly protocol?: 2 | 3
}

declare module 'ioredis' {
  interface RedisCommander<Context> {
    sallyportUpdate(...keysThenValues: string[]): Result<string, Context>
    sallyportExtend(facts: string, tokens: string, ttlSeconds: number): Result<number, Context>
    sallyportEnd(facts: string, tokens: string, channel: string, message: string): Result<number, Context>
    sallyportTake(key: string): Result<string | null, Context>
  }
}

const scripts = {
  // Version first, then the sealed value: `3 1.Zm9v.YmFy`. KEEPTTL: a write is not activity.
  sallyportUpdate: {
    numberOfKeys: 2,
    lua: `
local stored = redis.call('GET', KEYS[1])
if not stored then return 'gone' end
if string.match(stored, '^%d+') ~= ARGV[1] then return 'conflict' end
if ARGV[3] ~= '' then redis.call('SET', KEYS[2], ARGV[3], 'XX', 'KEEPTTL') end
redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
redis.call('PUBLISH', ARGV[4], ARGV[5])
return 'updated'`,
  },
  sallyportExtend: {
    numberOfKeys: 2,
    lua: `
if redis.call('EXPIRE', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('EXPIRE', KEYS[2], ARGV[1])
return 1`,
  },
  sallyportEnd: {
    numberOfKeys: 2,
    lua: `
local removed = redis.call('DEL', KEYS[1], KEYS[2])
redis.call('PUBLISH', ARGV[1], ARGV[2])
return removed`,
  },
  sallyportTake: {
    numberOfKeys: 1,
    lua: `
local kept = redis.call('GET', KEYS[1])
redis.call('DEL', KEYS[1])
return kept`,
  },
}

/** A store over two connections, one for commands and one that listens. Start-up neither waits for Redis nor fails. */
export function createRedisStore({ url, prefix, log, protocol = 2 }: RedisStoreParts): SessionStore {
  /** null until Redis has answered, or not, for the first time. */
  let healthy: boolean | null = null
  const settings = { url, protocol, onError: failed }
  const redis = connectRedis(settings, { enableAutoPipelining: true, scripts })
  const listener = connectRedis({ ...settings, onError: () => {} })
  const channel = `${prefix}:changed`
  const publish = (message: string) => answered(() => redis.publish(channel, message))
  const changes = createAnnouncements({ listener, publish, channel })
  const writer = createWriter(redis, `${prefix}:`)
  const key = (part: string, name: string) => `${prefix}:${part}:${name}`
  const recordKeys = (session: string) => [`${prefix}:{${session}}:facts`, `${prefix}:{${session}}:tokens`] as const

  function failed(error: Error): void {
    if (healthy !== false) log.error('session_store_down', { cause: error.message })
    healthy = false
  }

  /** Runs a command; every failure becomes the one fault of this room. */
  async function answered<Reply>(command: () => Promise<Reply>): Promise<Reply> {
    try {
      const reply = await command()
      if (healthy === false) log.info('session_store_up', {})
      healthy = true
      return reply
    } catch (error) {
      const cause = printable(error)
      failed(cause)
      throw new Fault('session_store_down', { cause })
    }
  }

  async function readRecord(name: string): Promise<StoredRecord | null> {
    const stored = await answered(() => redis.get(name))
    return stored === null ? null : parseRecord(stored)
  }

  return {
    create(session, records) {
      return answered(() => writer.create(session, records))
    },
    read: (session) => readRecord(recordKeys(session)[0]),
    readTokens: (session) => readRecord(recordKeys(session)[1]),
    async update(session, { from, facts, tokens }) {
      const to = from + 1
      const values = [String(from), `${to} ${facts}`, tokens === undefined ? '' : `${to} ${tokens}`]
      const message = `${announced.updated}${session}`
      const reply = await answered(() => redis.sallyportUpdate(...recordKeys(session), ...values, channel, message))
      return reply === 'updated' || reply === 'conflict' ? reply : 'gone'
    },
    async extend(session, ttlSeconds) {
      const ttl = Math.max(1, Math.ceil(ttlSeconds))
      return (await answered(() => redis.sallyportExtend(...recordKeys(session), ttl))) === 1
    },
    async remaining(session) {
      const left = await answered(() => redis.pttl(recordKeys(session)[0]))
      return left > 0 ? left / 1_000 : null
    },
    async end(session) {
      await answered(() => redis.sallyportEnd(...recordKeys(session), channel, `${announced.ended}${session}`))
    },
    async markOnce(name, ttlSeconds) {
      return (await answered(() => redis.set(key('once', name), '', 'EX', Math.ceil(ttlSeconds), 'NX'))) === 'OK'
    },
    async keep(name, value, ttlSeconds) {
      await answered(() => redis.set(key('kept', name), value, 'EX', Math.ceil(ttlSeconds)))
    },
    take: (name) => answered(() => redis.sallyportTake(key('kept', name))),
    changes,
    ready: () => (healthy === true && redis.status === 'ready' ? 'ready' : 'down'),
    async close() {
      changes.stop()
      redis.disconnect()
      listener.disconnect()
    },
  }
}

/** What connect-redis is given as a session: the sealed record and how long it lives. */
interface Written extends SessionData {
  readonly record: string
  readonly ttlSeconds: number
}

class KeyTaken extends Error {}

/**
 * connect-redis on a client of ours whose SET only creates. The tokens are written first: a session that can be read
 * always has its tokens.
 */
function createWriter(redis: Redis, prefix: string) {
  const store = new RedisStore({
    prefix,
    client: {
      async set(name: string, value: string, _ex: 'EX', ttlSeconds: number) {
        if ((await redis.set(name, value, 'EX', ttlSeconds, 'NX')) === null) throw new KeyTaken()
      },
    },
    serializer: {
      stringify: (session) => (session as Written).record,
      parse: () => {
        throw new Error('Records are read past connect-redis')
      },
    },
    ttl: (session) => (session as Written).ttlSeconds,
  })

  return {
    async create(session: string, { facts, tokens, ttlSeconds }: NewRecords): Promise<boolean> {
      // A time that is not positive would make connect-redis delete instead of write.
      const ttl = Math.max(1, Math.ceil(ttlSeconds))
      try {
        for (const [kind, value] of [
          ['tokens', tokens],
          ['facts', facts],
        ] as const) {
          const written = { record: `1 ${value}`, ttlSeconds: ttl } as Written
          await store.set(`{${session}}:${kind}`, written)
        }
        return true
      } catch (error) {
        if (error instanceof KeyTaken) return false
        throw error
      }
    },
  }
}

/** What we store begins with a version. Anything else is not ours, and reads as a record that no key opens. */
function parseRecord(stored: string): StoredRecord {
  const [, version, value] = /^(\d{1,15}) (.+)$/s.exec(stored) ?? []
  return version === undefined || value === undefined ? { version: 0, value: '' } : { version: Number(version), value }
}
