/** One request on its way to an upstream and back: what has happened to it, and the one way in which it ends. */
import type { Agent, ClientRequest, IncomingMessage, ServerResponse } from 'node:http'
import { Fault } from '../core/fault.ts'
import type { Connections } from './agents.ts'
import type { ForwardPlan, ProxyLog } from './plan.ts'
import { breakOff, relayAnswer } from './relay.ts'
import { isWellFramed } from './response-headers.ts'
import { watchFirstByte, watchIdle } from './silence.ts'
import { breakReason, errorCode, upstreamFailure } from './upstream-failure.ts'

export type ForwardOutcome = 'answered' | 'caller_gone' | 'caller_too_slow' | 'upstream_broke' | 'recalled' | 'cut'

/** What whoever has a request forwarded can still do about it. */
export interface Reins {
  /** Tells that the caller's body comes too slowly; null where there is no body. */
  readonly tooSlow: AbortSignal | null
  /**
   * Ends it: `recalled` where no answer has begun, and the response is free to be written; else `cut`, and the caller is
   * broken off. Set by the proxy once it has taken the request over.
   */
  recall: (() => void) | null
}

export interface Journey {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly plan: ForwardPlan
  readonly reins: Reins
  readonly connections: Connections
  readonly agent: Agent
  /** Nothing is lost if the request is sent again: safe method, no body. */
  readonly repeatable: boolean
  /** Puts the request on the wire (again). */
  readonly send: (passage: Passage) => void
  readonly resolve: (outcome: ForwardOutcome) => void
  readonly reject: (error: Error) => void
  readonly log?: ProxyLog | undefined
}

export interface Passage {
  readonly journey: Journey
  /** The request to the upstream has its connection. */
  connected(outgoing: ClientRequest): void
  /** Something went wrong, on whichever side. May be told more than once. */
  failed(error: unknown): void
}

/** True if nobody is there to take an answer: http-proxy-middleware would wait for ever. */
export function isGone(request: IncomingMessage, response: ServerResponse): boolean {
  return response.destroyed || request.socket.destroyed
}

