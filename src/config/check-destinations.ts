/** Rules across the keys of a tenant's routes and upstreams: each route leads somewhere, and nothing in it is without effect. */
import type { Address } from '../core/gateway.ts'
import type { Secret } from '../core/secret.ts'
import { withoutEffect } from './bound-cookie-names.ts'
import { certificateProblems } from './certificates.ts'
import { checkHeaders } from './check-headers.ts'
import type { IsWritten } from './check-provider.ts'
import type { Finding, Path } from './issues.ts'
import type { Salvaged, TenantDraft } from './salvage.ts'

type RouteDraft = NonNullable<NonNullable<TenantDraft['routes']>[number]>
type UpstreamDraft = TenantDraft['upstream']

/** What a tenant's check is asked with. */
interface Asked {
  readonly isWritten: IsWritten
  readonly isGiven: IsWritten
  readonly management: Salvaged<Address>
  /** Seconds since 1970. */
  readonly now: number
}

export function checkDestinations(tenant: TenantDraft, asked: Asked): readonly Finding[] {
  const { isWritten, isGiven, management, now } = asked
  const { routes, upstream } = tenant
  const hasUpstream = upstream !== undefined || isGiven(['upstream'])
  const upstreams = [[upstream, ['upstream']] as const, ...ownUpstreams(routes ?? [])]
  const nowhere = 'this is required: where the application listens'
  return [
    ...(routes === undefined && !hasUpstream && !isGiven(['routes'])
      ? [{ path: ['upstream'], found: null, message: nowhere }]
      : []),
    ...checkUpstream(upstream, ['upstream'], isWritten),
    ...checkPrefixes(routes ?? [], upstream),
    ...checkManagement(upstreams, management),
    ...checkClientCertificates(upstreams, now),
    ...checkBoundCookies(upstreams),
    ...(routes ?? []).flatMap((route, index) =>
      route === undefined ? [] : checkRoute(route, ['routes', index], { routes: routes ?? [], hasUpstream, isGiven }),
    ),
  ]
}

function ownUpstreams(routes: Around['routes']): readonly (readonly [UpstreamDraft, Path])[] {
  return routes.map((route, index) => [route?.upstream, ['routes', index, 'upstream']])
}

/** What the gateway would show, but could not prove to own. */
function checkClientCertificates(
  upstreams: readonly (readonly [UpstreamDraft, Path])[],
  now: number,
): readonly Finding[] {
  return upstreams.flatMap(([upstream, path]) => {
    const { cert, key } = upstream?.clientCertificate ?? {}
    if (cert === undefined || key === undefined) return []
    const problems = certificateProblems(cert, key as Secret, now)
    return problems.map((message) => ({ path: [...path, 'clientCertificate', 'cert'], message }))
  })
}

function checkBoundCookies(upstreams: readonly (readonly [UpstreamDraft, Path])[]): readonly Finding[] {
  const message = 'nothing here binds this cookie, so leaving it out has no effect'
  return upstreams.flatMap(([upstream, path]) =>
    withoutEffect(upstream?.bindCookies ?? []).map((at) => ({ path: [...path, 'bindCookies', at], message })),
  )
}

const everyAddress: ReadonlySet<string> = new Set(['0.0.0.0', '::'])
const thisMachine = /^(?:localhost|127\.\d+\.\d+\.\d+|::1|0\.0\.0\.0|::)$/

/** Behind a tenant it would answer everybody, and it has no sign-in (T125). */
function checkManagement(
  upstreams: readonly (readonly [UpstreamDraft, Path])[],
  management: Asked['management'],
): readonly Finding[] {
  const { host, port } = management ?? {}
  if (host === undefined || port === undefined) return []
  return upstreams.flatMap(([upstream, path]) => {
    const url = upstream?.url
    if (url?.port !== port || url.hostname === undefined) return []
    const isHere = thisMachine.test(url.hostname)
    const isIt = url.hostname === host || (isHere && (everyAddress.has(host) || thisMachine.test(host)))
    return isIt ? [{ path: [...path, 'url'], message: 'this is the management listener, which is no application' }] : []
  })
}

/**
 * Where two routes to one application take off different beginnings, the same page of it has two addresses, and who asks for
 * the one is judged by the rules of the other.
 */
