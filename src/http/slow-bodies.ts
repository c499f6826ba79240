/**
 * Bodies that come too slowly (T88): one that stands still, or brings less than the minimum over a whole window, is cut.
 * Nothing is attached to a request or its socket, and nothing is spent on a request without a body: one sweep looks at all of
 * the others, and what it needs to know is counted by Node anyway.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { CallerLimits, CallerTimeouts } from '../core/gateway.ts'

export interface BodyWatch {
  /**
   * Looks after the body of a request until all of it is here.
   * @returns the signal that it came too slowly, given while no answer has begun: whoever deals with the request then answers
   *   `request_too_slow`. If an answer has begun, or there is none by the end of the next window, the connection is destroyed.
   */
  watch(request: IncomingMessage, response: ServerResponse): AbortSignal
  /** To be called again and again, at the same interval. */
  sweep(): void
}

export interface BodyWatchParts {
  /** The limits in force. */
  readonly limits: () => Pick<CallerTimeouts, 'bodySeconds'> & Pick<CallerLimits, 'minimumBytesPerSecond'>
  /** Milliseconds that only grow. */
  readonly now: () => number
  /** Between two sweeps, in milliseconds. */
  readonly interval: number
}

interface Body {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly tooSlow: AbortController
  /** When it was looked at last. */
  seenAt: number
  /** What the connection had brought by then. */
  bytes: number
  /** Whether we were not reading then: the application did not take what was there. */
  held: boolean
  /** Milliseconds without a byte, in which we would have read one. */
  still: number
  /** Milliseconds of the present window, and the bytes that came in it. */
  window: number
  came: number
}

export function createBodyWatch({ limits, now, interval }: BodyWatchParts): BodyWatch {
  const bodies = new Set<Body>()

  /** Adds what has happened since the last look, and judges it. */
  function isTooSlow(body: Body): boolean {
    const { bodySeconds, minimumBytesPerSecond } = limits()
    const window = bodySeconds * 1_000
    const came = account(body)
    if (came > 0) body.still = 0
    if (body.still >= window) return true
    if (body.window < window) return false
    const enough = (minimumBytesPerSecond * body.window) / 1_000
    const { came: inWindow } = body
    body.window = 0
    body.came = 0
    return inWindow < enough
  }

  /** @returns the bytes that came. Time counts only while we read: a slow application is no fault of the caller. */
  function account(body: Body): number {
    const { socket } = body.request
    // While this process was busy with something else nobody could bring anything.
    const passed = Math.min(now() - body.seenAt, 2 * interval)
    const held = socket.isPaused()
    const came = socket.bytesRead - body.bytes
    if (!held && !body.held) {
      body.still += passed
      body.window += passed
    } else {
      body.still = 0
    }
    body.seenAt = now()
    body.bytes += came
    body.held = held
    body.came += came
    return came
  }

  function cut(body: Body): void {
    const { request, response, tooSlow } = body
    if (response.headersSent || response.destroyed || tooSlow.signal.aborted) {
      bodies.delete(body)
      request.socket.destroy()
      return
    }
    // What answers has a window more to be done with it.
    Object.assign(body, { still: 0, window: 0, came: 0 })
    tooSlow.abort()
  }

  return {
    watch(request, response) {
      const tooSlow = new AbortController()
      const { bytesRead: bytes } = request.socket
      const counted = { seenAt: now(), bytes, held: false, still: 0, window: 0, came: 0 }
      bodies.add({ request, response, tooSlow, ...counted })
      return tooSlow.signal
    },
    sweep() {
      for (const body of bodies) {
        const { request } = body
        if (request.complete || request.destroyed || request.socket.destroyed) bodies.delete(body)
        else if (isTooSlow(body)) cut(body)
      }
    },
  }
}

/** Whether a request announces a body (RFC 9112 section 6); one of length zero is complete before the first sweep. */
export function announcesBody({ headers }: IncomingMessage): boolean {
  return headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined
}
