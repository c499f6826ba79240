/** The last step of the request headers: the plan's, with the framing that Node's parser found on the wire. */
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import { hopByHopNames } from '../core/answer/connection.ts'

/** How the body of a request is delimited. `none` covers a stated length of zero. */
export type Framing = 'none' | 'sized' | 'chunked'

/**
 * Reads the framing from the headers as Node parsed them; the plan has no say, so it cannot disagree with the bytes.
 * @throws Error for a transfer coding other than plain `chunked`, which we could not pass on faithfully (RFC 9112 section 6.1).
 */
export function bodyFraming(received: IncomingHttpHeaders): Framing {
  const coding = received['transfer-encoding']
  if (coding === undefined) return Number(received['content-length'] ?? 0) === 0 ? 'none' : 'sized'
  if (coding.trim().toLowerCase() !== 'chunked') throw new Error('transfer coding is not supported')
  return 'chunked'
}

/**
 * The headers that go out: the plan's without anything that belongs to a connection, then the framing, stated always.
 * Unstated, Node sends the body of a GET without any delimiter, and the upstream reads it as a second request (T93);
 * and it turns a POST without a body into a chunked one, which old servers refuse.
 * @param received the headers as Node parsed them; with a body of ours, those that it has (`framedAs`).
 * @param planned names in lower case; changed in place, and returned.
 */
export function outgoingHeaders(
  method: string,
  received: IncomingHttpHeaders,
  planned: Record<string, string | readonly string[]>,
): OutgoingHttpHeaders {
  const headers = withoutConnectionHeaders(planned)
  // Content-Length stays last: after it, Node re-encodes Content-Disposition and breaks its bytes.
  switch (bodyFraming(received)) {
    case 'chunked':
      headers['transfer-encoding'] = 'chunked'
      return headers
    case 'sized':
      headers['content-length'] = received['content-length']
      return headers
    case 'none':
      if (received['content-length'] !== undefined || !bodilessMethods.has(method)) headers['content-length'] = '0'
      return headers
  }
}

/** How a request is framed that gets a body of ours: by its length, whatever came over the wire. */
export function framedAs(body: Buffer): IncomingHttpHeaders {
  return { 'content-length': String(body.length) }
}

/** The headers of a WebSocket handshake that go out (RFC 6455 section 4.1): the plan's, and the two that ask for the upgrade. */
export function upgradeHeaders(planned: Record<string, string | readonly string[]>): OutgoingHttpHeaders {
  const headers = withoutConnectionHeaders(planned)
  headers.connection = 'Upgrade'
  headers.upgrade = 'websocket'
  return headers
}

/** Core has taken these off already; the last door takes them off again, because one that slips through smuggles. */
function withoutConnectionHeaders(planned: Record<string, string | readonly string[]>): OutgoingHttpHeaders {
  // In place: a copy of every header of every request costs more than all of the rest here.
  for (const name of refusedNames) if (name in planned) delete planned[name]
  return planned as OutgoingHttpHeaders
}

/** `expect` would make http-proxy-middleware skip its hooks; Node has answered `100-continue` to the caller itself. */
const refusedNames: readonly string[] = [...hopByHopNames, 'content-length', 'expect']

/** Methods for which "no body" needs no words (RFC 9110 section 8.6). */
const bodilessMethods: ReadonlySet<string> = new Set(['GET', 'HEAD'])
