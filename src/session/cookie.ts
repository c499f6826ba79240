/**
 * Our cookies: the session's `__Host-sid`, and the browser's `__Host-login`, `__Host-provider` and `__Host-form`, how
 * they are spelled, found and trusted.
 */
import { createHmac, randomBytes } from 'node:crypto'
import {
  choiceCookieName,
  consoleCookieName,
  formCookieName,
  loginCookieName,
  ownCookieNames,
  sessionCookieName,
  timesIn,
} from '../core/answer/cookies.ts'
import { isSameSecret } from '../ops/same-secret.ts'

/** With its name and the sign between. An honest one has 81 bytes and a few escapes. */
const maxCookieBytes = 100
const maxValueLength = maxCookieBytes - sessionCookieName.length - 1
const idLength = 22
/** Of an id, and of a binding: 16 bytes in base64url. */
const idForm = /^[\w-]{22}$/
const bindingSeconds = 3600
const choiceSeconds = 180 * 86_400

/**
 * What both sides say of the session cookie: express-session when it sets it, `expiredCookies` when it goes (T70).
 * @param embeddable whether pages of other sites may frame the tenant. Then the browser keeps one for each of these
 *   sites (https://www.ietf.org/archive/id/draft-cutler-httpbis-partitioned-cookies-01.html), so none learns of the
 *   others'.
 */
export function sessionCookieAttributes(embeddable: boolean) {
  const always = { path: '/', httpOnly: true, secure: true } as const
  return embeddable
    ? ({ ...always, sameSite: 'none', partitioned: true } as const)
    : ({ ...always, sameSite: 'lax' } as const)
}

function sameSite(embeddable: boolean): string {
  return embeddable ? 'SameSite=None; Partitioned' : 'SameSite=Lax'
}

/**
 * A new session id: 16 random bytes. Ids whose signature would need so many escapes that the cookie passes 100 bytes
 * are thrown away (about one in a million).
 */
export function newSessionId(cookieKeys: readonly string[]): string {
  for (;;) {
    const id = randomBytes(16).toString('base64url')
    if (signedValue(id, cookieKeys[0] ?? '').length <= maxValueLength) return id
  }
}

/** The cookie's value for an id, character for character as express-session writes it. */
export function signedValue(id: string, cookieKey: string): string {
  const signature = createHmac('sha256', cookieKey).update(id).digest('base64').replace(/=+$/, '')
  return encodeURIComponent(`s:${id}.${signature}`)
}

/**
 * The raw value of our session cookie in a Cookie header. null where there is none, more than one (a planted one
 * cannot be told from the right one, so none is tried: T78), or one that cannot be ours by its size.
 */
export function findSessionCookie(header: string | undefined): string | null {
  const value = findCookie(header, sessionCookieName)
  return value === null || value.length > maxValueLength ? null : value
}

/**
 * The session id in a cookie value, or null if no key of the ring signed it. The whole value is compared with what we
 * would have written, in constant time (T57): there is one spelling, so nothing is decoded.
 */
export function verifySessionCookie(value: string, cookieKeys: readonly string[]): string | null {
  const id = value.slice(4, 4 + idLength)
  if (!idForm.test(id)) return null
  for (const key of cookieKeys) {
    // A copy: a slice would keep the whole Cookie header in memory for as long as the session is known.
    if (isSameSecret(value, signedValue(id, key))) return Buffer.from(id).toString('latin1')
  }
  return null
}

/**
 * The Set-Cookie values of a sign-out, with the attributes that the cookies were set with. The binding goes too: what
 * this browser began before it finishes nothing after it, whatever the provider still answers (T74). And so does what
 * opens the forms that were typed here: the next person at this browser finds none.
 */
export function expiredCookies(embeddable: boolean): readonly string[] {
  return [sessionCookieName, loginCookieName, formCookieName].map((name) => expired(name, embeddable))
}

function expired(name: string, embeddable: boolean): string {
  return `${name}=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; ${sameSite(embeddable)}`
}

/**
 * Takes away what a browser has twice, as after a change between partitioned and not: neither would be believed (T78),
 * and setting one anew would leave the other. @returns Set-Cookie values that must come before any other; mostly none.
 */
