/** A JWT that somebody sent, taken apart and not yet believed. */

export interface ReadToken {
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
}

/** Null where the text is no JWT of three parts with JSON objects in the first two (RFC 7519 section 7.2). */
export function readToken(text: string): ReadToken | null {
  const [header, claims, signature, more] = text.split('.')
  if (signature === undefined || more !== undefined) return null
  const [read, said] = [objectIn(header), objectIn(claims)]
  return read === null || said === null ? null : { header: read, claims: said }
}

function objectIn(part: string | undefined): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(part ?? '', 'base64url').toString())
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : null
  } catch {
    return null
  }
}

/** For clocks that are not quite right, in seconds. */
const leeway = 300

/** Whether the token may be used now. One that does not say until when never may. */
export function isInTime({ claims }: ReadToken, now: number): boolean {
  const { nbf, exp } = claims
  if (typeof exp !== 'number' || exp + leeway <= now) return false
  return nbf === undefined || (typeof nbf === 'number' && nbf - leeway <= now)
}
