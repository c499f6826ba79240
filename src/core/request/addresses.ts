/**
 * Our own addresses on every tenant's host: the one place where they are spelled. Everything else under the prefix is
 * 404.
 */

/** What begins with this belongs to us and never reaches an application. */
export const endpointPrefix = '/.auth'

/** A last segment in angle brackets stands for any one segment. */
export const endpoints = {
  login: '/.auth/login',
  callback: '/.auth/callback',
  signedIn: '/.auth/signed-in',
  logout: '/.auth/logout',
  signedOut: '/.auth/signed-out',
  frontchannelLogout: '/.auth/frontchannel-logout/<provider>',
  backchannelLogout: '/.auth/backchannel-logout/<provider>',
  me: '/.auth/me',
  photo: '/.auth/me/photo',
  session: '/.auth/session',
  explain: '/.auth/explain',
  help: '/.auth/help',
  helpWithCode: '/.auth/help/<code>',
  adminConsent: '/.auth/admin-consent',
  breakGlass: '/.auth/break-glass',
  breakGlassReturn: '/.auth/break-glass-return',
  keptForm: '/.auth/form',
} as const

export type EndpointName = keyof typeof endpoints

/** Which methods an endpoint answers to; any other is `method_refused`. */
export const endpointMethods: Readonly<Record<EndpointName, readonly string[]>> = {
  login: ['GET', 'HEAD'],
  callback: ['GET'],
  signedIn: ['GET', 'HEAD'],
  logout: ['GET', 'HEAD', 'POST'],
  signedOut: ['GET', 'HEAD'],
  frontchannelLogout: ['GET'],
  backchannelLogout: ['POST'],
  me: ['GET', 'HEAD'],
  photo: ['GET', 'HEAD'],
  session: ['GET', 'HEAD'],
  explain: ['GET', 'HEAD'],
  help: ['GET', 'HEAD'],
  helpWithCode: ['GET', 'HEAD'],
  adminConsent: ['GET'],
  breakGlass: ['GET'],
  breakGlassReturn: ['GET'],
  keptForm: ['GET', 'HEAD', 'POST'],
}

export interface EndpointFound {
  readonly endpoint: EndpointName
  /** The segment that stands where the address has angle brackets, as it was sent; empty where it has none. */
  readonly segment: string
}

const placeholder = /<[a-z]+>$/

/** Key: the address, up to its placeholder. */
const byPath: ReadonlyMap<string, EndpointName> = new Map(
  (Object.keys(endpoints) as EndpointName[]).map((name) => [endpoints[name].replace(placeholder, ''), name]),
)

/** The endpoint at exactly this path, spelled exactly so; null for any other. */
export function endpointAt(path: string): EndpointFound | null {
  const exact = byPath.get(path)
  if (exact !== undefined && !path.endsWith('/')) return { endpoint: exact, segment: '' }
  const cut = path.lastIndexOf('/') + 1
  const segment = path.slice(cut)
  const endpoint = segment === '' ? undefined : byPath.get(path.slice(0, cut))
  return endpoint === undefined ? null : { endpoint, segment }
}

/** Where a provider tells that somebody has signed out there. @param provider as the tenant writes its name. */
export function logoutChannelAddress(channel: 'frontchannelLogout' | 'backchannelLogout', provider: string): string {
  return endpoints[channel].replace(placeholder, provider)
}

/** The page of one kept form. Its id opens nothing without the cookie of the browser. */
export function keptFormAddress(id: string): string {
  return `${endpoints.keptForm}?id=${id}`
}

/** Whether an address is that of a kept form, as we write it. */
export function isKeptFormAddress(address: string): boolean {
  return /^\/\.auth\/form\?id=[\w-]{22}$/.test(address)
}

/** The help about one code of Entra. */
export function helpAddress(code: number): string {
  return endpoints.helpWithCode.replace(placeholder, String(code))
}
