/** How single values are written: durations, addresses, ids, names. Each reader gives the value, or the problem with it. */
import { isIP } from 'node:net'
import { foldCookieName } from '../core/answer/bound-cookies.ts'
import { ownCookieNames } from '../core/answer/cookies.ts'
import { scriptCookies } from '../core/answer/known-cookies.ts'
import type { Address } from '../core/gateway.ts'
import { isKeyword, personalDirectory } from '../core/identity/authority.ts'

/** What a reader gives: never an exception, since a person typed the text. */
export type Reading<T> = { readonly value: T } | { readonly problem: string }

const unitSeconds = { d: 86_400, h: 3_600, m: 60, s: 1 } as const

/** `10h`, `15m`, `1h30m` → seconds. Refused: other words, fractions, and what lies outside the bounds (in seconds). */
export function readDuration(text: string, least: number, most: number): Reading<number> {
  const parts = /^(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?$/.exec(text)
  if (text === '' || parts === null) return { problem: 'this is not a duration' }
  const [, days = '0', hours = '0', minutes = '0', seconds = '0'] = parts
  const value =
    Number(days) * unitSeconds.d + Number(hours) * unitSeconds.h + Number(minutes) * unitSeconds.m + Number(seconds)
  if (value < least) return { problem: `this is shorter than ${writeDuration(least)}` }
  if (value > most) return { problem: `this is longer than ${writeDuration(most)}` }
  return { value }
}

/** Seconds → the largest unit that says it without a fraction. */
export function writeDuration(seconds: number): string {
  for (const [unit, length] of Object.entries(unitSeconds)) {
    if (seconds >= length && seconds % length === 0) return `${seconds / length}${unit}`
  }
  return `${seconds}s`
}

const hostName = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*$/i

/** `host:port`, an IPv6 host in brackets (RFC 3986 section 3.2.2). Port 0 lets the system choose. */
export function readAddress(text: string): Reading<Address> {
  const parts = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,5})$/.exec(text)
  if (parts === null) {
    return { problem: isIP(text) === 6 ? 'an IPv6 address needs brackets, and a port' : 'this is not host:port' }
  }
  const [, six, name, digits] = parts
  const host = six ?? name ?? ''
  const port = Number(digits)
  if (port > 65_535) return { problem: 'the port is larger than 65535' }
  if (six !== undefined && isIP(six) !== 6) return { problem: 'what stands in brackets is not an IPv6 address' }
  if (six === undefined && !isHostName(host)) return { problem: 'this is not host:port' }
  return { value: { host, port } }
}

/** A DNS name or an IPv4 address, without trailing dot. `1.2.3` and `999.1.1.1` are neither. */
export function isHostName(host: string): boolean {
  if (/^[\d.]+$/.test(host)) return isIP(host) === 4
  return host.length <= 253 && hostName.test(host)
}

/** An address or a CIDR block. Refused: a block that holds everybody, in any spelling (T20). */
export function readTrustedProxy(text: string): Reading<string> {
  const [address = '', prefix, ...rest] = text.split('/')
  const family = isIP(address)
  if (family === 0 || rest.length > 0 || address.includes('%'))
    return { problem: 'this is neither an IP address nor a CIDR block' }
  if (/^::ffff:/i.test(address)) return { problem: 'write an IPv4 address as such, without ::ffff:' }
  if (prefix === undefined) return { value: text }
  if (!/^(?:0|[1-9]\d{0,2})$/.test(prefix) || Number(prefix) > (family === 4 ? 32 : 128)) {
    return { problem: 'the number after the slash is not the length of a prefix' }
  }
  if (Number(prefix) === 0) {
    return { problem: 'this trusts everybody: any caller could then state another address as his own' }
  }
  return { value: text }
}

const guid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** A GUID, in lower case. */
export function readGuid(text: string): Reading<string> {
  return guid.test(text) ? { value: text.toLowerCase() } : { problem: 'this is not a GUID' }
}

