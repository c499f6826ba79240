/**
 * Where a request wants to go: one of our endpoints, or a route of the upstream. The first half of every walk; pure.
 */
import type { RefusalCode } from '../answer/outcomes.ts'
import type { Gateway, Route, Tenant } from '../gateway.ts'
import { type EndpointFound, endpointAt, endpointMethods, endpointPrefix } from './addresses.ts'
import { locateConsole, type ToConsole } from './console-place.ts'
import type { RequestFacts } from './facts.ts'
import { malformed } from './malformed.ts'
import { longestPath, readPath } from './path.ts'
import { type Found, findRoute, type Requirement, strictest } from './route.ts'
import { targetFor } from './target.ts'
import { hostName, normaliseHost, resolveTenant } from './tenant.ts'

export type Located =
  | ToRoute
  /** Another host of the tenant: to be opened at `location`. */
  | { readonly at: 'alias'; readonly tenant: Tenant; readonly location: string }
  | ToEndpoint
  | ToConsole
  | LocatedRefusal

export interface ToRoute {
  readonly at: 'route'
  readonly tenant: Tenant
  readonly route: Route
  readonly requirement: Requirement
  /** Path and query for the application. */
  readonly target: string
}

export interface ToEndpoint extends EndpointFound {
  readonly at: 'endpoint'
  readonly tenant: Tenant
  readonly query: string
}

export interface LocatedRefusal {
  readonly at: 'refused'
  readonly reason: RefusalCode
  /** Which rule refused it; fixed words, for the log. */
  readonly detail?: string
  /** Null where the host is nobody's. */
  readonly tenant: Tenant | null
}

/** @returns the endpoint or route that the request is for with what it needs, or the refusal; never throws. */
export function locate(gateway: Gateway, facts: RequestFacts): Located {
  const host = facts.host === null ? null : normaliseHost(facts.host)
  if (host === null) return { at: 'refused', reason: 'request_malformed', detail: 'host', tenant: null }
  // A connection that was opened for one host must not reach another: its certificate was for the first (T133).
  if (facts.serverName !== null && facts.serverName !== hostName(host)) {
    return { at: 'refused', reason: 'tenant_unknown', detail: 'server-name', tenant: null }
  }
  const tenant = resolveTenant(gateway, host)
  if (tenant === null) return locateElsewhere(gateway, host, facts)
  const fault = malformed(facts, tenant)
  if (fault !== null) return { at: 'refused', ...fault, tenant }
  return locatePath(tenant, facts)
}

/** Hosts that are ours and yet no tenant's public URL. */
function locateElsewhere(gateway: Gateway, host: string, facts: RequestFacts): Located {
  if (host === consoleHost(gateway)) {
    const fault = malformed(facts, null)
    return fault === null ? locateConsole(facts.target) : { at: 'refused', ...fault, tenant: null }
  }
  const tenant = gateway.aliases.get(host)
  if (tenant !== undefined && facts.kind !== 'upgrade') {
    const fault = malformed(facts, tenant)
    if (fault !== null) return { at: 'refused', ...fault, tenant }
    // Without its slash, a target would go on with the name of the host.
    if (!facts.target.startsWith('/')) return { at: 'refused', reason: 'path_refused', detail: 'no-slash', tenant }
    return { at: 'alias', tenant, location: tenant.publicUrl.origin + facts.target }
  }
  const closed = gateway.closedHosts.get(host)
  if (closed === undefined) return { at: 'refused', reason: 'tenant_unknown', tenant: null }
  const reason = closed.why === 'off' ? 'tenant_off' : 'tenant_broken'
  return { at: 'refused', reason, detail: closed.tenant, tenant: null }
}

/** No tenant has it, on any port: config refuses that. */
function consoleHost({ server }: Gateway): string | null {
  return server.console === null ? null : normaliseHost(server.console.host)
}

