/** What a process that the bench starts says of itself, and how it ends: when told, or when the bench has gone. */
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface OwnMessage {
  readonly port?: number
  /** Of the pretend Entra: where it is told what to do, and says what it was asked. */
  readonly controlPort?: number
  readonly bytesPerSession?: number
  readonly residentBytesPerSession?: number
  readonly nanosecondsPerLookUp?: number
}

export function tell(message: OwnMessage): void {
  process.send?.(message)
}

/** Listens on a free port of the loopback and tells it. */
export function listenAndTell(server: Server): void {
  // By `exit`, not by the signal, so that a profile is written.
  for (const event of ['SIGINT', 'SIGTERM', 'disconnect']) process.once(event, () => process.exit(0))
  server.listen(0, '127.0.0.1', () => tell({ port: (server.address() as AddressInfo).port }))
}

/** Where a proxy of the bench forwards to: its one argument. */
export function targetArgument(): URL {
  const [target] = process.argv.slice(2)
  if (target === undefined) throw new Error('the target is missing')
  return new URL(target)
}
