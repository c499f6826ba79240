/** The limit on how long an upstream may take to begin its answer. */
import type { ClientRequest } from 'node:http'
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
  const onIdle = () => {
    if (waitsForCaller(outgoing)) return
    outgoing.destroy(new UpstreamTimeout('first-byte'))
  }
  const stop = () => socket.removeListener('timeout', onIdle)
  // The agent sets its own idle time when the connection is free again, so this one needs no taking back.
  socket.setTimeout(seconds * 1000)
  socket.on('timeout', onIdle)
  outgoing.once('close', stop)
  return stop
}

/** True while the caller has not sent everything, and everything it has sent is on its way. Node re-arms the timer at the next byte. */
function waitsForCaller(outgoing: ClientRequest): boolean {
  return !outgoing.writableEnded && outgoing.writableLength === 0
}
