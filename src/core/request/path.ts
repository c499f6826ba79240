/**
 * All the ways in which what is behind us may plausibly read a path.
 *
 * Servers differ in what they fold: letter case, `;name=value`, `//`, `%2F`, dots and blanks at the end of a name, cookieless
 * session segments, look-alike characters. We forward the bytes as they came, so every reading must be permitted
 * (request/route.ts takes the strictest). What has no harmless reading at all is refused. (T1 to T8, T13, T14)
 */

/** A path as something behind us may read it: decoded, one `/` between segments. Only readPath makes them. */
export type PathReading = string & { readonly [reading]: true }
declare const reading: unique symbol

export type PathReadings =
  /** The first one is the literal reading. */
  { readonly readings: readonly [PathReading, ...PathReading[]] } | { readonly refused: string }

export const longestPath = 8_192
/** No honest path can be read in more ways than this. */
const mostReadings = 64

/** Names of letters, digits, `_`, `-`, `@` with dots inside: what nearly every request has. Such a path reads in one way. */
const plainPath = /^(?:\/[A-Za-z0-9_@-](?:[A-Za-z0-9_@.-]*[A-Za-z0-9_@-])?)*\/?$/

/**
 * @param raw the path of the request target, byte for byte, without query.
 * @returns every plausible reading, or the name of the rule that refused the path.
 */
export function readPath(raw: string): PathReadings {
  if (plainPath.test(raw) && raw !== '') return { readings: [raw as PathReading] }
  const rule = refusedSpelling(raw)
  if (rule !== null) return { refused: rule }
  const literal = decode(raw)
  if (literal === null) return { refused: 'encoding' }
  const found = new Set([literal])
  for (const path of found) {
    const refused = refusedReading(path)
    if (refused !== null) return { refused }
    for (const fold of foldings) {
      const folded = fold(path)
      if (folded === null) return { refused: 'double-encoding' }
      found.add(folded)
    }
    if (found.size > mostReadings) return { refused: 'too-many-readings' }
  }
  return { readings: [...found] as unknown as readonly [PathReading, ...PathReading[]] }
}

