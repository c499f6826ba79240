/**
 * What people paste where a directory is asked for, taken apart: an issuer, an address of a sign-in, one of the portal.
 */
import { isKeyword, personalDirectory } from '../core/identity/authority.ts'
import { signInServices } from './compile-provider.ts'
import { isHostName, type Reading, readGuid } from './values.ts'

export interface Pasted {
  /** A GUID or a domain, in small letters; or `organizations`, `common`, `consumers`. */
  readonly tenantId: string
  /** The two clouds of the US government have one sign-in service: `us-gov` may also be `us-gov-dod`. */
  readonly cloud: 'global' | 'us-gov' | 'china'
  /** Of External ID, whose every directory has a sign-in service of its own, and of a pretend Entra; else null. */
  readonly authority: string | null
  /** The application that a sign-in was for. */
  readonly clientId: string | null
}

/**
 * Where each cloud signs people in, and every other name that it goes by
 * (https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud).
 */
const signInHosts: Readonly<Record<string, Pasted['cloud']>> = {
  ...{ 'login.microsoftonline.com': 'global', 'login.windows.net': 'global', 'login.microsoft.com': 'global' },
  // The issuer of version 1. Tokens of the US government's clouds name it too, so it does not tell these apart.
  'sts.windows.net': 'global',
  ...{ 'login.microsoftonline.us': 'us-gov', 'login.usgovcloudapi.net': 'us-gov' },
  ...{
    'login.partner.microsoftonline.cn': 'china',
    'login.chinacloudapi.cn': 'china',
    'sts.chinacloudapi.cn': 'china',
  },
}

/** Where directories are administered, and where people find their applications. */
const portalHosts: Readonly<Record<string, Pasted['cloud']>> = {
  ...{ 'entra.microsoft.com': 'global', 'portal.azure.com': 'global', 'aad.portal.azure.com': 'global' },
  ...{ 'myapps.microsoft.com': 'global', 'myapplications.microsoft.com': 'global' },
  ...{ 'launcher.myapps.microsoft.com': 'global', 'account.activedirectory.windowsazure.com': 'global' },
  ...{ 'entra.microsoft.us': 'us-gov', 'portal.azure.us': 'us-gov', 'portal.azure.cn': 'china' },
}

const b2c = 'this is Azure AD B2C, which is not supported'
const noDirectory = 'this names no directory: its id, a GUID, is on the Overview page of the app registration'

/**
 * @param text as it was pasted, perhaps with blanks, quotes or brackets around it, or without https://.
 * @returns the directory, in what cloud, and what else was found; or the problem, which says what the text is and never
 * repeats it.
 */
export function readPasted(text: string): Reading<Pasted> {
  // Real ones are shorter, and the time of some patterns grows with the square (T88).
  if (text.length > 4_000) return { problem: 'this is too long to be an address' }
  const meant = unwrapped(text)
  if (/^eyJ[\w-]+\.[\w-]/.test(meant)) return { problem: 'this is a token, and no directory: show it to nobody' }
  const plain = directoryOf(meant)
  if (plain !== null) return { value: pastedFrom(plain, 'global') }
  if (/^[^@\s/]+@[^@\s/]+$/.test(meant)) {
    return { problem: 'this is an e-mail address: the directory is what stands behind the @, if that is its domain' }
  }
  const url = urlOf(meant)
  return url === null ? { problem: noDirectory } : ofUrl(url)
}

/** Whether Microsoft signs people in there: with work, school and personal accounts, or customers. */
export function isSignInHost(host: string): boolean {
  const others = ['login.microsoftonline.de', 'login.live.com']
  return others.includes(host) || Object.hasOwn(signInHosts, host) || /\.(?:ciamlogin|b2clogin)\.com$/.test(host)
}

/**
 * What a sign-in service calls itself, given any of its hosts: an alias would not be believed. Null for one that has no
 * other.
 */
export function ownOriginOf(host: string): string | null {
  const cloud = Object.hasOwn(signInHosts, host) ? signInHosts[host] : undefined
  return cloud === undefined ? null : signInServices[cloud]
}

/** Whether a text is an id, a domain or a keyword, and nothing more. */
export function isDirectory(text: string): boolean {
  return directoryOf(text) !== null
}

/** Reads a text as an address, in the way in which people leave the scheme out. */
export function urlOf(text: string): URL | null {
  const meant = unwrapped(text)
  const full = /^https?:\/\//i.test(meant) ? meant : `https://${meant}`
  if (/\s/.test(full) || !URL.canParse(full)) return null
  const url = new URL(full)
  return isHostName(url.hostname) && (url.hostname.includes('.') || isOnThisMachine(url)) ? url : null
}

/** `sallyport emulator`. */
function isOnThisMachine({ protocol, hostname }: URL): boolean {
  return protocol === 'http:' && ['localhost', '127.0.0.1'].includes(hostname)
}

