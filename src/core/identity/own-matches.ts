/** What of the configuration is a person's, for the person to see: what matched, and how much did not. */
import type { Tenant } from '../gateway.ts'
import { namedAppRoles, namedGroups } from './claims.ts'
import { type RoleMatch, resolveRoles } from './roles.ts'
import type { Session } from './session.ts'

export interface OwnMatches {
  readonly roles: readonly string[]
  /** False where the person matches nothing and `noRole` is to refuse. */
  readonly admitted: boolean
  /** Groups and app roles of the person, with the role that each gave. */
  readonly matched: readonly RoleMatch[]
  /** How many others give a role here. Their names are nobody's business who does not have them. */
  readonly unmatched: { readonly groups: number; readonly appRoles: number }
}

export function ownMatches(tenant: Tenant, session: Session): OwnMatches {
  const { roles, matched, admitted } = resolveRoles(tenant, session)
  const { facts } = session
  const others = (named: ReadonlySet<string>, held: readonly string[]) =>
    [...named].filter((each) => !held.includes(each)).length
  const groups = others(namedGroups(tenant), facts.groups)
  const appRoles = others(namedAppRoles(tenant), facts.appRoles)
  return { roles, admitted, matched, unmatched: { groups, appRoles } }
}
