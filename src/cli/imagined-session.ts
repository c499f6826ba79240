/**
 * Somebody who might have signed in: a session out of nothing but groups and app roles, to think a decision through.
 */
import type { Provider, Tenant } from '../core/gateway.ts'
import { authorityOf, personalDirectory, registrationOf } from '../core/identity/authority.ts'
import { namedGroups } from '../core/identity/claims.ts'
import type { Session } from '../core/identity/session.ts'

/**
 * @param held groups and app roles as somebody typed them. Of the groups a session keeps those that the configuration
 * names.
 * @returns a session that this provider vouches for at this tenant.
 */
export function imaginedSession(
  tenant: Tenant,
  provider: Provider,
  held: { readonly groups: readonly string[]; readonly appRoles: readonly string[] },
): Session {
  const named = namedGroups(tenant)
  const groups = held.groups.flatMap((group) =>
    [group, group.toLowerCase()].filter((each, at, both) => named.has(each) && both.indexOf(each) === at),
  )
  const facts = {
    ...{ tenant: tenant.name, provider: provider.name, authority: authorityOf(provider) },
    registration: registrationOf(provider),
    ...{ directoryId: directoryOf(provider), objectId: '', claims: {}, groups, appRoles: held.appRoles },
    directoryRoles: [],
    ...{ graph: {}, sid: null, authTime: null, contexts: {}, startedAt: 0, checkedAt: 0 },
  }
  return { facts, version: 1 }
}

/** One whose people the provider brings. */
function directoryOf(provider: Provider): string {
  if (provider.kind === 'oidc') return provider.issuer
  return provider.tenantId === 'consumers' ? personalDirectory : (provider.allowedTenantIds?.[0] ?? provider.tenantId)
}
