/**
 * Which route covers a path, and what it asks for: longest prefix by segment, strictest over all readings, closed by
 * default.
 */
import type { Route, Tenant } from '../gateway.ts'
import type { PathReading } from './path.ts'

/** What a request has to fulfil: every one of `everyOf`, each of which is a list of roles of which one is enough. */
export interface Requirement {
  readonly level: 'public' | 'optional' | 'signed-in'
  readonly everyOf: readonly (readonly string[])[]
  /** Authentication contexts, each by our name, with how long ago at most it was satisfied. */
  readonly contexts: readonly ContextNeeded[]
  /** How long ago at most the person proved who they are; null: that does not matter. */
  readonly maxAgeSeconds: number | null
  /** Whether a person who opens a page without a session goes to the sign-in. */
  readonly redirects: boolean
  /** Whether preflights of CORS pass without a session. */
  readonly forwardsPreflights: boolean
}

export interface ContextNeeded {
  readonly name: string
  readonly withinSeconds: number
}

export interface Found {
  readonly route: Route
  readonly requirement: Requirement
}

export type RouteFound = Found | { readonly refused: 'route_unknown' | 'method_refused' }

/**
 * Looks up every reading, as written and folded (letter case and trailing slash), and asks for all that any of them
 * asks.
 * So a folding can close a path but never open it. (T1, T12, T13)
 * @param readings the literal reading first; its route is the one whose settings apply.
 */
export function findRoute(
  tenant: Tenant,
  method: string,
  readings: readonly [PathReading, ...PathReading[]],
): RouteFound {
  const index = routeIndex(tenant)
  const [literal] = readings
  // Nothing to fold, in the path or in the routes: one look-up says it all.
  if (readings.length === 1 && index.foldsNothing && fold(literal) === literal)
    return findLiteral(index, literal, method)
  const covering: Route[] = []
  for (const path of readings) {
    const asWritten = coveringRoutes(index.written, path, method)
    if (!Array.isArray(asWritten)) return { refused: asWritten as 'route_unknown' | 'method_refused' }
    const folded = fold(path)
    const asFolded = coveringRoutes(index.folded, folded, method)
    if (!Array.isArray(asFolded)) return { refused: asFolded as 'route_unknown' | 'method_refused' }
    for (const route of asWritten) if (!covering.includes(route)) covering.push(route)
    for (const route of asFolded) if (!covering.includes(route)) covering.push(route)
  }
  const [route] = covering
  if (route === undefined) return { refused: 'route_unknown' }
  return { route, requirement: covering.length === 1 ? requirementOf(route) : strictest(covering.map(requirementOf)) }
}

function findLiteral(index: RouteIndex, path: string, method: string): RouteFound {
  const routes = coveringRoutes(index.written, path, method)
  if (!Array.isArray(routes)) return { refused: routes as 'route_unknown' | 'method_refused' }
  const [route] = routes as readonly Route[]
  if (route === undefined) return { refused: 'route_unknown' }
  return { route, requirement: routes.length === 1 ? requirementOf(route) : strictest(routes.map(requirementOf)) }
}

/** A spot that routes stand for; several routes may share one, apart by method. */
interface Place {
  readonly path: string
  readonly exact: boolean
  readonly routes: readonly Route[]
}

interface RouteIndex {
  readonly written: readonly Place[]
  readonly folded: readonly Place[]
  /** True where both are the same. */
  readonly foldsNothing: boolean
}

/** Made once per compiled tenant. */
const indexes = new WeakMap<Tenant, RouteIndex>()

function routeIndex(tenant: Tenant): RouteIndex {
  const known = indexes.get(tenant)
  if (known !== undefined) return known
  const index = {
    written: places(tenant.routes, (route) => (route.trailingSlash ? `${route.path}/` : route.path)),
    folded: places(tenant.routes, (route) => fold(route.path)),
    foldsNothing: tenant.routes.every((route) => !route.trailingSlash && fold(route.path) === route.path),
  }
  indexes.set(tenant, index)
  return index
}

