/** What `SameSite=Lax` would have held back: the rule for tenants whose cookies browsers send from other sites too. */
import type { Tenant } from '../gateway.ts'
import type { RequestFacts } from './facts.ts'

/** Whether the tenant's pages may stand in frames of other sites, and its cookies therefore come from there. */
export function isEmbeddable({ embeddedBy }: Pick<Tenant, 'embeddedBy'>): boolean {
  return embeddedBy.length > 0
}

/**
 * Whether another site has made the browser send this, other than by opening a page in a window or a frame. Such a
 * request must not act for the person whose cookie it carries (cross-site request forgery), nor be read by where it
 * lands (T82).
 * Browsers that send such cookies send Fetch Metadata, which no page can write; without it, Origin must be the tenant's
 * own, and where neither stands nothing but reading passes (RFC 6265bis section 5.2,
 * https://www.w3.org/TR/fetch-metadata/).
 */
export function isForeignRequest(facts: Pick<RequestFacts, 'method' | 'kind' | 'headers'>, tenant: Tenant): boolean {
  const { method, kind, headers } = facts
  const site = headers['sec-fetch-site']
  const reads = method === 'GET' || method === 'HEAD'
  if (site === undefined) return headers.origin === undefined ? !reads : headers.origin !== tenant.publicUrl.origin
  if (site === 'same-origin' || site === 'same-site' || site === 'none') return false
  const opens = kind === 'navigation' || (kind === 'frame' && isFrame(headers['sec-fetch-dest']))
  return !(reads && opens)
}

/** Not `object` and `embed`, which show what is no page. */
function isFrame(destination: unknown): boolean {
  return destination === 'iframe' || destination === 'frame'
}
