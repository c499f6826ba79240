/** Which tenant a host name belongs to, whatever the port: all that a TLS handshake and the plain port know of it. */
import type { Gateway, Tenant } from '../gateway.ts'
import { hostName } from './tenant.ts'

/** @param name normalised, without port. @returns the tenant that has it in `publicUrl` or `aliases`, or null. */
export function tenantNamed(gateway: Gateway, name: string): Tenant | null {
  return namesOf(gateway).get(name) ?? null
}

/** A host name as TLS gives it (RFC 6066 section 3), in the spelling of `normaliseHost`. */
export function normaliseServerName(name: string): string {
  return name.toLowerCase().replace(/\.$/, '')
}

/** Made once per configuration: a handshake costs the same with one tenant and with thousands. */
const names = new WeakMap<Gateway, ReadonlyMap<string, Tenant | null>>()

function namesOf(gateway: Gateway): ReadonlyMap<string, Tenant | null> {
  const known = names.get(gateway)
  if (known !== undefined) return known
  const made = new Map<string, Tenant | null>()
  const closed = [...gateway.closedHosts.keys()].map((host) => [host, null] as const)
  const hosts = [...gateway.tenantsByHost, ...gateway.aliases, ...closed]
  // Who has the name without a port has it, also while it is off or broken: a tenant on another port must not put its certificate
  // in front of that one's visitors, nor have them sent over (T133).
  for (const withPort of [false, true]) {
    for (const [host, tenant] of hosts) {
      const name = hostName(host)
      if ((name !== host) === withPort && !made.has(name)) made.set(name, tenant)
    }
  }
  names.set(gateway, made)
  return made
}