export function withoutDoublets(header: string | undefined): readonly string[] {
  if (header === undefined) return []
  const doubled = ownCookieNames.filter((name) => timesIn(header, name) > 1)
  return doubled.flatMap((name) => [expired(name, false), expired(name, true)])
}

/** A new value that binds logins to one browser (T41). All tabs share it, so nothing piles up (T45). */
export function newBinding(): string {
  return randomBytes(16).toString('base64url')
}

/**
 * The binding in a Cookie header, or null, whether we vouch for it (vouched-binding.ts) or not: whoever can write it can
 * only bind a browser to itself.
 */
export function readBinding(header: string | undefined): string | null {
  return findBinding(header)?.slice(0, idLength) ?? null
}

/** The whole value of the one binding cookie: the binding, and behind a dot what vouches for it. */
export function findBinding(header: string | undefined): string | null {
  const value = findCookie(header, loginCookieName)
  return value !== null && /^[\w-]{22}(?:\.[0-9a-z]{1,8}\.[\w-]{22})?$/.test(value) ? value : null
}

/** The Set-Cookie value of a binding, with what vouches for it; each login start renews its hour. */
export function bindingCookie(binding: string, embeddable = false): string {
  return `${loginCookieName}=${binding}; Max-Age=${bindingSeconds}; Path=/; HttpOnly; Secure; ${sameSite(embeddable)}`
}

/** The binding of the console's form, and the Set-Cookie value of one: of this browser, for as long as a sign-in takes. */
export function readConsoleBinding(header: string | undefined): string | null {
  const value = findCookie(header, consoleCookieName)
  return value !== null && /^[\w-]{22}$/.test(value) ? value : null
}

export function consoleCookie(binding: string): string {
  return `${consoleCookieName}=${binding}; Max-Age=600; Path=/; HttpOnly; Secure; SameSite=Strict`
}

/**
 * What opens the forms that this browser has typed, or null; a new one is made as a binding is. Not signed: whoever can
 * write it finds what they have kept themselves.
 */
export function readFormSecret(header: string | undefined): string | null {
  const value = findCookie(header, formCookieName)
  return value !== null && /^[\w-]{22}$/.test(value) ? value : null
}

/** The Set-Cookie value of it, for as long as a form is kept; each further form renews it. */
export function formCookie(secret: string, seconds: number, embeddable = false): string {
  return `${formCookieName}=${secret}; Max-Age=${seconds}; Path=/; HttpOnly; Secure; ${sameSite(embeddable)}`
}

/** The provider that this browser chose last, as the tenant calls it, or null. Not signed: everybody may choose any. */
export function readChoice(header: string | undefined): string | null {
  const value = findCookie(header, choiceCookieName)
  return value !== null && /^[a-z0-9-]{1,63}$/.test(value) ? value : null
}

/** The Set-Cookie value that remembers a choice; each use renews its half year. */
export function choiceCookie(name: string): string {
  return `${choiceCookieName}=${name}; Max-Age=${choiceSeconds}; Path=/; HttpOnly; Secure; SameSite=Lax`
}

/** The value of the one cookie of this name. Jumps from name to name: no split, no decoding, alien cookies cost nothing. */
function findCookie(header: string | undefined, name: string): string | null {
  if (header === undefined) return null
  let found: string | null = null
  for (let at = header.indexOf(name); at !== -1; at = header.indexOf(name, at + name.length)) {
    if (!startsPair(header, at)) continue
    const equals = skipBlanks(header, at + name.length)
    if (header[equals] !== '=') continue
    if (found !== null) return null
    const end = header.indexOf(';', equals)
    found = header.slice(equals + 1, end === -1 ? undefined : end).trim()
  }
  return found === '' ? null : found
}

function startsPair(header: string, at: number): boolean {
  let before = at - 1
  while (before >= 0 && isBlank(header[before])) before--
  return before < 0 || header[before] === ';'
}

function skipBlanks(header: string, at: number): number {
  let next = at
  while (isBlank(header[next])) next++
  return next
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t'
}
