/**
 * By which of a tenant's providers somebody signs in: the only one, the one they named or chose last, or that of their
 * e-mail domain.
 */
import type { Provider, Tenant } from '../gateway.ts'

export interface Wish {
  /** As the tenant's configuration calls it. */
  readonly named: string | null
  /** The e-mail address that the person typed: it chooses the way, and vouches for nothing. */
  readonly email: string | null
  /** An address that a link brought along, or `@` and its domain. */
  readonly hinted: string | null
  /** What this browser chose last. */
  readonly remembered: string | null
}

export type Choice =
  | { readonly provider: Provider }
  /** Nobody has said it, so the person has to. */
  | { readonly ask: 'person' }

/** The only provider is it, whatever was asked for: a wish may be old, or somebody else's. */
export function chooseProvider(tenant: Tenant, { named, email, hinted, remembered }: Wish): Choice {
  const [only, ...others] = tenant.providers
  if (others.length === 0) return { provider: only }
  const wished = named === null ? null : providerCalled(tenant, named)
  if (wished !== null) return { provider: wished }
  const home = providerFor(tenant, email ?? hinted ?? '')
  if (home !== null) return { provider: home }
  if (email !== null) return { ask: 'person' }
  const last = remembered === null ? null : providerCalled(tenant, remembered)
  return last === null ? { ask: 'person' } : { provider: last }
}

/** As the tenant calls it: without its own name, which begins that of a provider of its own. */
export function shortName({ name }: Provider): string {
  return name.slice(name.lastIndexOf('/') + 1)
}

/** Null where the tenant has none of this name that is enabled. One of its own never shares a name with a shared one. */
export function providerCalled({ providers }: Tenant, name: string): Provider | null {
  return providers.find((provider) => shortName(provider) === name) ?? null
}

/**
 * Home-realm discovery: the one provider that is for the domain of an address, or for one above it; the nearest wins.
 */
function providerFor({ providers }: Tenant, email: string): Provider | null {
  const at = email.lastIndexOf('@')
  // No domain is longer (RFC 1035 section 2.3.4), and each of its labels costs a look through all that are configured
  // (T88).
  if (at < 0 || email.length - at > 254) return null
  for (let domain = email.slice(at + 1).toLowerCase(); domain.includes('.'); domain = above(domain)) {
    const found = providers.filter(({ emailDomains }) => emailDomains.includes(domain))
    if (found[0] !== undefined) return found.length === 1 ? found[0] : null
  }
  return null
}

function above(domain: string): string {
  return domain.slice(domain.indexOf('.') + 1)
}