/** Exact places first, then the longer before the shorter. */
function places(routes: readonly Route[], spell: (route: Route) => string): readonly Place[] {
  const byKey = new Map<string, { path: string; exact: boolean; routes: Route[] }>()
  for (const route of routes) {
    const path = spell(route)
    const key = `${route.exact} ${path}`
    const place = byKey.get(key) ?? { path, exact: route.exact, routes: [] }
    place.routes.push(route)
    byKey.set(key, place)
  }
  return [...byKey.values()].sort((a, b) => Number(b.exact) - Number(a.exact) || b.path.length - a.path.length)
}

function coveringRoutes(
  places: readonly Place[],
  path: string,
  method: string,
): readonly Route[] | 'route_unknown' | 'method_refused' {
  const place = places.find((candidate) => covers(candidate, path))
  if (place === undefined) return 'route_unknown'
  const routes = place.routes.filter((route) => allowsMethod(route, method))
  return routes.length === 0 ? 'method_refused' : routes
}

/** Prefixes end at a segment: `/public` covers `/public/x`, never `/publicity` (T12). */
function covers(place: Place, path: string): boolean {
  if (place.exact) return path === place.path
  if (place.path === '/') return true
  return path.startsWith(place.path) && (path.length === place.path.length || path[place.path.length] === '/')
}

function allowsMethod(route: Route, method: string): boolean {
  if (route.methods === null) return true
  return route.methods.includes(method) || (method === 'HEAD' && route.methods.includes('GET'))
}

/** How a server reads that does not tell letters apart and takes a directory's name without its slash. */
function fold(path: string): string {
  const lower = path.toLowerCase()
  return lower.length > 1 && lower.endsWith('/') ? lower.replace(/\/+$/, '') || '/' : lower
}

const requirements = new WeakMap<Route, Requirement>()

function requirementOf(route: Route): Requirement {
  const known = requirements.get(route)
  if (known !== undefined) return known
  const { access } = route
  const asked =
    access.level === 'roles'
      ? ({ level: 'signed-in', everyOf: [access.anyOf] } as const)
      : ({ level: access.level, everyOf: [] } as const)
  const requirement: Requirement = {
    ...asked,
    contexts: route.authContext === null ? [] : [{ name: route.authContext, withinSeconds: route.authContextSeconds }],
    maxAgeSeconds: route.maxAgeSeconds,
    redirects: route.onUnauthenticated === 'auto',
    forwardsPreflights: route.preflight === 'forward',
  }
  requirements.set(route, requirement)
  return requirement
}

const strictness = { public: 0, optional: 1, 'signed-in': 2 } as const

/** Asks for everything that any of them asks for. */
export function strictest(all: readonly Requirement[]): Requirement {
  const level = all.reduce<Requirement['level']>(
    (strict, each) => (strictness[each.level] > strictness[strict] ? each.level : strict),
    'public',
  )
  return {
    level,
    everyOf: all.flatMap((each) => each.everyOf),
    contexts: shortest(all.flatMap((each) => each.contexts)),
    maxAgeSeconds: all.reduce<number | null>((least, { maxAgeSeconds: age }) => {
      if (age === null || least === null) return age ?? least
      return Math.min(age, least)
    }, null),
    redirects: all.every((each) => each.redirects),
    forwardsPreflights: all.every((each) => each.forwardsPreflights),
  }
}

/** Each name once, with the shortest time. */
function shortest(contexts: readonly ContextNeeded[]): readonly ContextNeeded[] {
  const names = [...new Set(contexts.map(({ name }) => name))]
  return names.map((name) => {
    const same = contexts.filter((context) => context.name === name)
    return { name, withinSeconds: Math.min(...same.map(({ withinSeconds }) => withinSeconds)) }
  })
}
