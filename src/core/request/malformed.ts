/** Requests that nobody may send through us, whatever their path: doubled fields, tricks with Connection, odd framing. */
import { hopsAfter } from '../answer/hops.ts'
import { foldName, isIdentityName } from '../answer/identity-names.ts'
import type { Tenant } from '../gateway.ts'
import type { RequestFacts } from './facts.ts'

type Malformed = {
  readonly reason: 'request_malformed' | 'expectation_refused' | 'headers_too_large' | 'path_refused'
  readonly detail: string
}

/** Browsers send about twenty, and a chain of proxies adds a dozen. */
const mostFields = 100

/** @param tenant null on the console's host. @returns why the request is refused, or null when there is nothing against it. */
export function malformed(facts: RequestFacts, tenant: Tenant | null): Malformed | null {
  const { headers } = facts
  if (facts.fieldCount > mostFields) return { reason: 'headers_too_large', detail: 'too-many-fields' }
  if (facts.repeated.length > 0) return { reason: 'request_malformed', detail: 'repeated-header' }
  if (hopsAfter(headers) === null) return { reason: 'request_malformed', detail: 'led-back-to-us' }
  // Older ones know nothing of Host and of bodies; newer ones are not spoken in this way at all (RFC 9112 section 2.3).
  if (facts.version !== '1.1' && facts.version !== '1.0') return { reason: 'request_malformed', detail: 'version' }
  if (facts.target.includes('#')) return { reason: 'path_refused', detail: 'fragment' }
  const { connection, expect, 'transfer-encoding': coding, 'content-length': length } = headers
  // Whatever else it is wrapped in, somebody behind us may unwrap it differently (RFC 9112 section 6.1, T93).
  if (coding !== undefined && (String(coding).toLowerCase() !== 'chunked' || facts.version === '1.0')) {
    return { reason: 'request_malformed', detail: 'transfer-coding' }
  }
  // Some would read 010 as eight, and more digits than a number holds as another number.
  if (length !== undefined && !plainLength.test(String(length))) {
    return { reason: 'request_malformed', detail: 'length' }
  }
  if (connection !== undefined && !plainConnection.has(String(connection)) && namesMore(String(connection), tenant)) {
    return { reason: 'request_malformed', detail: 'connection-names-header' }
  }
  if (expect !== undefined && String(expect).toLowerCase() !== '100-continue') {
    return { reason: 'expectation_refused', detail: 'expect' }
  }
  return null
}

const plainLength = /^(?:0|[1-9]\d{0,14})$/

/** What browsers and proxies send; spares the split for nearly every request. */
const plainConnection: ReadonlySet<string> = new Set([
  'keep-alive',
  'close',
  'Keep-Alive',
  'Upgrade',
  'keep-alive, Upgrade',
])

/** Fields that end a request or carry its meaning: a Connection header that names one would have it removed on the way (T26). */
const endToEnd: ReadonlySet<string> = new Set([
  'authorization',
  'cache-control',
  'content-length',
  'content-type',
  'cookie',
  'host',
  'origin',
  'transfer-encoding',
])

function namesMore(connection: string, tenant: Tenant | null): boolean {
  return connection
    .split(',')
    .map((token) => foldName(token.trim()))
    .some((name) => endToEnd.has(name) || (tenant !== null && isIdentityName(tenant, name)))
}
