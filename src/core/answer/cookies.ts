/** The names of our cookies: the one place where they are spelled. None ever reaches an application. */

/**
 * The session. `__Host-` makes the browser refuse it from sibling hosts, from paths, and without Secure (RFC 6265bis
 * section 4.1.3.2).
 */
export const sessionCookieName = '__Host-sid'

/** Binds sign-ins to the browser that began them. One per browser, however many tabs sign in at once (T45). */
export const loginCookieName = '__Host-login'

/** Which of several ways to sign in this browser chose last. It decides nothing that the person could not choose. */
export const choiceCookieName = '__Host-provider'

/** Opens what this browser has typed into forms that are kept through a sign-in; there while something may be. */
export const formCookieName = '__Host-form'

/** On the console's origin alone: the form that was shown to this browser is the one that it sends. */
export const consoleCookieName = '__Host-console'

export const ownCookieNames: readonly string[] = [
  ...[sessionCookieName, loginCookieName, choiceCookieName, formCookieName, consoleCookieName],
]

/**
 * A Cookie header without our own cookies; what is left stays byte for byte and in order. Null when nothing is left
 * (T30).
 */
export function withoutOwnCookies(cookie: string): string | null {
  if (!cookie.includes('__Host-')) return cookie
  return keptPairs(cookie, (pair) => (isOwn(pair.trim()) ? null : pair))
}

/**
 * A Cookie header with what is made of each of its pairs, in order, and with the blanks between them.
 * @param keep a pair with the blanks around it, as it came → what goes on in its place, or null.
 * @returns null when nothing is left.
 */
export function keptPairs(cookie: string, keep: (pair: string) => string | null): string | null {
  let kept = ''
  for (let from = 0; from < cookie.length; ) {
    const semicolon = cookie.indexOf(';', from)
    const to = semicolon === -1 ? cookie.length : semicolon
    const pair = keep(cookie.slice(from, to))
    if (pair !== null) kept += kept === '' ? pair.trimStart() : `;${pair}`
    from = to + 1
  }
  return kept.trim() === '' ? null : kept.trimEnd()
}

function isOwn(pair: string): boolean {
  if (!pair.startsWith('__Host-')) return false
  const equals = pair.indexOf('=')
  return ownCookieNames.includes((equals === -1 ? pair : pair.slice(0, equals)).trim())
}

/** How many cookies of this name a Cookie header has. */
export function timesIn(cookie: string, name: string): number {
  return cookie.split(';').filter((pair) => pair.split('=', 1)[0]?.trim() === name && pair.includes('=')).length
}
