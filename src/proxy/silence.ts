/** The limit on how long an upstream may take to begin its answer. */
import type { ClientRequest } from 'node:http'
import type { Socket } from 'node:net'
import { UpstreamTimeout } from './upstream-failure.ts'

/**
 * Destroys the request with an UpstreamTimeout when its connection stands still for `seconds` before the head of an answer.
 * Call it once the request has its socket. An upload that makes progress never hits the limit, neither does one whose
 * caller pauses; after the head there is no limit, so quiet event streams live.
 * @returns a function that ends the watch.
 */
export function watchFirstByte(outgoing: ClientRequest, seconds: number): () => void {
  const socket = outgoing.socket
  if (socket === null) return () => {}
  const watch = watchOf(socket)
  watch.outgoing = outgoing
  // Usually the agent has set it already. It also ends idle connections, so it needs no taking back.
  if (socket.timeout !== seconds * 1000) socket.setTimeout(seconds * 1000)
  return () => {
    if (watch.outgoing === outgoing) watch.outgoing = null
  }
}

/** The request that waits for the head of its answer on a connection; null when none does. */
interface Watch {
  outgoing: ClientRequest | null
}

/** One listener per connection: one per request would cost more than all the rest of the watch. */
const watches = new WeakMap<Socket, Watch>()

function watchOf(socket: Socket): Watch {
  const known = watches.get(socket)
  if (known !== undefined) return known
  const watch: Watch = { outgoing: null }
  watches.set(socket, watch)
  socket.on('timeout', () => {
    const { outgoing } = watch
    if (outgoing !== null && !waitsForCaller(outgoing)) outgoing.destroy(new UpstreamTimeout('first-byte'))
  })
  return watch
}

/** True while the caller has not sent everything, and everything it has sent is on its way. Node re-arms the timer at the next byte. */
function waitsForCaller(outgoing: ClientRequest): boolean {
  return !outgoing.writableEnded && outgoing.writableLength === 0
}
