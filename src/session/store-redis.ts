/** Sessions in Redis, shared by all replicas: written by connect-redis, changed by scripts that run as one step. */
import { RedisStore } from 'connect-redis'
import type { SessionData } from 'express-session'
import type { Redis } from 'ioredis'
import { Fault } from '../core/fault.ts'
import type { Secret } from '../core/secret.ts'
import { announced, createAnnouncements } from './announcements.ts'
import { connectRedis, printable } from './redis-connection.ts'
import { scripts } from './redis-scripts.ts'
import type { Log, NewRecords, SessionStore, StoredRecord } from './store.ts'

export interface RedisStoreParts {
  readonly url: Secret
  /** Begins every key and the channel, so that several gateways can share one Redis. */
  readonly prefix: string
  readonly log: Log
  readonly protocol?: 2 | 3
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
    async end(session) {
      await answered(() => redis.sallyportEnd(...recordKeys(session), channel, `${announced.ended}${session}`))
    },
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
