/** What belongs to one connection and not to a request: it never crosses the gateway, in either direction. */

/** RFC 9110 section 7.6.1; `trailer` is among them because trailers are not passed on. */
export const hopByHopNames: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/**
 * True if the credentials authenticate the connection rather than the request (RFC 4559 section 6; NTLM). On a connection of
 * ours, which many people share, they would speak for all of them (T119).
 */
export function bindsConnection(authorization: string | readonly string[] | undefined): boolean {
  if (authorization === undefined) return false
  const values = typeof authorization === 'string' ? [authorization] : authorization
  return values.some((value) => /^\s*(?:ntlm|negotiate|nego2|kerberos)(?![\w-])/i.test(value))
}

/** The lower-case names that a `Connection` header lists. */
export function connectionTokens(value: string): readonly string[] {
  // What nearly every message has; both are options and not names.
  if (value === 'keep-alive' || value === 'close') return []
  return value.split(',').flatMap((token) => token.trim().toLowerCase() || [])
}
