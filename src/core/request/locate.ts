/** Where a request wants to go: one of our endpoints, or a route of the upstream. The first half of every walk; pure. */
import type { RefusalCode } from '../answer/outcomes.ts'
import type { Gateway, Route, Tenant } from '../gateway.ts'
import { type EndpointName, endpointAt, endpointMethods, endpointPrefix } from './addresses.ts'
import type { RequestFacts } from './facts.ts'
import { malformed } from './malformed.ts'
import { longestPath, readPath } from './path.ts'
import { findRoute, type Requirement } from './route.ts'
import { normaliseHost, resolveTenant } from './tenant.ts'

export type Located =
  | { readonly at: 'route'; readonly tenant: Tenant; readonly route: Route; readonly requirement: Requirement }
  | { readonly at: 'endpoint'; readonly tenant: Tenant; readonly endpoint: EndpointName; readonly query: string }
  | LocatedRefusal

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
  const tenant = resolveTenant(gateway, host)
  if (tenant === null) return { at: 'refused', reason: 'tenant_unknown', tenant: null }
  const fault = malformed(facts, tenant)
  if (fault !== null) return { at: 'refused', ...fault, tenant }
  return locatePath(tenant, facts)
}

function locatePath(tenant: Tenant, facts: RequestFacts): Located {
  const cut = facts.target.indexOf('?')
  const path = cut === -1 ? facts.target : facts.target.slice(0, cut)
  if (path.length > longestPath) return { at: 'refused', reason: 'path_too_long', tenant }
  const read = readPath(path)
  if ('refused' in read) return { at: 'refused', reason: 'path_refused', detail: read.refused, tenant }
  if (read.readings.some(underPrefix)) return locateEndpoint(tenant, facts, path, cut)
  // TRACE would show the caller the identity headers that we add (RFC 9110 section 9.3.8).
  if (facts.method === 'TRACE') return { at: 'refused', reason: 'method_refused', detail: 'trace', tenant }
  const found = findRoute(tenant, facts.method, read.readings)
  if ('refused' in found) return { at: 'refused', reason: found.refused, tenant }
  return { at: 'route', tenant, route: found.route, requirement: found.requirement }
}

/** Any reading that lies under our prefix is ours, in whatever case it is written: it never reaches the upstream. */
function underPrefix(path: string): boolean {
  if (path.length < endpointPrefix.length) return false
  const start = path.slice(0, endpointPrefix.length + 1).toLowerCase()
  return start === endpointPrefix || start === `${endpointPrefix}/`
}

function locateEndpoint(tenant: Tenant, facts: RequestFacts, path: string, cut: number): Located {
  const endpoint = endpointAt(path)
  if (endpoint === null) return { at: 'refused', reason: 'endpoint_unknown', tenant }
  if (!endpointMethods[endpoint].includes(facts.method)) return { at: 'refused', reason: 'method_refused', tenant }
  return { at: 'endpoint', tenant, endpoint, query: cut === -1 ? '' : facts.target.slice(cut + 1) }
}
