/** Which addresses a page may link to. Whatever is not plainly allowed is refused, whoever made it (T36, T39). */

/** An address that was judged fit for `href` and `action`; only this file makes one. */
export type Link = string & { readonly [link]: true }
declare const link: unique symbol

/** Stands for our own origin, whatever it is: `.invalid` is nobody's (RFC 2606 section 2). */
const here = 'https://gateway.invalid'

/**
 * A path on our own origin, returned as it came.
 * Throws for anything else: other schemes, `//host`, `/\host`, control characters, which browsers drop while they parse.
 * The message names the field, never the value.
 */
export function pathLink(value: string, field: string): Link {
  if (!isPath(value)) throw new TypeError(`${field} is not a path on this site`)
  return value as Link
}

/** A path on our own origin, or an http or https URL without user information. Throws for anything else. */
export function siteLink(value: string, field: string): Link {
  if (!isPath(value) && !isWebUrl(value, ['http:', 'https:'])) throw new TypeError(`${field} is not a link to a site`)
  return value as Link
}

/**
 * How to reach the people who help: an https URL, or an e-mail address (with or without `mailto:`), for which `subject` and
 * `body` are filled in. Null if it is neither: then it is shown as text.
 */
export function supportLink(support: string, mail: { readonly subject: string; readonly body: string }): Link | null {
  if (isWebUrl(support, ['https:'])) return support as Link
  const address = support.replace(/^mailto:/i, '')
  if (!/^[\w.+-]{1,64}@[\w-]+(\.[\w-]+)+$/.test(address)) return null
  const query = `subject=${encodeURIComponent(mail.subject)}&body=${encodeURIComponent(mail.body)}`
  return `mailto:${address}?${query}` as Link
}

/** An origin that may stand in a policy. Throws for anything else: a `;` or a blank would begin a directive of its own. */
export function policyOrigin(value: string): string {
  const wellFormed = /^https?:\/\/([a-z0-9._-]+|\[[0-9a-f:.]+\])(:\d+)?$/.test(value)
  if (!wellFormed || !URL.canParse(value) || new URL(value).origin !== value) {
    throw new TypeError('an entry of the policy is not an origin')
  }
  return value
}

/** Two witnesses: how the value begins, and where a browser would go (WHATWG URL). */
function isPath(value: string): boolean {
  if (!/^\/(?![/\\])/.test(value) || hasControl(value) || !URL.canParse(value, here)) return false
  return new URL(value, here).origin === here
}

function isWebUrl(value: string, protocols: readonly string[]): boolean {
  if (!/^https?:\/\/[^/\\]/i.test(value) || hasControl(value) || !URL.canParse(value)) return false
  const url = new URL(value)
  return protocols.includes(url.protocol) && url.username === '' && url.password === ''
}

/** Browsers drop some of these while they parse. All other characters they encode, so they may stand in an address. */
function hasControl(value: string): boolean {
  return /[\x00-\x1f\x7f]/.test(value)
}
