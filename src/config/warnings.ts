/** Settings that are right, and yet worth saying aloud: each gives up a protection, and somebody should have meant it. */
import type { Gateway, Provider, RoleRule, Tenant } from '../core/gateway.ts'
import { isEmbeddable } from '../core/request/cross-site.ts'

export interface Warning {
  readonly tenant: string
  /** Where it is set. */
  readonly setting: string
  readonly message: string
}

/** What `check` prints, and the log says at a start and when it changes. */
export function warningsOf({ tenants }: Gateway): readonly Warning[] {
  return tenants.flatMap((tenant) => [...embedded(tenant), ...rolesOfOthers(tenant)])
}

function embedded(tenant: Tenant): readonly Warning[] {
  if (!isEmbeddable(tenant)) return []
  const { name, embeddedBy } = tenant
  const message = `browsers send the session\u2019s cookie from other sites; pages of ${embeddedBy.join(', ')} may show the application`
  return [{ tenant: name, setting: 'cookie.sameSite', message }]
}

/**
 * Where people of several directories come in, whoever runs one of them decides what its tokens say: there an administrator has any
 * directory role, makes a group of any name, assigns app roles, and writes claims (T112). Ids of groups and people are nobody's to choose.
 */
function rolesOfOthers({ name, providers, roles }: Tenant): readonly Warning[] {
  if (providers.reduce((count, provider) => count + directoriesOf(provider), 0) < 2) return []
  const areNames = providers.some((provider) => provider.kind === 'oidc' || provider.groupNames === 'emitted')
  const used = (['groups', 'appRoles', 'directoryRoles', 'claims'] as const).filter(
    (key) => (key !== 'groups' || areNames) && roles.some((role) => isOpen(role, key)),
  )
  if (used.length === 0) return []
  const message = `people of several directories come in, and whoever runs one of them decides who has these roles by ${used.join(', ')}`
  return [{ tenant: name, setting: 'roles', message }]
}

function isOpen(role: RoleRule, key: 'groups' | 'appRoles' | 'directoryRoles' | 'claims'): boolean {
  // All claims of a role must match: with the directory among them, it is for people of that one.
  return role[key].length > 0 && (key !== 'claims' || !role.claims.some(({ claim }) => claim === 'tid'))
}

function directoriesOf(provider: Provider): number {
  return provider.kind === 'oidc' ? 1 : (provider.allowedTenantIds?.length ?? 1)
}
