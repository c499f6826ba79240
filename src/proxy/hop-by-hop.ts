/** The headers that belong to one connection and never cross the gateway (RFC 9110 section 7.6.1), and those named in `Connection`. */

/** `trailer` is among them because trailers are not passed on. */
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

/** The lower-case names that a `Connection` header lists. */
export function connectionTokens(value: string): readonly string[] {
  // What nearly every answer has; both are options and not names.
  if (value === 'keep-alive' || value === 'close') return []
  return value.split(',').flatMap((token) => token.trim().toLowerCase() || [])
}
