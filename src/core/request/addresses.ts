/** Our own addresses on every tenant's host: the one place where they are spelled. Everything else under the prefix is 404. */

/** What begins with this belongs to us and never reaches an application. */
export const endpointPrefix = '/.auth'

export const endpoints = {
  login: '/.auth/login',
  callback: '/.auth/callback',
  logout: '/.auth/logout',
  signedOut: '/.auth/signed-out',
  me: '/.auth/me',
} as const

export type EndpointName = keyof typeof endpoints

/** Which methods an endpoint answers to; any other is `method_refused`. */
export const endpointMethods: Readonly<Record<EndpointName, readonly string[]>> = {
  login: ['GET', 'HEAD'],
  callback: ['GET'],
  logout: ['GET', 'HEAD', 'POST'],
  signedOut: ['GET', 'HEAD'],
  me: ['GET', 'HEAD'],
}

const byPath: ReadonlyMap<string, EndpointName> = new Map(
  (Object.keys(endpoints) as EndpointName[]).map((name) => [endpoints[name], name]),
)

/** The endpoint at exactly this path, spelled exactly so; null for any other. */
export function endpointAt(path: string): EndpointName | null {
  return byPath.get(path) ?? null
}
