/** Whoever vouches for people: the authority that a provider names, and the directories whose people it may bring. */
import type { EntraProvider, Provider, Tenant } from '../gateway.ts'
import type { SessionFacts } from './session.ts'

/** The directory of personal Microsoft accounts. */
export const personalDirectory = '9188040d-6c67-4c5b-b112-36a304b66dad'

/**
 * Where a sign-in is begun and finished, byte for byte as the configuration has it: another one is another authority
 * (T126).
 */
export function authorityOf(provider: Provider): string {
  return provider.kind === 'entra' ? `${provider.authority}/${provider.tenantId}` : provider.issuer
}

/**
 * The client that a provider knows us as. Providers of several tenants may be one, under other names, and at Entra also
 * under another spelling of the directory: a client id is the same in all of them.
 */
export function registrationOf(provider: Provider): string {
  return `${provider.kind === 'entra' ? provider.authority : provider.issuer} ${provider.clientId}`
}

/** One directory by its id. Of a domain that is known only once the sign-in service has been asked. */
export function isDirectoryId(tenantId: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(tenantId)
}

/** True for `organizations`, `common` and `consumers`, where the token says which directory it is of. */
export function isKeyword(tenantId: string): boolean {
  return tenantId === 'organizations' || tenantId === 'common' || tenantId === 'consumers'
}

/**
 * Whether people of a directory may come in by this provider. Entra itself lets in those of any (T106).
 * @param directoryId lower case. For a domain the caller has held it against what the domain stands for.
 */
export function admitsDirectory({ tenantId, allowedTenantIds }: EntraProvider, directoryId: string): boolean {
  if (allowedTenantIds !== null && !allowedTenantIds.includes(directoryId)) return false
  if (tenantId === 'consumers') return directoryId === personalDirectory
  if (tenantId === 'organizations') return allowedTenantIds !== null && directoryId !== personalDirectory
  if (tenantId === 'common') return allowedTenantIds !== null
  return !isDirectoryId(tenantId) || directoryId === tenantId
}

/** The provider that vouches for somebody at this tenant; null once the tenant has none any more that does (T126). */
export function providerOf(tenant: Tenant, facts: SessionFacts): Provider | null {
  for (const provider of tenant.providers) if (provider.name === facts.provider) return vouching(provider, facts)
  return null
}

function vouching(provider: Provider, facts: SessionFacts): Provider | null {
  if (authorityOf(provider) !== facts.authority) return null
  if (provider.kind === 'oidc') return facts.directoryId === provider.issuer ? provider : null
  return admitsDirectory(provider, facts.directoryId) ? provider : null
}
