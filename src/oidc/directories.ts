/**
 * Which directory a provider's answers must be of: one that the configuration names, one that a domain stands for, or
 * the token's own.
 */
import type { EntraProvider, Provider } from '../core/gateway.ts'
import { isDirectoryId, isKeyword, personalDirectory } from '../core/identity/authority.ts'

/** What every ID token of a directory calls its issuer, byte for byte. */
export function issuerOf({ authority }: EntraProvider, directoryId: string): string {
  return `${authority}/${directoryId}/v2.0`
}

/** Stands in a discovery document for the directory that each token names itself. */
export const template = '{tenantid}'

/** True where only the token says which of the allowed directories it is of. */
export function hasSeveral(provider: Provider): provider is EntraProvider {
  return provider.kind === 'entra' && isKeyword(provider.tenantId) && provider.tenantId !== 'consumers'
}

/** The one directory, where the configuration says it. */
function configuredDirectory({ tenantId, allowedTenantIds }: EntraProvider): string | null {
  if (tenantId === 'consumers') return personalDirectory
  if (isKeyword(tenantId)) return null
  return isDirectoryId(tenantId) ? tenantId : (allowedTenantIds?.[0] ?? null)
}

/**
 * Reads the issuer of a discovery document.
 * @param pinned what a domain stood for before: it may not move to another directory while the gateway runs.
 * @returns the directory; null where tokens name theirs, and for any provider that is not Entra's.
 * @throws where it is another issuer than the configuration means.
 */
export function directoryNamed(provider: Provider, issuer: string, pinned: string | null): string | null {
  if (provider.kind === 'oidc') return expect(issuer, provider.issuer, null)
  if (hasSeveral(provider)) return expect(issuer, issuerOf(provider, template), null)
  const known = configuredDirectory(provider) ?? pinned
  if (known !== null) return expect(issuer, issuerOf(provider, known), known)
  const named = /\/([0-9a-f-]{36})\/v2\.0$/.exec(issuer)?.[1] ?? ''
  if (isDirectoryId(named) && named !== personalDirectory) return expect(issuer, issuerOf(provider, named), named)
  throw wrongIssuer(issuer, issuerOf(provider, '<directory id>'))
}

function expect<Value>(issuer: string, expected: string, value: Value): Value {
  if (issuer !== expected) throw wrongIssuer(issuer, expected)
  return value
}

/** What a document says may be of any length and any letters; what is configured is ours. */
function wrongIssuer(said: unknown, expected: string): Error {
  return new Error(
    `the discovery document names another issuer: ${JSON.stringify(said)?.slice(0, 200)} is not ${expected}`,
  )
}
