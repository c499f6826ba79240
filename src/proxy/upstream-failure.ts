/** Which fault a failed upstream connection is, and what the log says of it: 504 if it took too long, 502 for all else that a network can do. */
import { Fault } from '../core/fault.ts'
import type { Upstream } from '../core/gateway.ts'

/** The upstream exceeded one of its time limits. */
export class UpstreamTimeout extends Error {
  readonly code = 'UPSTREAM_TIMEOUT'
  readonly limit: 'connect' | 'first-byte' | 'idle'

  constructor(limit: UpstreamTimeout['limit']) {
    super(limit)
    this.name = 'UpstreamTimeout'
    this.limit = limit
  }
}

/**
 * @returns a Fault for what an upstream or the network did; the error itself where it shows a defect of ours
 * (Node reports values that it cannot send as TypeError or RangeError), so that it is answered as one.
 */
export function upstreamFailure(error: unknown, upstream: Upstream): Error {
  if (error instanceof TypeError || error instanceof RangeError) return error
  const code = errorCode(error)
  const late = error instanceof UpstreamTimeout || code === 'ETIMEDOUT'
  return new Fault(late ? 'upstream_timeout' : 'upstream_unreachable', { cause: printableCause(error, code, upstream) })
}

/** In one word, why an answer broke off: `idle`, or the code of the error. */
export function breakReason(error: unknown): string | null {
  return error instanceof UpstreamTimeout ? error.limit : errorCode(error)
}

/** The code of a system or protocol error, such as `ECONNREFUSED`. */
export function errorCode(error: unknown): string | null {
  if (typeof error !== 'object' || error === null || !('code' in error)) return null
  return typeof error.code === 'string' ? error.code : null
}

/** Parse errors carry the bytes of the answer (`rawPacket`: cookies, tokens), TLS errors the certificate: neither may reach the log. */
function printableCause(error: unknown, code: string | null, upstream: Upstream): Error {
  const cause = new Error(`${upstream.origin}: ${explained(error, code, upstream)}`)
  return code === null ? cause : Object.assign(cause, { code })
}

/** What whoever runs the gateway can act on: OpenSSL's own words name a line of its source. */
function explained(error: unknown, code: string | null, upstream: Upstream): string {
  if (error instanceof UpstreamTimeout) return explainedTimeout(error, upstream)
  const message = error instanceof Error ? error.message : 'unknown'
  // Node lists the names that the certificate is for; how many those are, the upstream decides.
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `${otherName} (${message.slice(0, 200)})`
  return certificateWords.get(code ?? '') ?? explainedAlert(message) ?? message
}

function explainedTimeout({ limit, message }: UpstreamTimeout, upstream: Upstream): string {
  if (limit === 'connect') return `no connection within ${upstream.connectTimeoutSeconds} s (timeouts.connect)`
  if (limit === 'first-byte') return `no answer within ${upstream.firstByteTimeoutSeconds} s (timeouts.firstByte)`
  return message
}

function explainedAlert(message: string): string | null {
  const reason = /:SSL routines:[^:]*:([^:]+):/.exec(message)?.[1]
  if (reason === undefined) return null
  if (/wrong version number|http request/.test(reason)) return 'it does not speak TLS here: perhaps the scheme is http'
  if (/alert (?:certificate|bad certificate|unknown ca|no certificate)/.test(reason)) {
    return `it does not accept the client certificate, or wants one (${reason})`
  }
  return `no TLS connection (${reason})`
}

const otherName = 'its certificate is for other names than `serverName`, or else the host of `url`'
const incomplete =
  'its certificate leads to no authority that is trusted: name the authority in `ca`, or let it send the intermediates'

/** By OpenSSL's name for what is wrong. */
const certificateWords: ReadonlyMap<string, string> = new Map(
  Object.entries({
    CERT_HAS_EXPIRED: 'its certificate has expired',
    CERT_NOT_YET_VALID: 'its certificate is not valid yet',
    DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed and not trusted: name it in `ca`',
    SELF_SIGNED_CERT_IN_CHAIN:
      'its certificate comes from an authority that is not trusted: name the authority in `ca`',
    UNABLE_TO_GET_ISSUER_CERT: incomplete,
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY: incomplete,
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: incomplete,
  }),
)
