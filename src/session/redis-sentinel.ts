/** Hears from the sentinels when a master was replaced: connections to the old one may go on as if nothing had happened. */
import { Redis } from 'ioredis'
import type { RedisSentinels, RedisTls } from '../core/gateway.ts'
import { connectionOptions, hangUp, tlsOptions } from './redis-connection.ts'

const channel = '+switch-master'
/** A sentinel that is away is not needed as long as another one is there. */
const retryMilliseconds = 5000

/**
 * @param onSwitch called when a sentinel says that another server is master now: whoever is still connected to the old
 * one would read what is no longer true, and hear of no change (T101).
 */
export function watchSentinels(
  sentinel: RedisSentinels,
  tls: RedisTls | null,
  onSwitch: () => void,
): { close(): void } {
  const security = tlsOptions(tls)
  const connections = sentinel.sentinels.map(({ host, port }) => {
    const connection = new Redis({
      ...{ ...connectionOptions(2), host, port, retryStrategy: () => retryMilliseconds },
      ...(sentinel.sentinelUsername === null ? {} : { username: sentinel.sentinelUsername }),
      ...(sentinel.sentinelPassword === null ? {} : { password: sentinel.sentinelPassword.reveal() }),
      ...(security === undefined ? {} : { tls: security }),
      // Sentinels have no databases, and are always ready.
      enableReadyCheck: false,
      enableOfflineQueue: false,
    })
    connection.on('error', () => {})
    connection.on('ready', () => void connection.subscribe(channel).catch(() => hangUp(connection, 'reconnect')))
    connection.on('message', (_channel: string, message: string) => {
      // Its name, then the old address and the new one.
      if (message.split(' ')[0] === sentinel.name) onSwitch()
    })
    return connection
  })
  return {
    close() {
      for (const connection of connections) hangUp(connection)
    },
  }
}