/** A directory by its id or by a verified domain, or a word that stands for several. */
export function readDirectoryId(text: string): Reading<string> {
  const lower = text.toLowerCase()
  if (isKeyword(lower)) return { value: lower }
  if (lower === personalDirectory) return { problem: 'this is the directory of personal accounts: write consumers' }
  if (!guid.test(text) && text.includes('.') && isHostName(text)) return { value: lower }
  if (!guid.test(text)) return { problem: 'this is neither the id of a directory, which is a GUID, nor a domain' }
  return readGuid(text)
}

/** A name in our own YAML: small letters, digits and hyphens. */
export function readName(text: string): Reading<string> {
  if (text.length > 63) return { problem: 'a name has at most 63 characters' }
  return /^[a-z0-9][a-z0-9-]*$/.test(text) ? { value: text } : { problem: 'this is not a name' }
}

/** A role's name: it travels in a list in a header, so it has no comma; and `noRole` gives two words a meaning of their own. */
export function readRoleName(text: string): Reading<string> {
  if (text === 'refuse' || text === 'allow') return { problem: 'this word has a meaning of its own in `noRole`' }
  if (text.includes(','))
    return { problem: 'a role has no comma in its name: the application gets roles as a list with commas' }
  return readText(text)
}

/** One line that a person can read. Refused: control and invisible characters, blanks at the ends, more than 200 characters. */
export function readText(text: string): Reading<string> {
  if (text === '') return { problem: 'this is empty' }
  if (text.length > 200) return { problem: 'this has more than 200 characters' }
  if (/[\p{C}\p{Zl}\p{Zp}]/u.test(text)) return { problem: 'this has control or invisible characters' }
  return text.trim() === text ? { value: text } : { problem: 'this begins or ends with a blank' }
}

/** A method of HTTP as it is sent; methods are told apart by case (RFC 9110 section 9.1). */
export function readMethod(text: string): Reading<string> {
  if (/^[a-z-]+$/i.test(text) && text !== text.toUpperCase())
    return { problem: 'methods are written in capital letters' }
  if (text === 'CONNECT' || text === 'TRACE') return { problem: 'this method never reaches an application' }
  return /^[A-Z][A-Z-]{0,30}$/.test(text) ? { value: text } : { problem: 'this is not a method of HTTP' }
}

/** A secret that signs and seals: shorter ones could be guessed by trying. */
export function readSigningSecret(text: string): Reading<string> {
  return Buffer.byteLength(text) >= 32 ? { value: text } : { problem: 'a session secret has at least 32 bytes' }
}

const units = { KB: 1_024, MB: 1_048_576 } as const

/** `16KB`, `1MB` → bytes. Refused: what lies outside the bounds (in bytes). */
export function readSize(text: string, least: number, most: number): Reading<number> {
  const [, digits, unit] = /^(\d{1,6})(KB|MB)$/.exec(text) ?? []
  if (digits === undefined) return { problem: 'this is not a size' }
  const bytes = Number(digits) * units[unit as keyof typeof units]
  return bytes < least || bytes > most ? { problem: 'this size is out of bounds' } : { value: bytes }
}

/** The other way, for messages. */
export function writeSize(bytes: number): string {
  return bytes % units.MB === 0 ? `${bytes / units.MB}MB` : `${bytes / units.KB}KB`
}

export const largestKeptForm = 8 * units.MB

/** 0 stands for none. */
export function readKeptForms(text: string): Reading<number> {
  return text === 'off' ? { value: 0 } : readSize(text, units.KB, largestKeptForm)
}

/** A DNS domain, for e-mail addresses: lower case. */
export function readDomain(text: string): Reading<string> {
  return isHostName(text) && text.includes('.') ? { value: text.toLowerCase() } : { problem: 'this is not a domain' }
}

/** The name of a claim in an ID token. */
export function readClaimName(text: string): Reading<string> {
  return /^[\w.:/-]{1,100}$/.test(text) ? { value: text } : { problem: 'this is not the name of a claim' }
}