/** What browsers never send, and no server needs, in the bytes as they came. */
function refusedSpelling(raw: string): string | null {
  if (!raw.startsWith('/')) return 'no-leading-slash'
  if (/[^\x21-\x7e]|["#<>`{}]/.test(raw)) return 'character'
  if (raw.includes('\\')) return 'backslash'
  if (/%(?![0-9A-Fa-f]{2})/.test(raw)) return 'escape'
  if (/%25(?:2e|2f|5c|00)/i.test(raw)) return 'double-encoding'
  return null
}

/** Stands for an escaped slash, until a folding reads it as a separator. A private-use character, refused in the input. */
const escapedSlash = '\ue000'

function refusedReading(path: string): string | null {
  if (path.startsWith('//')) return 'leading-slashes'
  if (path.includes('\\') || /[\u2216\uff3c\ufe68]/.test(path)) return 'backslash'
  if (/[\x00-\x1f\x7f]/.test(path)) return 'control-character'
  if (/(?:^|[/\ue000])\.{1,2}(?:[/\ue000]|$)/.test(path)) return 'dot-segment'
  // Somebody cuts the blank off first and the dot after it, and `.. .` becomes `..`; no honest name is like that.
  if (/(?:^|[/\ue000])(?=[.\s]*\.)(?=[.\s]*\s)[.\s]+(?:[/\ue000]|$)/.test(path)) return 'dot-segment'
  // Direction marks and the byte order mark make a path look like another one.
  if (/[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\u061c\ufff9-\uffff]/.test(path)) return 'invisible-character'
  // NTFS opens `name::$DATA` and `name:$I30:$INDEX_ALLOCATION` as `name` (CVE-2010-2731).
  if (/:[^/:]*:\$/.test(path)) return 'alternate-stream'
  if (/[^/]~\d+(?:\.[^/.]{0,3})?(?:[/\ue000]|$)/.test(path)) return 'short-name'
  return null
}

/** What some server does to a path. Each gives the path as that server reads it; null refuses. */
const foldings: readonly ((path: string) => string | null)[] = [
  // Servlet containers drop `;name=value` from each segment, then resolve dots (T4).
  (path) => path.replace(/;[^/]*/g, ''),
  // PHP, nginx and others see one slash (T3). A slash at the very beginning is refused instead.
  (path) => (path.startsWith('//') ? path : path.replace(/\/{2,}/g, '/')),
  // An escaped slash may be decoded before the path is split (T2).
  (path) => path.replaceAll(escapedSlash, '/'),
  // Windows drops dots and blanks at the end of a name (T13); blanks alone first, so that `.. ` shows its dots.
  // From where they begin only: whoever looks from each of thousands looks for a tenth of a second (T89).
  (path) => path.replace(/(?<!\s)\s+(?=\/|$)/g, '') || '/',
  (path) => path.replace(/(?<![.\s])[.\s]+(?=\/|$)/g, '') || '/',
  // ASP.NET keeps the session of cookieless browsers in a segment such as (S(x)).
  (path) => path.replace(/\/\((?:[A-Za-z]\([^()/]*\))+\)(?=\/|$)/g, '') || '/',
  // A decoded question mark or hash may end the path (T6).
  (path) => path.replace(/[?#].*$/s, '') || '/',
  // Compatibility forms and best-fit conversion turn look-alikes into ASCII.
  (path) => path.normalize('NFKC').replace(/[\u2044\u2215\u29f8]/g, '/'),
  // Nobody sees these, and some file systems leave them out (CVE-2014-9390).
  (path) => path.replace(/\p{Default_Ignorable_Code_Point}/gu, ''),
  withoutMarks,
  decodeAgain,
]

/**
 * Letters as a server has them that compares by capitals, where `\u0131` is an `I`, or that fits them into a smaller
 * alphabet, where `\u0101` is an `a`.
 */
function withoutMarks(path: string): string {
  const plain = path.normalize('NFKD').replace(/\p{Mn}/gu, '')
  return plain.replace(
    /[\u0131\u0141\u0142\u0110\u0111\u0126\u0127\u0166\u0167]/g,
    (letter) => bestFit[letter] ?? letter,
  )
}

const bestFit: Readonly<Record<string, string>> = {
  ...{ \u0131: 'i', \u0141: 'L', \u0142: 'l', \u0110: 'D', \u0111: 'd' },
  ...{ \u0126: 'H', \u0127: 'h', \u0166: 'T', \u0167: 't' },
}

/** Escapes decoded once; an escaped slash stays apart from a separator. Null for overlong or otherwise forged UTF-8. */
function decode(raw: string): string | null {
  const bytes = raw
    .replace(/%2f/gi, escapedSlash)
    .replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  const text = textOf(bytes)
  // The marker itself, sent as a character of its own, would be taken for an escaped slash.
  return text === null || /%ee%80%80/i.test(raw) ? null : text
}

/** Overlong forms and surrogates: never a name in Latin-1, always an attempt to hide a character (T8). */
const forgedUtf8 =
  /[\xc0\xc1][\x80-\xbf]|\xe0[\x80-\x9f][\x80-\xbf]|\xed[\xa0-\xbf][\x80-\xbf]|\xf0[\x80-\x8f][\x80-\xbf]{2}|\xf4[\x90-\xbf][\x80-\xbf]{2}|[\xf5-\xff][\x80-\xbf]{3}/

/** Bytes (one per character; the marker aside) as text: UTF-8, or else as they are, which is how Latin-1 names read. */
function textOf(bytes: string): string | null {
  if (!/[\x80-\xff]/.test(bytes)) return bytes
  if (forgedUtf8.test(bytes)) return null
  const escaped = bytes.replace(/[%\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, '0')}`)
  try {
    const text = decodeURIComponent(escaped)
    return /[\x80-\x9f]/.test(text) ? null : text
  } catch {
    // Not UTF-8: matched byte for byte.
    return bytes
  }
}

/** Something that decodes twice: another reading, unless it brings forth a separator, a dot or a control character (T14). */
function decodeAgain(path: string): string | null {
  if (!/%[0-9A-Fa-f]{2}/.test(path)) return path
  let hidden = false
  const again = path.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => {
    const code = Number.parseInt(hex, 16)
    if (code < 0x20 || code === 0x7f || code === 0x2e || code === 0x2f || code === 0x5c) hidden = true
    return String.fromCharCode(code)
  })
  return hidden ? null : again
}
