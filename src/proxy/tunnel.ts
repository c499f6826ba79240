/**
 * WebSockets: the handshake with the upstream, then bytes both ways. On node:http and not on the package's own upgrade,
 * which ends the caller's socket before an error can be answered, writes the 101 before anybody can check it, and leaves
 * the upstream's socket open when the caller vanishes.
 */
import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import type { Agents } from './agents.ts'
import type { ForwardPlan } from './plan.ts'
import { upgradeHeaders } from './request-headers.ts'
import { answerHeaders, answerReason, isWellFramed } from './response-headers.ts'
import { watchFirstByte } from './silence.ts'
import { upstreamFailure } from './upstream-failure.ts'
import { headBytes, isAccepted } from './websocket-accept.ts'

export interface Tunnel {
  /** Closes both sides at once. */
  cut(): void
  /** Resolves when both sides are closed, for whatever reason. */
  readonly closed: Promise<void>
}

export type TunnelRefusal = 'refused_by_upstream' | 'caller_gone'

/**
 * Told when an answer other than 101 begins to be passed on. It may flow for hours, as an event stream does of an
 * application that has not looked at `Upgrade`, and has to be watched over like any other (T129).
 */
export type OnRefusal = (answer: Tunnel) => void

export interface Tunnels {
  /** See `Forwarder.tunnel` in forward.ts. */
  open(socket: Duplex, head: Buffer, plan: ForwardPlan, refused?: OnRefusal): Promise<Tunnel | TunnelRefusal>
  count(): number
  cutAll(): void
}

export function createTunnels(agents: Agents): Tunnels {
  const tunnels = new Set<Tunnel>()
  return {
    async open(socket, head, plan, refused = ignore) {
      // In an `upgrade` event the socket has no error listener; without one, a reset ends the process (T132).
      socket.on('error', ignore)
      if (socket.destroyed) return 'caller_gone'
      const answer = await shakeHands(agents, socket, plan)
      if (answer === 'caller_gone') return answer
      if (socket.destroyed) return dropped(answer)
      if (!('upstream' in answer)) return relayRefusal(answer.incoming, socket, plan, refused)
      const tunnel = join(socket, answer.upstream, [head, answer.head])
      tunnels.add(tunnel)
      tunnel.closed.then(() => tunnels.delete(tunnel))
      return tunnel
    },
    count: () => tunnels.size,
    cutAll() {
      for (const tunnel of tunnels) tunnel.cut()
    },
  }
}

type Handshake =
  | 'caller_gone'
  | { readonly incoming: IncomingMessage }
  | { readonly incoming: IncomingMessage; readonly upstream: Socket; readonly head: Buffer }

/** The caller went between the upstream's answer and our turn. */
function dropped(answer: Exclude<Handshake, 'caller_gone'>): 'caller_gone' {
  answer.incoming.destroy()
  if ('upstream' in answer) answer.upstream.destroy()
  return 'caller_gone'
}

/** Asks the upstream, and writes the 101 if it agrees. Nothing is written to the socket in any other case. */
function shakeHands(agents: Agents, socket: Duplex, plan: ForwardPlan): Promise<Handshake> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => reject(upstreamFailure(error, plan.upstream))
    const outgoing = requestUpgrade(agents, plan)
    const gone = () => {
      outgoing.destroy()
      resolve('caller_gone')
    }
    socket.once('close', gone)
    const settled = () => socket.removeListener('close', gone)
    outgoing.on('error', (error) => {
      settled()
      fail(error)
    })
    outgoing.once('close', () => fail(new Error('closed without an answer')))
    outgoing.once('response', (incoming) => {
      settled()
      incoming.on('error', ignore)
      if (isWellFramed(incoming)) return resolve({ incoming })
      outgoing.destroy()
      fail(new Error('the answer does not say where it ends'))
    })
    outgoing.once('upgrade', (incoming, upstream, head) => {
      settled()
      upstream.on('error', ignore)
      if (isAccepted(incoming, outgoing.getHeader('sec-websocket-key'))) {
        socket.write(acceptance(incoming, plan))
        return resolve({ incoming, upstream, head })
      }
      upstream.destroy()
      fail(new Error('not a valid WebSocket handshake'))
    })
    outgoing.end()
  })
}

function requestUpgrade(agents: Agents, plan: ForwardPlan): ClientRequest {
  const { target, single } = agents.to(plan.upstream)
  const request = target.protocol === 'https:' ? requestHttps : requestHttp
  const headers = upgradeHeaders(plan.headers)
  const outgoing = request({ ...target, method: 'GET', path: plan.target, headers, agent: single })
  outgoing.once('socket', () => {
    const stop = watchFirstByte(outgoing, plan.upstream.firstByteTimeoutSeconds)
    outgoing.once('response', stop)
    outgoing.once('upgrade', stop)
  })
  return outgoing
}