/** A scope of OAuth 2.0 (RFC 6749 section 3.3). */
export function readScope(text: string): Reading<string> {
  if (text === 'openid') return { problem: 'this is asked for always' }
  return /^[\x21\x23-\x5b\x5d-\x7e]{1,100}$/.test(text) ? { value: text } : { problem: 'this is not a scope' }
}

/** A host name, for the certificate of another machine. */
export function readServerName(text: string): Reading<string> {
  return isHostName(text) ? { value: text.toLowerCase() } : { problem: 'this is not a host name' }
}

/** `public`, `upstream`, or a host with perhaps a port. */
export function readHostHeader(text: string): Reading<string> {
  if (text === 'public' || text === 'upstream') return { value: text }
  const [, host = '', port] = /^([^:]*)(?::(\d{1,5}))?$/.exec(text) ?? []
  if (!isHostName(host) || Number(port ?? 1) > 65_535 || port === '0') return { problem: 'this is not a host' }
  return { value: text.toLowerCase() }
}

/**
 * A name of cookies that are bound (RFC 6265 section 4.1.1), with at most one star; `known`; or, with a hyphen before it,
 * a name that is left out.
 */
export function readBoundCookie(text: string): Reading<string> {
  const name = text.replace(/^-/, '')
  if (!/^[\w!#$%&'+.^`|~-]*(?:\*[\w!#$%&'+.^`|~-]*)?$/.test(name) || name === '')
    return { problem: 'this is not the name of a cookie' }
  if (name.replace('*', '').length < 3) return { problem: 'this would fit nearly every cookie: name more of it' }
  if (ownCookieNames.includes(name)) return { problem: 'this is a cookie of the gateway' }
  if (text === name && scriptCookies.has(foldCookieName(name)))
    return { problem: 'scripts read this cookie, so it cannot be changed on its way' }
  return { value: text }
}

/** The path of a Unix socket; longer ones than this the system cuts. */
export function readSocketPath(text: string): Reading<string> {
  if (!text.startsWith('/')) return { problem: 'this is not an absolute path' }
  if (Buffer.byteLength(text) > 107) return { problem: 'the path of a socket has at most 107 bytes' }
  return readText(text)
}

/** The path of a file that is opened while the gateway runs. */
export function readAbsolutePath(text: string): Reading<string> {
  return text.startsWith('/') ? readText(text) : { problem: 'this is not an absolute path' }
}

/** `2027-01-31` → when that day begins (UTC), in seconds since 1970. */
export function readDate(text: string): Reading<number> {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return { problem: 'this is not a date' }
  const milliseconds = Date.parse(`${text}T00:00:00Z`)
  const isReal = !Number.isNaN(milliseconds) && new Date(milliseconds).toISOString().startsWith(text)
  return isReal ? { value: milliseconds / 1_000 } : { problem: 'there is no such day' }
}

/** A media type with parameters (RFC 9110 section 8.3.1). */
export function readContentType(text: string): Reading<string> {
  const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
  const shape = new RegExp(`^${token}/${token}(?:; ?${token}=(?:${token}|"[^"\\\\\\x00-\\x1f\\x7f-\\uffff]*"))*$`)
  return text.length <= 200 && shape.test(text) ? { value: text } : { problem: 'this is not a media type' }
}

/** A folder and a pattern for names of files: `*` only there, so that nobody reads a whole disk. */
export function readPattern(text: string): Reading<string> {
  const read = readText(text)
  if ('problem' in read) return read
  const name = text.slice(text.lastIndexOf('/') + 1)
  if (text.slice(0, -name.length).includes('*')) return { problem: '`*` may stand in the file name only' }
  if (!/\.ya?ml$/.test(name)) return { problem: 'the name does not end with .yaml or .yml' }
  return (name.match(/\*/g)?.length ?? 0) <= 1 ? read : { problem: '`*` may stand once' }
}
