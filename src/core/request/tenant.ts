/** Which tenant a request belongs to: the Host header decides, nothing else. */
import type { Gateway, Tenant } from '../gateway.ts'

/** Letters, digits, dots and hyphens, or an IPv6 address in brackets; then perhaps a port. No user info, no blanks. */
const hostShape = /^(\[[0-9a-f:.]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)\.?(?::(\d{1,5}))?$/

/**
 * A Host header in the one spelling that tenants are found by: lower case, without trailing dot, without the port of
 * http or https (RFC 9110 section 4.2.3). Null when it is no host at all (T10).
 */
export function normaliseHost(host: string): string | null {
  const parts = hostShape.exec(host.toLowerCase())
  if (parts === null) return null
  const [, name, port] = parts
  if (name === undefined) return null
  return port === undefined || port === '80' || port === '443' ? name : `${name}:${port}`
}

/** A normalised host without its port: what TLS knows of it. */
export function hostName(host: string): string {
  return host.replace(/:\d+$/, '')
}

/** The tenant that owns this host, or null: there is no default tenant (T15). */
export function resolveTenant(gateway: Gateway, host: string): Tenant | null {
  return gateway.tenantsByHost.get(host) ?? null
}
