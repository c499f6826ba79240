/** What an application may have a browser forget of the origin that it shares with us: anything but cookies. */

/**
 * Types that leave cookies alone (https://w3c.github.io/webappsec-clear-site-data/#grammardef-clear-site-data). A type
 * that is not among these may mean them some day.
 */
const harmless: ReadonlySet<string> = new Set([
  '"cache"',
  '"clientHints"',
  '"executionContexts"',
  '"prefetchCache"',
  '"prerenderCache"',
  '"storage"',
])

/** @returns the value without `"cookies"`, `"*"` and what nobody knows, which would end our session (T96, T118); null when nothing is left. */
export function withoutCookies(clearSiteData: string): string | null {
  const kept = clearSiteData
    .split(',')
    .map((type) => type.trim())
    .filter((type) => harmless.has(type))
  return kept.length === 0 ? null : kept.join(', ')
}
