/** The names of our two cookies: the one place where they are spelled. Neither ever reaches an application. */

/** The session. `__Host-` makes the browser refuse it from sibling hosts, from paths, and without Secure (RFC 6265bis section 4.1.3.2). */
export const sessionCookieName = '__Host-sid'

/** Binds sign-ins to the browser that began them. One per browser, however many tabs sign in at once (T45). */
export const loginCookieName = '__Host-login'

export const ownCookieNames: readonly string[] = [sessionCookieName, loginCookieName]

/** A Cookie header without our own cookies; what is left stays byte for byte and in order. Null when nothing is left (T30). */
export function withoutOwnCookies(cookie: string): string | null {
  if (!cookie.includes('__Host-')) return cookie
  const kept = cookie.split(';').filter((pair) => !ownCookieNames.includes((pair.split('=', 1)[0] ?? '').trim()))
  const text = kept.join(';').trim()
  return text === '' ? null : text
}
