/** The kinds of URL in a configuration, and the hosts that a proxy is not for. Most are origins: scheme, host and port, nothing more. */
import { isIP } from 'node:net'
import type { PublicUrl } from '../core/gateway.ts'
import { isMetadataHost } from '../ops/metadata-addresses.ts'
import { isHostName, type Reading } from './values.ts'

export interface UpstreamOrigin {
  readonly protocol: 'http:' | 'https:'
  /** IPv6 without brackets, as Node's sockets take it. */
  readonly hostname: string
  readonly port: number
  readonly origin: string
}

/**
 * Where people open the application. `http` only where the browser treats it as secure: on the machine itself. Refused: a path,
 * since tenants that differ only by it share an origin, and so every cookie.
 */
export function readPublicUrl(text: string): Reading<PublicUrl> {
  const found = readOrigin(text)
  if ('problem' in found) return found.problem === pathProblem ? { problem: sharedOrigin } : found
  const { protocol, hostname, host, origin } = found.value
  const local = hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '127.0.0.1'
  if (protocol === 'http:' && !local) {
    return { problem: 'only https, except on localhost: over http anybody on the way could read the session' }
  }
  return { value: { scheme: protocol === 'https:' ? 'https' : 'http', host, origin } }
}

/** Origin of a site whose pages show the application in a frame. Browsers keep our cookies there only over https. */
export function readEmbedder(text: string): Reading<string> {
  const found = readOrigin(text)
  if ('problem' in found) return found
  const { protocol, hostname, origin } = found.value
  const local = hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '127.0.0.1'
  if (protocol === 'http:' && !local) {
    return { problem: 'only https, except on localhost: whoever is on the way could put the application into any page' }
  }
  return { value: origin }
}

/** Of a provider at an address where none lives (T125). */
const noProvider = 'this is a link-local or metadata address, which no provider has'

/** Origin of the sign-in service; null: that of the cloud. */
export function readAuthority(text: string): Reading<string | null> {
  return readServiceOrigin(text, 'the client secret goes there')
}

/** Origin of Microsoft Graph; null: that of the cloud. */
export function readGraphOrigin(text: string): Reading<string | null> {
  return readServiceOrigin(text, 'the token of the person goes there')
}

function readServiceOrigin(text: string, why: string): Reading<string | null> {
  if (text === 'cloud') return { value: null }
  const found = readOrigin(text)
  if ('problem' in found) return found
  const { protocol, hostname, origin } = found.value
  if (protocol === 'http:' && !['localhost', '127.0.0.1', '[::1]'].includes(hostname)) {
    return { problem: `only https, except on localhost: ${why}` }
  }
  if (isMetadataHost(hostname.replace(/^\[|\]$/g, ''))) return { problem: noProvider }
  return { value: origin }
}

