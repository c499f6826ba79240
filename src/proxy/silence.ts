/** How long an upstream may be silent: before its answer begins, and in the middle of it. */
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { UpstreamTimeout } from './upstream-failure.ts'

/**
 * Destroys the request with an UpstreamTimeout when its connection stands still for `seconds` before the head of an answer.
 * Call it once the request has its socket. An upload that makes progress never hits the limit, neither does one whose
 * caller pauses.
 * @returns a function that ends the watch.
 */
export function watchFirstByte(outgoing: ClientRequest, seconds: number): () => void {
  const socket = outgoing.socket
  if (socket === null) return doNothing
  const watch = watchOf(socket)
  watch.outgoing = outgoing
  watch.stoodStill = null
  // Usually the agent has set it already. It also ends idle connections, so it needs no taking back.
  if (socket.timeout !== seconds * 1000) socket.setTimeout(seconds * 1000)
  return () => endWatch(watch, outgoing)
}

/**
 * Tells when an answer that has begun stands still for `seconds` although its caller takes what there is. Neither a caller
 * who reads slowly nor one whose upload pauses counts against the upstream.
 * @param silent is called at most once.
 * @returns a function that ends the watch; the end of the answer ends it, too.
 */
export function watchIdle(
  { outgoing, answer, response }: Exchange,
  seconds: number,
  silent: (reason: UpstreamTimeout) => void,
): () => void {
  const socket = outgoing.socket
  if (socket === null) return doNothing
  const watch = watchOf(socket)
  // The agent sets its own limit again when the connection is free.
  const begin = () => void socket.setTimeout(seconds * 1000)
  const stop = () => {
    response.removeListener('drain', begin)
    answer.removeListener('end', stop)
    endWatch(watch, outgoing)
  }
  watch.outgoing = outgoing
  watch.stoodStill = () => {
    // We do not read on before the caller has taken what there is: the time begins when he has.
    if (response.writableNeedDrain) return
    stop()
    silent(new UpstreamTimeout('idle'))
  }
  response.on('drain', begin)
  answer.once('end', stop)
  begin()
  return stop
}

/** A request on its way, and the answer that has begun. */
export interface Exchange {
  readonly outgoing: ClientRequest
  readonly answer: IncomingMessage
  readonly response: ServerResponse
}

/** The request that is watched on a connection, null when none is; and what to do instead of failing it. */
interface Watch {
  outgoing: ClientRequest | null
  stoodStill: (() => void) | null
}

/** One listener per connection: one per request would cost more than all the rest of the watch. */
const watches = new WeakMap<Socket, Watch>()

function watchOf(socket: Socket): Watch {
  const known = watches.get(socket)
  if (known !== undefined) return known
  const watch: Watch = { outgoing: null, stoodStill: null }
  watches.set(socket, watch)
  socket.on('timeout', () => {
    const { outgoing, stoodStill } = watch
    if (outgoing === null || waitsForCaller(outgoing)) return
    if (stoodStill === null) outgoing.destroy(new UpstreamTimeout('first-byte'))
    else stoodStill()
  })
  return watch
}

/** The connection may be another request's by now. */
function endWatch(watch: Watch, outgoing: ClientRequest): void {
  if (watch.outgoing !== outgoing) return
  watch.outgoing = null
  watch.stoodStill = null
}

/** True while the caller has not sent everything, and everything it has sent is on its way. Node re-arms the timer at the next byte. */
function waitsForCaller(outgoing: ClientRequest): boolean {
  return !outgoing.writableEnded && outgoing.writableLength === 0
}

function doNothing(): void {}
