/** What is taken off the upstream's answer before the caller sees it, and which answers nobody may see. Pure. */

import type { IncomingMessage } from 'node:http'
import { withoutCookies } from '../core/answer/clear-site-data.ts'
import { connectionTokens, hopByHopNames } from '../core/answer/connection.ts'
import { strictTransportName } from '../core/answer/strict-transport.ts'
import { reachesOurs } from '../core/answer/worker-scope.ts'
import { keepRequestChallenges } from './challenges.ts'

export interface AnswerRules {
  /** Set-Cookie of these names is dropped; the case counts. */
  readonly ownCookieNames: readonly string[]
  /** What becomes of each other Set-Cookie line; null: it is dropped. */
  readonly bindCookie: (line: string) => string | null
  /** Path and query as the browser asked for them. */
  readonly requested: string
  /** Adds `Cache-Control: private` where the upstream says nothing about caching (T121). */
  readonly signedIn: boolean
  /** Strict-Transport-Security where the upstream says nothing about it; null: it is not sent. */
  readonly strictTransport: string | null
  /** A Content-Security-Policy that is added to those of the upstream: browsers keep to all of them. */
  readonly policy: string | null
}

/**
 * The headers of an upstream's answer as they go to the caller: order, spelling and duplicates as they came, minus
 * - what belongs to the upstream's connection, and what its `Connection` names (RFC 9110 section 7.6.1),
 * - offers of NTLM and Negotiate (T119), our own cookies (T96), what of `Clear-Site-Data` would end our session, and a
 *   `Service-Worker-Allowed` that reaches our addresses (T118),
 * - values that HTTP cannot carry,
 * - a length that does not delimit this answer: beside Transfer-Encoding (RFC 9112 section 6.3) or on 204.
 * @param raw names and values in turn, as Node's `rawHeaders`.
 * @returns the same shape. Content-Length is last: after it, Node re-encodes Content-Disposition and breaks its bytes.
 */
export function answerHeaders(raw: readonly string[], status: number, rules: AnswerRules): string[] {
  const named = namedByConnection(raw)
  const headers: string[] = []
  let length: string | null = null
  let transferCoded = status === 204 || status < 200
  let cacheRule = !rules.signedIn
  let transportRule = rules.strictTransport === null
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] ?? ''
    const value = raw[at + 1] ?? ''
    const lower = name.toLowerCase()
    if (lower === 'transfer-encoding') transferCoded = true
    if (hopByHopNames.has(lower) || named?.has(lower) || forbidden.test(value)) continue
    if (lower === 'content-length') {
      // Somebody might take 010 for eight.
      length = value.replace(/^0+(?=\d)/, '')
      continue
    }
    if (cacheRuleNames.has(lower)) cacheRule = true
    else if (!transportRule && lower === transportRuleName) transportRule = true
    const kept = keptValue(lower, value, rules)
    if (kept !== null) headers.push(name, kept)
  }
  if (!cacheRule) headers.push('Cache-Control', 'private')
  if (!transportRule && rules.strictTransport !== null) headers.push(strictTransportName, rules.strictTransport)
  if (rules.policy !== null) headers.push('Content-Security-Policy', rules.policy)
  if (length !== null && !transferCoded) headers.push('Content-Length', length)
  return headers
}

/**
 * Whether everybody finds the end of an answer in the same place. Not that of a 101 that nobody asked for: whoever stands in
 * front of us would take what follows for another protocol. Nor that of a transfer coding other than `chunked`, which Node
 * half takes off and half leaves in (RFC 9112 section 6.3, T93).
 */
export function isWellFramed({ statusCode = 0, headers }: Pick<IncomingMessage, 'statusCode' | 'headers'>): boolean {
  const coding = headers['transfer-encoding']
  return statusCode >= 200 && (coding === undefined || coding.toLowerCase() === 'chunked')
}

/** The reason phrase if HTTP can carry it, else none. */
export function answerReason(reason: string | undefined): string {
  return reason === undefined || forbidden.test(reason) ? '' : reason
}

function keptValue(lower: string, value: string, rules: AnswerRules): string | null {
  if (lower === 'set-cookie') return rules.ownCookieNames.includes(cookieName(value)) ? null : rules.bindCookie(value)
  if (lower === 'clear-site-data') return withoutCookies(value)
  if (lower === 'service-worker-allowed') return reachesOurs(value, rules.requested) ? null : value
  if (lower === 'www-authenticate') return keepRequestChallenges(value)
  return value
}

/**
 * The name under which a browser sends the cookie back. A cookie without a name (`=__Host-sid=x`) goes back as its bare
 * value, which then reads as name and value: so leading equals signs do not count.
 */
function cookieName(line: string): string {
  const pair = (line.split(';', 1)[0] ?? '').replace(/^[\s=]+/, '')
  return (pair.split('=', 1)[0] ?? '').trim()
}

const connectionName = 'connection'
const proxyConnectionName = 'proxy-connection'

/** Null in the ordinary case, so that it costs nothing. */
function namedByConnection(raw: readonly string[]): ReadonlySet<string> | null {
  let named: Set<string> | null = null
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = raw[at] ?? ''
    if (name.length !== connectionName.length && name.length !== proxyConnectionName.length) continue
    const lower = name.toLowerCase()
    if (lower !== connectionName && lower !== proxyConnectionName) continue
    for (const token of connectionTokens(raw[at + 1] ?? '')) {
      if (hopByHopNames.has(token) || token === 'close') continue
      named ??= new Set()
      named.add(token)
    }
  }
  return named
}

const transportRuleName = strictTransportName.toLowerCase()
const cacheRuleNames: ReadonlySet<string> = new Set(['cache-control', 'expires', 'pragma'])
/** Everything but tab and the visible part of latin1. */
const forbidden = /[^\t\x20-\x7e\x80-\xff]/
