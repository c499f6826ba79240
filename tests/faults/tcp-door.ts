/** A door on the loopback that passes connections on, and can be told to be slow, to swallow everything, or to be shut. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export type DoorMode =
  | { readonly does: 'pass' }
  /** Each chunk comes so much later, in both directions. */
  | { readonly does: 'delay'; readonly milliseconds: number }
  /** As when a cable is cut: nothing arrives any more, and nobody is told. */
  | { readonly does: 'swallow' }

export interface Door {
  readonly port: number
  set(mode: DoorMode): void
  close(): Promise<void>
}

export async function openDoor(target: () => number): Promise<Door> {
  let mode: DoorMode = { does: 'pass' }
  const sockets = new Set<Socket>()
  const server = createServer((caller) => {
    const behind = connect(target(), '127.0.0.1')
    for (const each of [caller, behind]) {
      each.setNoDelay(true)
      sockets.add(each)
      each.on('close', () => sockets.delete(each))
    }
    pipe(caller, behind)
    pipe(behind, caller)
  })
  function pipe(from: Socket, to: Socket): void {
    from.on('error', () => from.destroy())
    from.on('data', (chunk: Buffer) => {
      if (mode.does === 'swallow') return
      if (mode.does === 'pass') to.write(chunk)
      else setTimeout(() => to.write(chunk), mode.milliseconds)
    })
    from.on('close', () => {
      if (mode.does !== 'swallow') to.destroy()
    })
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    set(next) {
      // What was swallowed does not come back: connections that lived through it are useless, and end now.
      if (mode.does === 'swallow' && next.does !== 'swallow') for (const each of sockets) each.destroy()
      mode = next
    },
    async close() {
      for (const each of sockets) each.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export interface RoundRobin {
  readonly port: number
  /** Where connections go from now on, in turn. */
  to(ports: readonly number[]): void
  close(): Promise<void>
}

/** As a simple load balancer does: one connection after the other, and the next one in turn where a connection is refused. */
export async function openRoundRobin(): Promise<RoundRobin> {
  let backends: readonly number[] = []
  let turn = 0
  const sockets = new Set<Socket>()
  const server = createServer({ pauseOnConnect: true }, (caller) => {
    sockets.add(caller)
    caller.on('error', () => caller.destroy())
    caller.on('close', () => sockets.delete(caller))
    attempt(caller, backends.length)
  })
  function attempt(caller: Socket, left: number): void {
    const port = backends[turn++ % Math.max(1, backends.length)]
    if (left === 0 || port === undefined) return void caller.destroy()
    const behind = connect(port, '127.0.0.1')
    behind.once('error', () => (behind.bytesRead + behind.bytesWritten === 0 ? attempt(caller, left - 1) : undefined))
    behind.once('connect', () => {
      behind.on('error', () => behind.destroy())
      behind.on('close', () => caller.destroy())
      caller.on('close', () => behind.destroy())
      caller.setNoDelay(true)
      behind.setNoDelay(true)
      caller.pipe(behind)
      behind.pipe(caller)
      caller.resume()
    })
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    to(ports) {
      backends = ports
    },
    async close() {
      for (const each of sockets) each.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
