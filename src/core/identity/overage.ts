/**
 * What Entra leaves out of a token because it would be too much (overage), and whether it can be found out elsewhere.
 * @see https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference#groups-overage-claim
 */
import type { EntraProvider, Tenant } from '../gateway.ts'
import { isDirectoryId } from './authority.ts'
import { type Claims, namedAppRoles, namedDirectoryRoles, namedGroups } from './claims.ts'

export type Overage =
  /** Roles of the tenant depend on it, and nobody can be asked. */
  | { readonly refused: 'groups-overage' | 'roles-overage' | 'directory-roles-overage' }
  /**
   * Object ids of which Graph must say whether the person belongs to them; null where the token lists what there is.
   */
  | { readonly groups: readonly string[] | null; readonly appRoles: readonly string[] | null }

/**
 * The groups in the tenant's roles, as far as tokens of this provider can mean them: a name is not taken for an id
 * (T112).
 */
export function groupsThrough(tenant: Tenant, { groupNames }: EntraProvider): ReadonlySet<string> {
  return new Set([...namedGroups(tenant)].filter((group) => isDirectoryId(group) === (groupNames === 'ids')))
}

/** Whether something could be left out on which roles depend, and Graph be asked for it. */
export function mayAskMemberships(tenant: Tenant, provider: EntraProvider): boolean {
  if (!canAsk(provider)) return false
  return groupsThrough(tenant, provider).size > 0 || idsAmong(namedAppRoles(tenant)).length > 0
}

/** Ids alone: names are not unique, and Graph would have to be asked for each whose it is. */
function canAsk({ overage, groupNames }: EntraProvider): boolean {
  return overage === 'graph' && groupNames === 'ids'
}

/** App roles that can only be groups, sent in their place (`emit_as_roles`). */
function idsAmong(appRoles: ReadonlySet<string>): readonly string[] {
  return [...appRoles].filter((each) => isDirectoryId(each.toLowerCase()))
}

/** What is left out counts only where a role of the tenant depends on it. */
export function readOverage(tenant: Tenant, provider: EntraProvider, claims: Claims): Overage {
  const groups = groupsThrough(tenant, provider)
  const appRoles = namedAppRoles(tenant)
  const ids = idsAmong(appRoles)
  const groupsOpen = groups.size > 0 && (hasGroups(claims) || pointsAt(claims, 'groups'))
  const rolesOpen = appRoles.size > 0 && pointsAt(claims, 'roles')
  // Where groups are sent as roles, this mark stands for them too.
  const eitherOpen = ids.length > 0 && hasGroups(claims) && claims.roles === undefined
  if (groupsOpen && !canAsk(provider)) return { refused: 'groups-overage' }
  if ((rolesOpen || eitherOpen) && !canAsk(provider)) return { refused: 'roles-overage' }
  // Of a true app role Graph says nothing that could be asked for.
  if (rolesOpen && ids.length < appRoles.size) return { refused: 'roles-overage' }
  if (namedDirectoryRoles(tenant).size > 0 && pointsAt(claims, 'wids')) return { refused: 'directory-roles-overage' }
  return { groups: groupsOpen ? [...groups] : null, appRoles: rolesOpen || eitherOpen ? ids : null }
}

/** The mark of tokens that come by way of the browser. */
function hasGroups({ hasgroups }: Claims): boolean {
  return hasgroups !== undefined && hasgroups !== null && hasgroups !== false
}

/**
 * The endpoint that `_claim_sources` names is never asked: it is retired, and a token must not choose whom we call
 * (T110).
 */
function pointsAt(claims: Claims, claim: 'groups' | 'roles' | 'wids'): boolean {
  if (Object.keys(claims).some((name) => name.startsWith(`${claim}:`))) return true
  const names = claims._claim_names
  if (names === undefined) return false
  // Pointers in a shape that nobody knows could point at anything.
  return typeof names !== 'object' || names === null || Array.isArray(names) || Object.hasOwn(names, claim)
}
