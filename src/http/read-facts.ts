/** Reads what a request says of itself, once, from Node's own request. */
import type { IncomingMessage } from 'node:http'
import { type RequestFacts, type RequestHeaders, requestKind } from '../core/request/facts.ts'
import { normaliseServerName } from '../core/request/server-name.ts'
import type { CallerReader } from './caller.ts'

/** @param upgrade whether the request came as an upgrade; only the server's event says so for certain. */
export function readFacts(request: IncomingMessage, readCaller: CallerReader, upgrade: boolean): RequestFacts {
  const headers: RequestHeaders = request.headers
  const caller = readCaller(request.socket.remoteAddress, joined(headers['x-forwarded-for']))
  const repeated = repeatedNames(request)
  return {
    method: request.method ?? '',
    version: request.httpVersion,
    target: request.url ?? '',
    host: repeated.includes('host') ? null : (request.headers.host ?? null),
    serverName: serverNameOf(request.socket),
    headers,
    fieldCount: request.rawHeaders.length / 2,
    repeated,
    kind: upgrade ? 'upgrade' : requestKind(headers),
    callerAddress: caller.address,
    forwardedFor: caller.forwardedFor,
  }
}

/** What Node notes on a TLS socket: the name, or false where the caller gave none (RFC 6066 section 3). */
function serverNameOf(socket: IncomingMessage['socket']): string | null {
  const name: unknown = 'servername' in socket ? socket.servername : undefined
  return typeof name === 'string' && name !== '' ? normaliseServerName(name) : null
}

/** Fields that may occur once; Node keeps the first and drops the others, while an upstream might have taken the last (T31, T33). */
const once: ReadonlySet<string> = new Set([
  'authorization',
  'content-length',
  'content-type',
  // Judged as the second place of COPY and MOVE (RFC 4918 section 10.3): joined with another it would be read in two ways.
  'destination',
  'expect',
  'host',
  'if-modified-since',
  'if-unmodified-since',
  'origin',
  'proxy-authorization',
  'range',
  'referer',
  'transfer-encoding',
  'upgrade',
])

const nothing: readonly string[] = []

function repeatedNames(request: IncomingMessage): readonly string[] {
  let distinct = 0
  for (const _ in request.headers) distinct += 1
  // Nearly always nothing is repeated, and counting is all there is to do.
  if (distinct * 2 === request.rawHeaders.length) return nothing
  const seen = new Set<string>()
  const repeated: string[] = []
  for (let at = 0; at < request.rawHeaders.length; at += 2) {
    const name = request.rawHeaders[at]?.toLowerCase() ?? ''
    if (seen.has(name) && once.has(name)) repeated.push(name)
    seen.add(name)
  }
  return repeated
}

function joined(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'object' ? value.join(',') : value
}

/** The Cookie header; Node joins repeated ones with `; `, as RFC 6265 section 5.4 has them (T31). */
export function cookieOf({ headers }: RequestFacts): string | undefined {
  return typeof headers.cookie === 'string' ? headers.cookie : undefined
}
