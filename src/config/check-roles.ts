/** Rules across the roles of one tenant: what can give them, and whether anybody can have them. */
import { isDirectoryId, personalDirectory } from '../core/identity/authority.ts'
import type { IsWritten } from './check-provider.ts'
import type { Finding, Path } from './issues.ts'
import { doubled, unknownName } from './names.ts'
import { personProblem, readPerson } from './person.ts'
import type { ProviderDraft } from './provider-draft.ts'
import type { TenantDraft } from './salvage.ts'
import { readClaimName, readGuid } from './values.ts'

type RoleDraft = NonNullable<NonNullable<TenantDraft['roles']>[number]>

/** @param providers all of the tenant. */
export function checkRoles(
  tenant: TenantDraft,
  providers: readonly ProviderDraft[],
  isWritten: IsWritten,
): readonly Finding[] {
  const roles = (tenant.roles ?? []).map((role) => role ?? {})
  return [
    ...checkNames(tenant, isWritten),
    ...roles.flatMap((role, place) => [
      ...checkGroups(role, ['roles', place, 'groups'], providers),
      ...checkDirectoryRoles(role, ['roles', place, 'directoryRoles'], providers),
      ...checkPeople(role, ['roles', place, 'people'], providers),
      ...checkClaims(role, ['roles', place, 'claims']),
    ]),
    ...checkPersonalAccounts(roles, providers),
  ]
}

function checkNames({ roles, noRole, routes }: TenantDraft, isWritten: IsWritten): readonly Finding[] {
  if (roles === undefined) return []
  const names = roles.map((role) => role?.name)
  const pointless = roles.length > 0 ? [] : ['noRole', 'sendRoles'].filter((key) => isWritten([key]))
  const undefinedRole = 'this tenant has no role of this name'
  return [
    ...doubled(
      names.map((name, index) => [name, ['roles', index, 'name']]),
      'another role of this tenant has this name',
    ),
    ...pointless.map((key) => ({
      path: [key],
      at: 'key' as const,
      found: null,
      message: 'without `roles` this has no effect',
    })),
    ...roles.flatMap((role, index) =>
      isNobodys(role) && noRole !== undefined && noRole !== role?.name
        ? [{ path: ['roles', index], found: null, message: `nobody can have this role: it names none of ${criteria}` }]
        : [],
    ),
    ...(noRole === undefined || noRole === 'refuse' || noRole === 'allow' || roles.length === 0
      ? []
      : unknownName(noRole, ['refuse', 'allow', ...names], ['noRole'], undefinedRole)),
    ...(routes ?? []).flatMap((route, place) =>
      Array.isArray(route?.access)
        ? route.access.flatMap((name: string, index) =>
            unknownName(name, names, ['routes', place, 'access', index], undefinedRole),
          )
        : [],
    ),
  ]
}

const criteria = 'groups, appRoles, directoryRoles, people and claims'

function isNobodys(role: RoleDraft | undefined): boolean {
  const { groups, appRoles, directoryRoles, people, claims } = role ?? {}
  const lists = [groups, appRoles, directoryRoles, people]
  return lists.every((list) => list?.length === 0) && claims !== undefined && Object.keys(claims).length === 0
}

/**
 * Where all tokens name groups by object ids, a name would never match; and where all name them otherwise, an id would
 * not.
 */
function checkGroups({ groups = [] }: RoleDraft, path: Path, providers: readonly ProviderDraft[]): readonly Finding[] {
  const naming = providers.map(({ kind, groupNames }) => (kind === 'oidc' ? 'any' : groupNames))
  return groups.flatMap((group, index) => {
    const read = group === undefined ? null : readGuid(group)
    if (read === null) return []
    const at = { path: [...path, index] }
    if ('problem' in read && naming.every((each) => each === 'ids')) {
      const allowed = 'the object ID of a group, a GUID such as 11111111-2222-3333-4444-555555555555'
      return [{ ...at, message: read.problem, allowed }]
    }
    return 'value' in read && naming.every((each) => each === 'emitted')
      ? [{ ...at, message: 'with `groupNames: emitted` tokens have names of groups, and no ids' }]
      : []
  })
}

function checkDirectoryRoles({ directoryRoles = [] }: RoleDraft, path: Path, providers: readonly ProviderDraft[]) {
  const isPointless = directoryRoles.length > 0 && providers.every(({ kind }) => kind === 'oidc')
  const message = 'only Microsoft Entra has directory roles, so this has no effect'
  return isPointless ? [{ path, at: 'key' as const, found: null, message }] : []
}

function checkPeople({ people = [] }: RoleDraft, path: Path, providers: readonly ProviderDraft[]): readonly Finding[] {
  return people.flatMap((person, index) => {
    const found = person === undefined ? null : personProblem(person, providers)
    return found === null ? [] : [{ path: [...path, index], ...found }]
  })
}

/**
 * People and other directories choose what these say, or they change; the others have a key of their own, or are not
 * kept.
 */
const unfitClaims: ReadonlyMap<string, string> = new Map([
  ...['email', 'preferred_username', 'upn', 'unique_name', 'name'].map(
    (claim) => [claim, 'this claim can be changed to say somebody else, so it gives no role: use `people`'] as const,
  ),
  // Of OpenID Connect Core 5.1 what people write about themselves.
  ...['given_name', 'family_name', 'middle_name', 'nickname', 'profile', 'picture', 'website', 'phone_number'].map(
    (claim) => [claim, 'people write this claim themselves, so it gives no role: use `people`'] as const,
  ),
  ['groups', 'groups have a key of their own: `groups`'],
  ['roles', 'app roles have a key of their own: `appRoles`'],
  ['wids', 'directory roles have a key of their own: `directoryRoles`'],
  ['oid', 'people have a key of their own: `people`'],
  ['sub', 'people have a key of their own: `people`'],
])

function checkClaims({ claims = {} }: RoleDraft, path: Path): readonly Finding[] {
  return Object.keys(claims).flatMap((claim) => {
    const read = readClaimName(claim)
    const message = 'problem' in read ? read.problem : unfitClaims.get(claim)
    return message === undefined ? [] : [{ path: [...path, claim], at: 'key' as const, found: null, message }]
  })
}

/** Anybody in the world can have such an account: it must never be enough to have one. */
function checkPersonalAccounts(roles: readonly RoleDraft[], providers: readonly ProviderDraft[]): readonly Finding[] {
  if (!providers.some(({ directories }) => directories?.includes(personalDirectory))) return []
  const people = roles.flatMap((role) => role.people ?? [undefined])
  const [only, ...others] = providers.flatMap(({ directories }) => directories ?? [''])
  const isPersonal = (person: string) => {
    const { directoryId, objectId } = readPerson(person)
    if (directoryId !== null) return directoryId === personalDirectory
    return only === personalDirectory && others.length === 0 && isDirectoryId(objectId.toLowerCase())
  }
  if (people.some((person) => person === undefined || isPersonal(person))) return []
  const message =
    'a provider lets in personal Microsoft accounts, and of these only people get in who are named: name them in `people` of a role'
  return [{ path: ['roles'], found: null, message }]
}
