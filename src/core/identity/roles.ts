/** What a person's groups and app roles make of them in an application. A pure function of facts and configuration. */
import type { ClaimRule, RoleRule, Tenant } from '../gateway.ts'
import { emergencyAccountOf, isBreakGlass } from './break-glass.ts'
import { isPerson, isUnknownPersonalAccount } from './people.ts'
import type { Session, SessionFacts } from './session.ts'

export interface RolesFound {
  /** In the order of the configuration. */
  readonly roles: readonly string[]
  /** What matched and what it gave, for the log and for explanations. */
  readonly matched: readonly RoleMatch[]
  /**
   * False where the person matches nothing and the tenant's `noRole` is to refuse, and for personal accounts that
   * nobody named.
   */
  readonly admitted: boolean
}

export interface RoleMatch {
  readonly role: string
  readonly by: 'group' | 'app-role' | 'directory-role' | 'person' | 'claim' | 'no-role' | 'break-glass'
  /** An id, the value of an app role, the names of claims (never what a claim says), or the name of an account. */
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
  if (isBreakGlass(facts)) return ofAccount(tenant, facts)
  // At every request, not only at the sign-in: who is taken out of the configuration is out.
  if (isUnknownPersonalAccount(tenant, facts)) return { roles: [], matched: [], admitted: false }
  const matched = tenant.roles.flatMap((rule) => matchesOf(rule, facts))
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

/** The one role of the account, whatever the role map says; whoever has none any more is nobody. */
function ofAccount(tenant: Tenant, facts: SessionFacts): RolesFound {
  const account = emergencyAccountOf(tenant, facts)
  if (account === null) return { roles: [], matched: [], admitted: false }
  const { role, name } = account
  return { roles: [role], matched: [{ role, by: 'break-glass', value: name }], admitted: true }
}

function matchesOf(rule: RoleRule, facts: SessionFacts): readonly RoleMatch[] {
  const { groups, appRoles, directoryRoles, people, claims } = rule
  const by = (kind: RoleMatch['by'], values: readonly string[]) =>
    values.map((value) => ({ role: rule.name, by: kind, value }))
  const isClaimed = claims.length > 0 && claims.every((each) => isStated(each, facts))
  return [
    ...by('group', held(groups, facts.groups)),
    ...by('app-role', held(appRoles, facts.appRoles)),
    ...by('directory-role', held(directoryRoles, facts.directoryRoles)),
    ...by('person', people.some((person) => isPerson(person, facts)) ? [facts.objectId] : []),
    ...by('claim', isClaimed ? [claims.map(({ claim }) => claim).join(',')] : []),
  ]
}

function held(named: readonly string[], has: readonly string[]): readonly string[] {
  return named.filter((each) => has.includes(each))
}

/** Letter by letter, numbers and truth values as they are written in JSON; of a list one element is enough. */
function isStated({ claim, anyOf }: ClaimRule, { claims }: SessionFacts): boolean {
  const value = Object.hasOwn(claims, claim) ? claims[claim] : undefined
  if (value === undefined) return false
  return typeof value === 'object' ? value.some((each) => anyOf.includes(each)) : anyOf.includes(String(value))
}