/** The issuer of an OpenID provider, kept byte for byte: the provider's own spelling is what its tokens are compared with. */
export function readIssuer(text: string): Reading<string> {
  // It stands in every session, and in the state of every sign-in.
  if (text.length > 500) return { problem: 'this has more than 500 characters' }
  if (!/^https?:\/\//.test(text)) return { problem: 'this does not begin with https:// or http://' }
  if (/[?#]/.test(text)) return { problem: 'a query or fragment has no place here' }
  if (/[\s\\\p{C}]/u.test(text) || !URL.canParse(text)) return { problem: 'this is not a URL' }
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') return { problem: 'a user name or password has no place here' }
  if (url.protocol === 'http:' && !['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)) {
    return { problem: 'only https, except on localhost: the client secret goes there' }
  }
  if (isMetadataHost(url.hostname.replace(/^\[|\]$/g, ''))) return { problem: noProvider }
  if (text.endsWith('/.well-known/openid-configuration')) {
    return { problem: 'this is the discovery document; the issuer is what stands before /.well-known/' }
  }
  return { value: text }
}

/** Where a redirect leads: a path of the same host, or an https URL. In ASCII, since it travels in a header. */
export function readLocation(text: string): Reading<string> {
  if (!/^[\x21-\x7e]{1,2000}$/.test(text))
    return { problem: 'this has blanks or characters outside of ASCII: write them as %20' }
  if (text.startsWith('/')) {
    return /^\/[/\\]/.test(text) ? { problem: 'a browser takes this for another host' } : { value: text }
  }
  if (!/^https:\/\//.test(text) || !URL.canParse(text)) return { problem: 'this is neither a path nor an https URL' }
  return new URL(text).username === '' ? { value: text } : { problem: 'a user name has no place here' }
}

/** Where the application listens. Refused: link-local and metadata addresses, which hand out a machine's credentials (T125). */
export function readUpstreamUrl(text: string): Reading<UpstreamOrigin> {
  const found = readOrigin(text)
  if ('problem' in found) return found
  const { protocol, origin, port } = found.value
  const hostname = found.value.hostname.replace(/^\[|\]$/g, '')
  if (isMetadataHost(hostname)) return { problem: 'this is a link-local or metadata address, which no application has' }
  return {
    value: {
      protocol: protocol === 'https:' ? 'https:' : 'http:',
      hostname,
      port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
      origin,
    },
  }
}

/** `redis://` or `rediss://` (TLS), host, perhaps port, user, password and the number of a database. */
export function readRedisUrl(text: string): Reading<string> {
  if (!URL.canParse(text)) return { problem: 'this is not a URL' }
  const url = new URL(text)
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:') return { problem: 'this is not a URL of Redis' }
  if (url.hostname === '') return { problem: 'the host is missing' }
  if (url.search !== '' || url.hash !== '') return { problem: 'a query or fragment has no meaning here' }
  if (!/^(?:\/\d{0,3})?$/.test(url.pathname))
    return { problem: 'after the host comes at most the number of a database' }
  return { value: text }
}

/** An HTTP proxy for requests of our own, perhaps with name and password; nothing at all where there is none. */
export function readProxyUrl(text: string): Reading<string> {
  if (text === '') return { value: '' }
  if (!/^https?:\/\//.test(text)) return { problem: 'this does not begin with http:// or https://' }
  if (/[\s\\\p{C}]/u.test(text) || !URL.canParse(text)) return { problem: 'this is not a URL' }
  const url = new URL(text)
  if (url.search !== '' || url.hash !== '') return { problem: 'a query or fragment has no meaning here' }
  if (url.pathname !== '/') return { problem: 'only scheme, host and port: a path has no place here' }
  // What cannot be decoded would fail with every request.
  return isEncoded(url.username) && isEncoded(url.password)
    ? { value: text }
    : { problem: 'a percent sign in name or password is written %25' }
}

/**
 * Hosts that are reached without the proxy, one or several with commas between them, so that a NO_PROXY may stand there as it is.
 * Refused: blocks of addresses, since providers are reached by name and nobody looks the address up for this.
 */
export function readNoProxy(text: string): Reading<readonly string[]> {
  const entries = text.split(/[,\s]+/).filter((entry) => entry !== '')
  for (const entry of entries) {
    if (entry.includes('/')) return { problem: 'a block of addresses has no effect here: name hosts' }
    const [, host = '', port = '1'] = /^(.*?)(?::(\d{1,5}))?$/.exec(/^\[.*\]|:.*:/.test(entry) ? '' : entry) ?? []
    const isHost =
      host === '*' || isHostName(host.replace(/^\*?\./, '')) || isIP(entry.replace(/^\[(.*)\]$/, '$1')) === 6
    if (!isHost || Number(port) > 65_535 || Number(port) === 0) return { problem: 'this is not a host' }
  }
  return { value: entries.map((entry) => entry.toLowerCase()) }
}

function isEncoded(text: string): boolean {
  return !/%(?![0-9a-f]{2})/i.test(text)
}

const pathProblem = 'only scheme, host and port: a path has no place here'
const sharedOrigin =
  'a path has no place here: tenants that differ only by path share an origin, and so a cookie; make them one tenant, whose routes have an `upstream` each'

/** The written form is looked at first: `new URL` mends backslashes, blanks and escapes, which a reader would not expect. */
function readOrigin(text: string): Reading<URL> {
  if (!/^https?:\/\//i.test(text)) return { problem: 'this does not begin with https:// or http://' }
  const rest = text.replace(/^https?:\/\//i, '')
  if (rest.includes('@')) return { problem: 'a user name or password has no place here' }
  if (/[?#]/.test(rest)) return { problem: 'a query or fragment has no place here' }
  if (/^[^/]*\/./.test(rest)) return { problem: pathProblem }
  if (/[\s\\%*\p{C}]/u.test(rest) || !URL.canParse(text)) return { problem: 'this is not a URL' }
  const url = new URL(text)
  if (url.hostname.endsWith('.')) return { problem: 'the host ends with a dot' }
  if (!url.hostname.startsWith('[') && !isHostName(url.hostname)) return { problem: 'this is not a host' }
  if (url.port === '0') return { problem: 'port 0 is no port to connect to' }
  return { value: url }
}
