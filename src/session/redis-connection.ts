/** A connection to the one Redis that is written to; it fails fast, heals by itself and never shows its password. */
import type { ConnectionOptions } from 'node:tls'
import { Redis, type RedisOptions } from 'ioredis'
import type { Address, RedisPlace, RedisSentinels, RedisTls } from '../core/gateway.ts'

export interface ConnectionSettings {
  readonly place: Exclude<RedisPlace, { readonly cluster: unknown }>
  readonly tls: RedisTls | null
  /** Version of the Redis protocol; 3 needs Redis 6 and is not offered by every managed service. */
  readonly protocol: 2 | 3
  /** Called for every failure of the connection, with an error that is safe to log. */
  readonly onError: (error: Error) => void
}

type Extra = Pick<RedisOptions, 'enableAutoPipelining' | 'scripts'>

/** How long to wait before the n-th attempt to connect, in milliseconds. */
export const retryAfter = (attempt: number) => Math.min(50 * 2 ** attempt, 2000)

/** What every connection has, to one server or to a node of a cluster. */
export function connectionOptions(protocol: 2 | 3) {
  return {
    protocol,
    maxRetriesPerRequest: 1,
    // A command that its caller was told has failed must not run later on.
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    commandTimeout: 1000,
    connectTimeout: 2000,
    // A connection that swallows commands without an answer is thrown away.
    socketTimeout: 3000,
  } as const
}

/** Undefined where the connection is not encrypted. */
export function tlsOptions(tls: RedisTls | null): ConnectionOptions | undefined {
  if (tls === null) return undefined
  return {
    ...(tls.ca === null ? {} : { ca: tls.ca }),
    ...(tls.serverName === null ? {} : { servername: tls.serverName }),
  }
}

/** As the library takes it: by `host:port`. A copy, because it writes into what it gets. */
export function natMapOf(natMap: Readonly<Record<string, Address>>) {
  return Object.fromEntries(Object.entries(natMap).map(([key, { host, port }]) => [key, { host, port }]))
}

/**
 * Opens a connection in the background: it neither waits for Redis nor fails without it. A command is refused at once
 * while there is no connection, and given up after a second, so that a dead Redis costs a request as little as it can.
 */
export function connectRedis({ place, tls, protocol, onError }: ConnectionSettings, extra: Extra = {}): Redis {
  const security = tlsOptions(tls)
  const options = {
    ...connectionOptions(protocol),
    enableOfflineQueue: false,
    retryStrategy: retryAfter,
    reconnectOnError: createLookForMaster(),
    ...(security === undefined ? {} : { tls: security }),
    ...extra,
  } satisfies RedisOptions
  const connection =
    'url' in place
      ? new Redis(place.url.reveal(), options)
      : new Redis({ ...options, ...sentinelOptions(place.sentinel, tls) })
  connection.on('error', (error: unknown) => onError(printable(error)))
  return connection
}

/**
 * Ends a connection, for good or to make it anew. The library takes one error of a socket; one that is ended in the
 * middle of a TLS handshake can have two, and the second would end the process.
 */
export function hangUp(connection: Redis, andThen: 'reconnect' | 'end' = 'end'): void {
  connection.stream?.on('error', () => {})
  connection.disconnect(andThen === 'reconnect')
}

/** A master that became a replica refuses writes: look for the new one. Once a second, however many writes are refused. */
function createLookForMaster(): (error: Error) => boolean {
  let lookedAt = Number.NEGATIVE_INFINITY
  return ({ message }) => {
    if (!message.startsWith('READONLY') || performance.now() - lookedAt < 1_000) return false
    lookedAt = performance.now()
    return true
  }
}

function sentinelOptions(sentinel: RedisSentinels, tls: RedisTls | null) {
  const security = tlsOptions(tls)
  return {
    name: sentinel.name,
    sentinels: sentinel.sentinels.map(({ host, port }) => ({ host, port })),
    db: sentinel.database,
    natMap: natMapOf(sentinel.natMap),
    // One that takes connections and says nothing is passed over.
    sentinelCommandTimeout: 1000,
    sentinelRetryStrategy: retryAfter,
    ...(sentinel.username === null ? {} : { username: sentinel.username }),
    ...(sentinel.password === null ? {} : { password: sentinel.password.reveal() }),
    ...(sentinel.sentinelUsername === null ? {} : { sentinelUsername: sentinel.sentinelUsername }),
    ...(sentinel.sentinelPassword === null ? {} : { sentinelPassword: sentinel.sentinelPassword.reveal() }),
    ...(security === undefined ? {} : { enableTLSForSentinelMode: true, sentinelTLS: security }),
  } satisfies RedisOptions
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
