/**
 * An application's own session cookies, bound to who is signed in here: the next person in the same browser must not
 * continue the session that the last one has there (T128). On the way down the value gets a mark, on the way up it goes
 * on only with the mark that fits, without it. Nothing is stored, and the application notices nothing.
 * Here is what becomes of which cookie; who makes the marks is handed in.
 */
import type { CookieNames } from '../gateway.ts'
import { keptPairs } from './cookies.ts'

/** Marks of one person's sign-in, or of nobody's, at one tenant. Values are Latin-1 text, as headers are. */
export interface CookieBond {
  /** The value with its mark. */
  bind(name: string, value: string): string
  /** The value that was bound, to the byte; null where the mark is missing or somebody else's. */
  release(name: string, bound: string): string | null
}

/** Whether an application would look for its session in a cookie of this name, with or without blanks around it. */
export function isBound(list: CookieNames, name: string): boolean {
  const { known, names, except } = judgesOf(list)
  const before = known.get(name)
  if (before !== undefined) return before
  const bound = readingsOf(name).some((read) => names.some((fits) => fits(read)) && !except.some((fits) => fits(read)))
  // Browsers send the same few names; but a caller can send any, and a slice would keep its whole header in memory.
  if (known.size < mostNames && name.length <= longestName) known.set(Array.from(name).join(''), bound)
  return bound
}

/** Whether a Cookie header has any cookie that is judged. */
export function carriesBound(list: CookieNames, cookie: string | undefined): boolean {
  if (cookie === undefined || list.names.length === 0) return false
  for (let from = 0; from < cookie.length; ) {
    const semicolon = cookie.indexOf(';', from)
    const to = semicolon === -1 ? cookie.length : semicolon
    const pair = cookie.slice(from, to)
    if (isBound(list, beforeEquals(pair)) || hidesBound(list, pair)) return true
    from = to + 1
  }
  return false
}

/**
 * A Cookie header as the application may have it: bound cookies with their own value again, those whose mark does not
 * fit left out, all others and their order as they came. Two cookies of one name (of different paths) are judged one by
 * one.
 * @param bond null where it is not known who is there: then none goes on.
 * @returns null when nothing is left.
 */
export function releaseCookies(cookie: string, list: CookieNames, bond: CookieBond | null): string | null {
  if (!carriesBound(list, cookie)) return cookie
  return keptPairs(cookie, (pair) => releasePair(pair, list, bond))
}

function releasePair(pair: string, list: CookieNames, bond: CookieBond | null): string | null {
  const name = beforeEquals(pair)
  if (!isBound(list, name)) return hidesBound(list, pair) ? null : pair
  if (name.length === pair.length || bond === null) return null
  const value = trimmed(pair.slice(name.length + 1))
  const released = bond.release(trimmed(name), value)
  const at = pair.indexOf(value, name.length + 1)
  return released === null ? null : pair.slice(0, at) + released + pair.slice(at + value.length)
}

/**
 * A Set-Cookie line of the application as the browser is to have it: a cookie on the list gets its mark, attributes and
 * all other lines stay to the byte. What deletes a cookie deletes it still.
 * @param bond null where it is not known who is there: then the browser keeps what it has.
 * @returns null where the line is taken off.
 */
export function bindSetCookie(line: string, list: CookieNames, bond: CookieBond | null): string | null {
  const equals = line.indexOf('=', skip(line, isBlankOrEquals))
  const end = line.indexOf(';')
  if (equals === -1 || (end !== -1 && end < equals)) return line
  const name = trimmed(line.slice(skip(line, isBlankOrEquals), equals))
  if (!isBound(list, name)) return line
  if (bond === null) return null
  const after = line.slice(equals + 1, end === -1 ? undefined : end)
  const [value, from] = [trimmed(after), equals + 1 + skip(after, isBlank)]
  return line.slice(0, from) + bond.bind(name, value) + line.slice(from + value.length)
}

