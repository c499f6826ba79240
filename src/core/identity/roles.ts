/** What a person's groups and app roles make of them in an application. A pure function of facts and configuration. */
import type { Tenant } from '../gateway.ts'
import type { Session } from './session.ts'

export interface RolesFound {
  /** In the order of the configuration. */
  readonly roles: readonly string[]
  /** What matched and what it gave, for the log and for explanations: ids only. */
  readonly matched: readonly RoleMatch[]
  /** False where the person matches nothing and the tenant's `noRole` is to refuse. */
  readonly admitted: boolean
}

export interface RoleMatch {
  readonly role: string
  readonly by: 'group' | 'app-role' | 'no-role'
  readonly value: string
}

/**
 * Works out the roles. A tenant without `roles` admits everybody who is signed in.
 * @returns the same object for the same session and tenant, so that what follows from it can be memoised too.
 */
export function resolveRoles(tenant: Tenant, session: Session): RolesFound {
  const known = memo.get(session)
  if (known?.tenant === tenant) return known.found
  const found = workOut(tenant, session)
  memo.set(session, { tenant, found })
  return found
}

const memo = new WeakMap<Session, { readonly tenant: Tenant; readonly found: RolesFound }>()

function workOut(tenant: Tenant, { facts }: Session): RolesFound {
  const matched: RoleMatch[] = []
  for (const rule of tenant.roles) {
    for (const group of rule.groups) {
      if (facts.groups.includes(group)) matched.push({ role: rule.name, by: 'group', value: group })
    }
    for (const appRole of rule.appRoles) {
      if (facts.appRoles.includes(appRole)) matched.push({ role: rule.name, by: 'app-role', value: appRole })
    }
  }
  const roles = [...new Set(matched.map((match) => match.role))]
  if (roles.length > 0 || tenant.roles.length === 0) return { roles, matched, admitted: true }
  switch (tenant.noRole.act) {
    case 'refuse':
      return { roles, matched, admitted: false }
    case 'allow':
      return { roles, matched, admitted: true }
    case 'role': {
      const { role } = tenant.noRole
      return { roles: [role], matched: [{ role, by: 'no-role', value: '' }], admitted: true }
    }
    default:
      return tenant.noRole satisfies never
  }
}