function acceptance(incoming: IncomingMessage, plan: ForwardPlan): Buffer {
  const headers = answerHeaders(incoming.rawHeaders, 101, { ...plan, signedIn: false })
  return headBytes('101 Switching Protocols', ['Connection', 'Upgrade', 'Upgrade', 'websocket', ...headers])
}

/** Passes on an answer other than 101; the end of the connection delimits it where no length does. */
async function relayRefusal(
  incoming: IncomingMessage,
  socket: Duplex,
  plan: ForwardPlan,
  refused: OnRefusal,
): Promise<'refused_by_upstream'> {
  const status = incoming.statusCode ?? 502
  const headers = answerHeaders(incoming.rawHeaders, status, plan)
  socket.write(headBytes(`${status} ${answerReason(incoming.statusMessage)}`, [...headers, 'Connection', 'close']))
  incoming.pipe(socket)
  incoming.once('error', () => reset(socket))
  // What the caller still sends is read and dropped: unread, it would turn the end into a reset, and the answer is lost.
  socket.resume()
  for (const over of ['finish', 'end']) socket.once(over, () => destroyAfter(socket, lingerMilliseconds))
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      incoming.destroy()
      resolve()
    })
  })
  refused({ cut: () => reset(socket), closed })
  await closed
  return 'refused_by_upstream'
}

/** Lets the bytes flow. When one side ends, the other has a moment to finish; when one is closed, so is the other. */
function join(caller: Duplex, upstream: Socket, [fromCaller, fromUpstream]: readonly [Buffer, Buffer]): Tunnel {
  const { promise: closed, resolve: over } = Promise.withResolvers<void>()
  const ends: Ends = { caller, upstream, open: 2, over }
  for (const side of [caller, upstream]) {
    makeLasting(side)
    endsOf.set(side, ends)
    side.on('data', passOn)
    side.on('drain', goOn)
    side.on('end', finish)
    if (side.closed) sideClosed.call(side)
    else side.on('close', sideClosed)
  }
  const cut = () => {
    caller.destroy()
    upstream.destroy()
  }
  if (fromUpstream.length > 0 && !caller.write(fromUpstream)) upstream.pause()
  if (fromCaller.length > 0 && !upstream.write(fromCaller)) caller.pause()
  return { cut, closed }
}

/** Both sides of a tunnel. */
interface Ends {
  readonly caller: Duplex
  readonly upstream: Duplex
  /** How many of the two are. */
  open: number
  readonly over: () => void
}

/** One listener for all tunnels in place of several for each: those of `pipe` alone are eighteen, and tunnels are many. */
const endsOf = new WeakMap<Duplex, Ends>()

function otherSide(side: Duplex): Duplex | undefined {
  const ends = endsOf.get(side)
  return ends?.caller === side ? ends.upstream : ends?.caller
}

/** Nothing is read faster than the other side takes it. */
function passOn(this: Duplex, bytes: Buffer): void {
  if (otherSide(this)?.write(bytes) === false) this.pause()
}

function goOn(this: Duplex): void {
  otherSide(this)?.resume()
}

function finish(this: Duplex): void {
  otherSide(this)?.end()
  destroyAfter(this, lingerMilliseconds)
}

function sideClosed(this: Duplex): void {
  const other = otherSide(this)
  if (other !== undefined) destroyWhenSent(other)
  const ends = endsOf.get(this)
  if (ends === undefined) return
  ends.open -= 1
  if (ends.open === 0) ends.over()
}

/** A tunnel may be silent for hours; TCP itself asks whether the other side still lives. */
function makeLasting(side: Duplex): void {
  if (!(side instanceof Socket)) return
  side.setTimeout(0)
  side.setNoDelay(true)
  side.setKeepAlive(true, 60_000)
}

function destroyWhenSent(side: Duplex): void {
  if (side.writable) side.end()
  if (side.writableFinished) return void side.destroy()
  side.once('finish', () => side.destroy())
  destroyAfter(side, lingerMilliseconds)
}

function destroyAfter(side: Duplex, milliseconds: number): void {
  const timer = setTimeout(() => side.destroy(), milliseconds)
  timer.unref()
  side.once('close', () => clearTimeout(timer))
}

/** An end of the connection that cannot be taken for the end of an answer. */
function reset(side: Duplex): void {
  if (side instanceof Socket && !(side instanceof TLSSocket)) side.resetAndDestroy()
  side.destroy()
}

function ignore(): void {}

/** How long a side may take to finish after the other has ended. */
const lingerMilliseconds = 5000