function checkPrefixes(routes: Around['routes'], own: UpstreamDraft): readonly Finding[] {
  const prefixes = new Map<string, string>()
  return routes.flatMap((route, index) => {
    const { origin } = (route?.upstream ?? own)?.url ?? {}
    if (route === undefined || origin === undefined || route.redirect !== undefined || route.respond !== undefined)
      return []
    const key = `${origin} ${(route.upstream ?? own)?.socket ?? ''}`
    const prefix = route.stripPrefix?.path ?? ''
    const known = prefixes.get(key)
    prefixes.set(key, known ?? prefix)
    if (known === undefined || known === prefix) return []
    const message =
      'other routes lead to the same application with another `stripPrefix`, so a page of it would have two addresses'
    return [{ path: ['routes', index], message }]
  })
}

interface Around {
  readonly routes: NonNullable<TenantDraft['routes']>
  readonly hasUpstream: boolean
  /** Of routes, all are the tenant's own or all come with the defaults. */
  readonly isGiven: IsWritten
}

function checkRoute(route: RouteDraft, path: Path, around: Around): readonly Finding[] {
  const { isGiven } = around
  const written = (key: string) => isGiven([...path, key])
  const findings: Finding[] = []
  const without = (key: string, message: string) =>
    findings.push({ path: [...path, key], at: 'key', found: null, message })
  const answers = ['redirect', 'respond'].filter(written)
  const [answer, ...others] = answers
  if (answer === undefined) {
    if (!around.hasUpstream && !written('upstream')) {
      const message = 'this route leads nowhere: the tenant has no upstream, so name one here, or redirect, or respond'
      findings.push({ path, message })
    }
  } else {
    for (const key of [...others, 'upstream', 'timeouts', 'headers', 'stripPrefix', 'preflight'].filter(written)) {
      without(key, `with \`${answer}\` the application is not asked, so this has no effect`)
    }
  }
  const prefix = route.stripPrefix?.path
  if (prefix === '/') without('stripPrefix', 'there is nothing to take off')
  else if (prefix !== undefined && route.path?.path !== undefined && !isBelow(route.path.path, prefix)) {
    findings.push({ path: [...path, 'stripPrefix'], message: 'the path of the route does not begin with this' })
  }
  const { access } = route
  if (access === 'public' || access === 'optional') {
    if (route.onUnauthenticated === 401)
      without('onUnauthenticated', `\`${access}\` needs no session, so this has no effect`)
    if (access === 'public' && route.preflight === 'forward')
      without('preflight', '`public` lets everything through, so this has no effect')
  }
  if (route.preflight === 'forward' && route.methods !== undefined && !route.methods.includes('OPTIONS')) {
    findings.push({ path: [...path, 'methods'], message: 'preflights are OPTIONS, which is not among these' })
  }
  if (leadsToItself(route, around.routes)) {
    findings.push({ path: [...path, 'redirect', 'to'], message: 'this leads to the same route again, without end' })
  }
  return [
    ...findings,
    ...checkUpstream(route.upstream, [...path, 'upstream'], isGiven),
    ...(route.headers === undefined ? [] : checkHeaders(route.headers, [...path, 'headers'], isGiven)),
  ]
}

function isBelow(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`)
}

function leadsToItself(route: RouteDraft, routes: Around['routes']): boolean {
  const to = route.redirect?.to
  if (to === undefined || !to.startsWith('/')) return false
  const path = to.replace(/[?#].*$/s, '')
  const covering = routes.filter((each) => each?.path !== undefined && covers(each, path))
  const longest = covering.toSorted((a, b) => rank(b) - rank(a))[0]
  return longest === route
}

function rank(route: RouteDraft | undefined): number {
  return (route?.path?.path?.length ?? 0) + (route?.exact === true ? 10_000 : 0)
}

function covers(route: RouteDraft | undefined, path: string): boolean {
  const own = route?.path?.path ?? ''
  if (route?.exact === true) return path === own
  return own === '/' || path === own || path.startsWith(`${own}/`)
}

function checkUpstream(upstream: UpstreamDraft, path: Path, isWritten: IsWritten): readonly Finding[] {
  if (upstream?.url?.protocol !== 'http:') return []
  return ['ca', 'clientCertificate', 'serverName']
    .filter((key) => isWritten([...path, key]))
    .map((key) => ({
      path: [...path, key],
      at: 'key' as const,
      found: null,
      message: 'the application is asked over http, so this has no effect: write https in `url`',
    }))
}
