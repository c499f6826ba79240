/** Which upgrades may pass at all: a WebSocket handshake, from the tenant's own pages. */
import type { Tenant } from '../gateway.ts'
import type { RequestFacts } from './facts.ts'

/**
 * RFC 6455 section 4.2.1. Anything else, such as h2c, would tunnel past every later check (T103).
 * @param signedIn whether the handshake would carry a person's identity: then its Origin must be there and be ours (T100).
 */
export function refusedUpgrade(
  facts: RequestFacts,
  tenant: Tenant,
  signedIn: boolean,
): { readonly reason: 'upgrade_refused' | 'origin_refused'; readonly detail: string } | null {
  const { headers } = facts
  // Older versions know no upgrades, and whoever stands between may not pass them on (RFC 9110 section 7.8).
  if (facts.version !== '1.1') return { reason: 'upgrade_refused', detail: 'http-version' }
  if (facts.method !== 'GET') return { reason: 'upgrade_refused', detail: 'method' }
  if (String(headers.upgrade).toLowerCase() !== 'websocket') return { reason: 'upgrade_refused', detail: 'protocol' }
  if (headers['sec-websocket-version'] !== '13') return { reason: 'upgrade_refused', detail: 'version' }
  if (headers['sec-websocket-key'] === undefined) return { reason: 'upgrade_refused', detail: 'key' }
  if (headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined) {
    return { reason: 'upgrade_refused', detail: 'body' }
  }
  if (headers.origin === undefined) return signedIn ? { reason: 'origin_refused', detail: 'origin-missing' } : null
  return headers.origin === tenant.publicUrl.origin ? null : { reason: 'origin_refused', detail: 'origin-foreign' }
}