function locatePath(tenant: Tenant, facts: RequestFacts): Located {
  const cut = facts.target.indexOf('?')
  const path = cut === -1 ? facts.target : facts.target.slice(0, cut)
  if (path.length > longestPath) return { at: 'refused', reason: 'path_too_long', tenant }
  if (path === tenant.callbackPath && facts.method === 'GET') {
    return isWorkerScript(facts) ? noWorkerHere(tenant) : toCallback(tenant, facts, cut)
  }
  const read = readPath(path)
  if ('refused' in read) return { at: 'refused', reason: 'path_refused', detail: read.refused, tenant }
  if (read.readings.some(underPrefix)) {
    return isWorkerScript(facts) ? noWorkerHere(tenant) : locateEndpoint(tenant, facts, path, cut)
  }
  // TRACE would show the caller the identity headers that we add (RFC 9110 section 9.3.8).
  if (facts.method === 'TRACE') return { at: 'refused', reason: 'method_refused', detail: 'trace', tenant }
  const found = findRoute(tenant, facts.method, read.readings)
  if ('refused' in found) return { at: 'refused', reason: found.refused, tenant }
  const { route } = found
  const requirement = withDestination(tenant, facts, found)
  if (requirement === null) return { at: 'refused', reason: 'path_refused', detail: 'destination', tenant }
  const target = targetFor(route.to, facts.target)
  if (target === null) return { at: 'refused', reason: 'path_refused', detail: 'prefix', tenant }
  return { at: 'route', tenant, route, requirement, target }
}

/** Methods that write to a second place, which their Destination header names (RFC 4918 section 10.3). */
const twoPlaces: ReadonlySet<string> = new Set(['COPY', 'MOVE'])

/**
 * What the request asks for, with what the place asks for that it writes to.
 * The path alone is judged, whatever host stands before it: an application may look at no more than that (T16). Null
 * where the place cannot be read, belongs to another application, or would need a prefix taken off, which nobody does
 * in a header.
 */
function withDestination(tenant: Tenant, facts: RequestFacts, found: Found): Requirement | null {
  const { destination } = facts.headers
  if (destination === undefined || !twoPlaces.has(facts.method)) return found.requirement
  const target = String(destination).replace(/^https?:\/\/[^/\\?#]+(?=\/)/i, '')
  if (target.length > longestPath || target.startsWith('//')) return null
  const read = readPath(target.replace(/[?#].*$/s, ''))
  if ('refused' in read || read.readings.some(underPrefix)) return null
  const there = findRoute(tenant, facts.method, read.readings)
  if ('refused' in there || there.route.to !== found.route.to) return null
  if (found.route.to.act === 'forward' && found.route.to.stripPrefix !== null) return null
  return strictest([found.requirement, there.requirement])
}

/** Any reading that lies under our prefix is ours, in whatever case it is written: it never reaches the upstream. */
function underPrefix(path: string): boolean {
  if (path.length < endpointPrefix.length) return false
  const start = path.slice(0, endpointPrefix.length + 1).toLowerCase()
  return start === endpointPrefix || start === `${endpointPrefix}/`
}

/**
 * Browsers say so when they fetch the script of a service worker, and no page can
 * (https://w3c.github.io/ServiceWorker/#service-worker-script-request). One of ours would stand before our addresses (T118).
 */
function isWorkerScript({ headers }: RequestFacts): boolean {
  return headers['service-worker'] !== undefined
}

function noWorkerHere(tenant: Tenant): Located {
  return { at: 'refused', reason: 'endpoint_unknown', detail: 'service-worker', tenant }
}

function locateEndpoint(tenant: Tenant, facts: RequestFacts, path: string, cut: number): Located {
  const found = endpointAt(path)
  if (found === null || (found.endpoint === 'photo' && !tenant.photo))
    return { at: 'refused', reason: 'endpoint_unknown', tenant }
  // Whether these are there is nobody's business while they are closed: their handlers judge the method too.
  if (found.endpoint === 'breakGlass' || found.endpoint === 'breakGlassReturn') {
    if (tenant.emergency.length === 0) return { at: 'refused', reason: 'endpoint_unknown', tenant }
    return { at: 'endpoint', tenant, ...found, query: queryAfter(cut, facts) }
  }
  if (!endpointMethods[found.endpoint].includes(facts.method))
    return { at: 'refused', reason: 'method_refused', tenant }
  return { at: 'endpoint', tenant, ...found, query: queryAfter(cut, facts) }
}

/**
 * Where a tenant has people come back to an address of its own: only as it is registered, to the letter; any other
 * spelling is the application's.
 */
function toCallback(tenant: Tenant, facts: RequestFacts, cut: number): Located {
  return { at: 'endpoint', tenant, endpoint: 'callback', segment: '', query: queryAfter(cut, facts) }
}

function queryAfter(cut: number, { target }: RequestFacts): string {
  return cut === -1 ? '' : target.slice(cut + 1)
}