/**
 * A name as the most lenient server reads it, so that no other spelling gets past: ASP.NET and ColdFusion do not look
 * at the case, PHP takes `.`, blank and `[` for `_` (CVE-2022-31629), PHP and Rack decoded `%XX` (CVE-2020-7070,
 * CVE-2020-8184), and PHP ended the name at `%00`. The prefixes by which a browser keeps a cookie safer (RFC 6265bis
 * section 4.1.3) change nothing of what it is. Folding can hold a cookie back, and never lets one on: marks are made over
 * the name as it is.
 */
export function foldCookieName(name: string): string {
  if (/^[a-z0-9_-]*$/.test(name) && !name.startsWith('__')) return name
  const decoded = name.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  const [whole = ''] = decoded.split('\0', 1)
  const bracket = whole.indexOf('[')
  const array = bracket !== -1 && whole.lastIndexOf(']') > bracket ? whole.slice(0, bracket) : whole
  return trimmed(array)
    .toLowerCase()
    .replace(/^__(?:host|secure)-/, '')
    .replace(/[.[+ ]/g, '_')
}

/** Old Tomcats and Jettys find a name behind, and between, what can be no part of one: `=a`, `(a`, `"a"`. */
function readingsOf(name: string): readonly string[] {
  const from = skip(name, isSeparator)
  let to = name.length
  while (to > from && isSeparator(name.charCodeAt(to - 1))) to -= 1
  const bare = name.slice(from, to)
  return bare === name ? [foldCookieName(name)] : [foldCookieName(name), foldCookieName(bare)]
}

/**
 * Old servers also end a cookie at a comma (RFC 2109 section 4.4), Python's `http.cookies` at a blank, and find in one
 * cookie what we read as another's name and value.
 */
function hidesBound(list: CookieNames, pair: string): boolean {
  const words = pair.split(/[,\s]/).filter((word) => word !== '')
  return words.some((word, at) => {
    if (at === 0) return false
    const name = beforeEquals(word)
    return (name.length < word.length || words[at + 1]?.startsWith('=') === true) && isBound(list, name)
  })
}

/** The name, with what stands around it; equals signs before it do not count. */
function beforeEquals(pair: string): string {
  const equals = pair.indexOf('=', skip(pair, isBlankOrEquals))
  return equals === -1 ? pair : pair.slice(0, equals)
}

/** Without what any server takes for a blank. No pattern, since one would look at each blank of many anew (T89). */
function trimmed(text: string): string {
  const from = skip(text, isBlank)
  let to = text.length
  while (to > from && isBlank(text.charCodeAt(to - 1))) to -= 1
  return text.slice(from, to)
}

/** How many characters of this kind a text begins with. */
function skip(text: string, isOfKind: (code: number) => boolean): number {
  let at = 0
  while (at < text.length && isOfKind(text.charCodeAt(at))) at += 1
  return at
}

/** .NET counts two characters of Latin-1 among them. */
function isBlank(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d) || code === 0x85 || code === 0xa0
}

function isBlankOrEquals(code: number): boolean {
  return code === 0x3d || isBlank(code)
}

/** RFC 2616 section 2.2. */
function isSeparator(code: number): boolean {
  return isBlank(code) || separators.has(code)
}

const separators: ReadonlySet<number> = new Set(Array.from('()<>@,;:\\"/[]?={}', (sign) => sign.charCodeAt(0)))

type Fits = (folded: string) => boolean

interface Judges {
  readonly names: readonly Fits[]
  readonly except: readonly Fits[]
  /** By name as it was sent. */
  readonly known: Map<string, boolean>
}

const judges = new WeakMap<CookieNames, Judges>()
const mostNames = 1_000
const longestName = 100

function judgesOf(list: CookieNames): Judges {
  const known = judges.get(list)
  if (known !== undefined) return known
  const made = { names: list.names.map(fitsTo), except: list.except.map(fitsTo), known: new Map<string, boolean>() }
  judges.set(list, made)
  return made
}

/** A star stands for any characters, none too. */
function fitsTo(pattern: string): Fits {
  const [start = '', end] = pattern.split('*', 2).map(foldCookieName)
  if (end === undefined) return (folded) => folded === start
  return (folded) => folded.length >= start.length + end.length && folded.startsWith(start) && folded.endsWith(end)
}
