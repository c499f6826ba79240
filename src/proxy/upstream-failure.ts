/** Which fault a failed upstream connection is: 504 if it took too long, 502 for everything else that a network can do. */
import { Fault } from '../core/fault.ts'

/** The upstream exceeded one of its two time limits. */
export class UpstreamTimeout extends Error {
  readonly code = 'UPSTREAM_TIMEOUT'

  constructor(limit: 'connect' | 'first-byte') {
    super(limit)
    this.name = 'UpstreamTimeout'
  }
}

/**
 * @returns a Fault for what an upstream or the network did; the error itself where it shows a defect of ours
 * (Node reports values that it cannot send as TypeError or RangeError), so that it is answered as one.
 */
export function upstreamFailure(error: unknown): Error {
  if (error instanceof TypeError || error instanceof RangeError) return error
  const code = errorCode(error)
  const late = error instanceof UpstreamTimeout || code === 'ETIMEDOUT'
  return new Fault(late ? 'upstream_timeout' : 'upstream_unreachable', { cause: printableCause(error, code) })
}

/** The code of a system or protocol error, such as `ECONNREFUSED`. */
export function errorCode(error: unknown): string | null {
  if (typeof error !== 'object' || error === null || !('code' in error)) return null
  return typeof error.code === 'string' ? error.code : null
}

/** Parse errors carry the bytes of the answer (`rawPacket`: cookies, tokens), TLS errors the certificate: neither may reach the log. */
function printableCause(error: unknown, code: string | null): Error {
  const cause = new Error(error instanceof Error ? error.message : 'unknown')
  return code === null ? cause : Object.assign(cause, { code })
}