function unwrapped(text: string): string {
  return text
    .trim()
    .replace(/^['"`<({]+/, '')
    .replace(/['"`>)},;]+$/, '')
}

function ofUrl(url: URL): Reading<Pasted> {
  const { hostname } = url
  const segments = url.pathname.split('/').filter((segment) => segment !== '')
  if (isB2c(url)) return { problem: b2c }
  if (hostname.endsWith('.ciamlogin.com')) return ofExternalId(url, segments)
  if (Object.hasOwn(signInHosts, hostname)) return ofSignIn(url, segments)
  if (Object.hasOwn(portalHosts, hostname)) return ofPortal(url, segments)
  if (isOnThisMachine(url)) return ofSignIn(url, segments)
  if (hostname === 'login.live.com') return { problem: 'this signs in personal accounts: write consumers' }
  if (hostname === 'login.microsoftonline.de') return { problem: 'this cloud was closed in 2021' }
  return {
    problem: 'this is no address of Microsoft Entra: any other OpenID provider has `kind: oidc` and its `issuer`',
  }
}

/**
 * Its user flows are named in the path or in the query
 * (https://learn.microsoft.com/azure/active-directory-b2c/tokens-overview).
 */
function isB2c({ hostname, pathname, searchParams }: URL): boolean {
  if (hostname.endsWith('.b2clogin.com') || /^\/(?:tfp|te)\//i.test(pathname)) return true
  return /\/b2c_1a?_/i.test(pathname) || /^b2c_1a?_/i.test(searchParams.get('p') ?? '')
}

function ofSignIn(url: URL, [first = '']: readonly string[]): Reading<Pasted> {
  const cloud = signInHosts[url.hostname] ?? 'global'
  const tenantId = directoryOf(first)
  const authority = isOnThisMachine(url) ? url.origin : null
  if (tenantId !== null) return { value: { ...pastedFrom(tenantId, cloud), authority, clientId: clientIdIn(url) } }
  if (/^(?:%7b|%3c|\{|<)/i.test(first)) {
    return { problem: 'this is a pattern: the id of the directory belongs where it has a name in brackets' }
  }
  return { problem: noDirectory }
}

/**
 * The issuer has the id as its subdomain even if the address was asked by name, and openid-client compares the two
 * (RFC 8414 section 3.3): so only that form works.
 */
function ofExternalId(url: URL, segments: readonly string[]): Reading<Pasted> {
  const [subdomain = ''] = url.hostname.split('.')
  const ids = [subdomain, segments[0] ?? ''].map(directoryOf).filter((each) => each !== null && isGuid(each))
  const [tenantId = null, other = tenantId] = ids
  if (tenantId === null) {
    return { problem: 'this is External ID by name, and its directory is known by its id only: the issuer has it' }
  }
  if (other !== tenantId) return { problem: 'this names two directories' }
  const authority = `https://${tenantId}.ciamlogin.com`
  return { value: { ...pastedFrom(tenantId, 'global'), authority, clientId: clientIdIn(url) } }
}

/**
 * What a portal writes into its addresses: `/<directory>`, `#@<directory>/…`, `?tenantId=<directory>`, and of an
 * application `/appId/<client id>/` in the fragment.
 */
function ofPortal(url: URL, [first = '']: readonly string[]): Reading<Pasted> {
  const inFragment = /^#@([^/?]+)/.exec(url.hash)?.[1] ?? ''
  const asked = ['tenantId', 'tenantid', 'tid'].map((key) => url.searchParams.get(key) ?? '')
  const found = [...asked, inFragment, first].map(directoryOf).find((each) => each !== null)
  const application = /\/appId\/([0-9a-f-]{36})(?:\/|$)/i.exec(url.hash)?.[1] ?? ''
  const clientId = isGuid(application) ? application.toLowerCase() : null
  if (found !== undefined) return { value: { ...pastedFrom(found, portalHosts[url.hostname] ?? 'global'), clientId } }
  if (clientId === null) return { problem: noDirectory }
  return { problem: `this is the page of the application ${clientId}, and names no directory: its id is on that page` }
}

function pastedFrom(tenantId: string, cloud: Pasted['cloud']): Pasted {
  return { tenantId, cloud, authority: null, clientId: null }
}

/** The id, domain or keyword that a text is, and nothing more; or null. */
function directoryOf(text: string): string | null {
  const lower = text.toLowerCase()
  if (lower === personalDirectory) return 'consumers'
  if (isGuid(lower) || isKeyword(lower)) return lower
  const isDomain = isHostName(lower) && /\.[a-z][a-z0-9-]*$/.test(lower) && !lower.includes('_')
  return isDomain && !isMicrosoftHost(lower) ? lower : null
}

/** Hosts of Microsoft's own are addresses, and no directory's domain. */
function isMicrosoftHost(host: string): boolean {
  return isSignInHost(host) || Object.hasOwn(portalHosts, host)
}

export function isGuid(text: string): boolean {
  return 'value' in readGuid(text)
}

function clientIdIn({ searchParams }: URL): string | null {
  const found = ['client_id', 'appid'].map((key) => searchParams.get(key) ?? '').find(isGuid)
  return found?.toLowerCase() ?? null
}
