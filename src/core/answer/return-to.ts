/** Where a person goes after signing in: the exact address they came for, and never another site (T34 to T39). */
import { endpointPrefix } from '../request/addresses.ts'

/** Longer ones are not kept; Node itself accepts no longer request line with its headers. */
const longestReturnTo = 8_192

/**
 * @param wanted path and query, or an absolute URL of this origin; untrusted.
 * @param origin the tenant's own, such as `https://payroll.contoso.com`.
 * @returns path and query, byte for byte as given; null for anything that a browser could take for another origin, and for our
 *   own endpoints (signing in must not end in signing out).
 */
export function safeReturnTo(wanted: string, origin: string): string | null {
  if (wanted.length > longestReturnTo || /[\x00-\x20\x7f]/.test(wanted)) return null
  const path = wanted.startsWith(`${origin}/`) ? wanted.slice(origin.length) : wanted
  if (!path.startsWith('/') || path.startsWith('//') || path.startsWith('/\\')) return null
  if (!URL.canParse(path, origin)) return null
  const url = new URL(path, origin)
  if (url.origin !== origin) return null
  const folded = url.pathname.toLowerCase()
  if (folded === endpointPrefix || folded.startsWith(`${endpointPrefix}/`)) return null
  return path
}

/**
 * The address as a header carries it, which has no other letters: escaped as a browser would (URL Standard, UTF-8
 * percent-encoding). What was read from a query holds no lone surrogates.
 */
export function inAscii(address: string): string {
  return address.replace(/[^\x00-\x7f]+/g, encodeURIComponent)
}
