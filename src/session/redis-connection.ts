/** A connection to Redis that fails fast, heals by itself and never shows its password. */
import { Redis, type RedisOptions } from 'ioredis'
import type { Secret } from '../core/secret.ts'

export interface ConnectionSettings {
  /** `redis://` or `rediss://`, with user and password where Redis asks for them. */
  readonly url: Secret
  /** Version of the Redis protocol; 3 needs Redis 6 and is not offered by every managed service. */
  readonly protocol: 2 | 3
  /** Called for every failure of the connection, with an error that is safe to log. */
  readonly onError: (error: Error) => void
}

type Extra = Pick<RedisOptions, 'enableAutoPipelining' | 'scripts'>

/**
 * Opens a connection in the background: it neither waits for Redis nor fails without it. A command is refused at once
 * while there is no connection, and given up after a second, so that a dead Redis costs a request as little as it can.
 */
export function connectRedis({ url, protocol, onError }: ConnectionSettings, extra: Extra = {}): Redis {
  const connection = new Redis(url.reveal(), {
    protocol,
    maxRetriesPerRequest: 1,
    enableOfflineQueue: false,
    // A command that its caller was told has failed must not run later on.
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    commandTimeout: 1000,
    connectTimeout: 2000,
    // A connection that swallows commands without an answer is thrown away.
    socketTimeout: 3000,
    retryStrategy: (attempt) => Math.min(50 * 2 ** attempt, 2000),
    // A master that became a replica refuses writes: look for the new one.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
    ...extra,
  })
  connection.on('error', (error: unknown) => onError(printable(error)))
  return connection
}

/**
 * The same failure without what was sent: the library hangs the whole command on its errors, and the command of a
 * refused log-in holds the password.
 */
export function printable(error: unknown): Error {
  if (!(error instanceof Error)) return new Error('unknown failure')
  const [message = ''] = error.message.split(/,? with args/)
  const clean = new Error(message.slice(0, 200))
  clean.name = error.name
  return 'code' in error && typeof error.code === 'string' ? Object.assign(clean, { code: error.code }) : clean
}