/** Starts to watch over a request; exactly one of the journey's `resolve` and `reject` will be called. */
export function createPassage(journey: Journey): Passage {
  const { request, response, plan, log } = journey
  let outgoing: ClientRequest | null = null
  let incoming: IncomingMessage | null = null
  let stopWatch = () => {}
  let retried = false
  let broken = null as 'upstream_broke' | 'cut' | null
  let over = false

  function closed(): void {
    over = true
    stopWatch()
    request.socket.removeListener('close', closed)
    if (!response.writableFinished) outgoing?.destroy()
    else if (!request.complete) abandonUpload()
    if (response.writableFinished) journey.resolve('answered')
    else journey.resolve(broken ?? 'caller_gone')
  }
  response.once('close', closed)
  // The response to a pipelined request gets its socket later; before, not every Node tells it that the caller has gone.
  if (response.socket === null) request.socket.once('close', closed)

  /** The response is free, and the connection will take another answer. */
  function letGo(): void {
    over = true
    response.removeListener('close', closed)
    request.socket.removeListener('close', closed)
    // The package has begun to read it: what is left of an upload flows into nothing, so that the caller gets to read the answer.
    request.resume()
  }

  function refuse(error: Error): void {
    letGo()
    journey.reject(error)
  }

  /**
   * The answer is over, and what is still to come of the upload has none: nobody would watch over it, for as long as it
   * flows. The caller gets rid of it, and the connection takes the next request.
   */
  function abandonUpload(): void {
    outgoing?.destroy()
    request.unpipe()
    request.resume()
  }

  /** The upstream is let go, and somebody else answers. */
  function giveBack(outcome: 'caller_too_slow' | 'recalled'): void {
    letGo()
    stopWatch()
    outgoing?.destroy()
    journey.resolve(outcome)
  }

  journey.reins.tooSlow?.addEventListener('abort', () => {
    if (!over && incoming === null) giveBack('caller_too_slow')
  })
  journey.reins.recall = () => {
    if (over || broken !== null || isGone(request, response)) return
    if (incoming === null) return giveBack('recalled')
    broken = 'cut'
    breakOff(incoming, response)
  }

  function cutShort(begun: IncomingMessage, error: unknown): void {
    broken = 'upstream_broke'
    log?.warn('upstream_broke', { upstream: plan.upstream.origin, reason: breakReason(error) })
    breakOff(begun, response)
  }

  function failed(error: unknown): void {
    if (over || broken !== null || isGone(request, response)) return
    if (incoming !== null) {
      // A complete answer stays whole although the rest of the upload found no taker.
      if (!incoming.complete) cutShort(incoming, error)
      return
    }
    if (!retried && journey.repeatable && isStale(outgoing, error)) {
      retried = true
      outgoing = null
      log?.debug('upstream_retried', { upstream: plan.upstream.origin })
      journey.send(passage)
      return
    }
    refuse(upstreamFailure(error, plan.upstream))
  }

  function connected(connectedRequest: ClientRequest): void {
    outgoing = connectedRequest
    // Before the package's own listener.
    outgoing.prependOnceListener('response', answered)
    if (over || isGone(request, response)) {
      outgoing.destroy()
      return
    }
    // Node gives up without an error where the answer is a 101 that nobody asked for.
    connectedRequest.once('close', () => {
      if (outgoing === connectedRequest && incoming === null) failed(new Error('closed without an answer'))
    })
    stopWatch = watchFirstByte(outgoing, plan.upstream.firstByteTimeoutSeconds)
    // Node would hold the head back until the caller has sent a part of the body.
    if (outgoing.hasHeader('transfer-encoding')) outgoing.flushHeaders()
  }

  function answered(answer: IncomingMessage): void {
    stopWatch()
    // Ours comes before the package's listener, which would give the caller's socket the upstream's error.
    answer.once('error', failed)
    const waited = movedOn(answer)
    if (waited === null) {
      passOn(answer)
    } else {
      incoming = answer
      waited.then(
        () => passOn(answer),
        (error: Error) => turnAway(answer, error),
      )
    }
  }

  /** None of the answer has been passed on: somebody else answers. */
  function turnAway(answer: IncomingMessage, error: Error): void {
    if (over || isGone(request, response)) return
    // Whatever else comes on this connection is nobody's answer. It closes with the caller's response.
    if (outgoing !== null) outgoing.shouldKeepAlive = false
    answer.resume()
    refuse(error)
  }

  function movedOn({ statusCode, headers: { location } }: IncomingMessage): Promise<void> | null {
    const sendsAgain = statusCode === 307 || statusCode === 308
    return plan.body !== null && sendsAgain && location !== undefined ? (plan.body.movedOn?.(location) ?? null) : null
  }

  function passOn(answer: IncomingMessage): void {
    if (over || isGone(request, response)) return
    try {
      if (!isWellFramed(answer)) throw new Error('the answer does not say where it ends')
      relayAnswer(answer, response, plan)
      incoming = answer
    } catch (cause) {
      turnAway(answer, new Fault('upstream_unreachable', { cause }))
      return
    }
    // By then an answer that came in one piece is complete, and costs nothing.
    if (plan.upstream.idleTimeoutSeconds > 0) process.nextTick(limitSilence, answer)
  }

  function limitSilence(answer: IncomingMessage): void {
    if (over || outgoing === null || answer.complete) return
    stopWatch = watchIdle({ outgoing, answer, response }, plan.upstream.idleTimeoutSeconds, failed)
  }

  const passage: Passage = { journey, connected, failed }
  return passage
}

/** The upstream closed an idle connection just as we used it: nothing was done yet (RFC 9110 section 9.2.2, RFC 9112 section 9.3.1). */
function isStale(outgoing: ClientRequest | null, error: unknown): boolean {
  const code = errorCode(error)
  return outgoing?.reusedSocket === true && (code === 'ECONNRESET' || code === 'EPIPE')
}
