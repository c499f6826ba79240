/** Strict-Transport-Security (RFC 6797): browsers are told to come by https alone, by a gateway that ends TLS itself. */
import type { Gateway, Tenant } from '../gateway.ts'

export const strictTransportName = 'Strict-Transport-Security'

/**
 * The value of the header for answers on a tenant's hosts, ours and the application's.
 * @returns null where it must not be sent: something in front ends TLS, it is switched off, the host is nobody's, or the
 *   tenant is on http, which only localhost may be (section 7.2).
 */
export function strictTransport({ server }: Gateway, tenant: Tenant | null): string | null {
  return forScheme(server, tenant?.publicUrl.scheme ?? null)
}

/** The same for the console's host. */
export function consoleStrictTransport({ server }: Gateway): string | null {
  return forScheme(server, server.console?.scheme ?? null)
}

function forScheme({ tls }: Gateway['server'], scheme: 'http' | 'https' | null): string | null {
  const seconds = tls?.hstsSeconds ?? 0
  return seconds > 0 && scheme === 'https' ? `max-age=${seconds}` : null
}
