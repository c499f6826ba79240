/**
 * Settings that are right, and yet worth saying aloud: each gives up a protection, and somebody should have meant it.
 */
import { presets } from '../core/answer/presets.ts'
import type { BreakGlassSettings, Gateway, HeaderEntry, Provider, RoleRule, Tenant } from '../core/gateway.ts'
import { isDirectoryId } from '../core/identity/authority.ts'
import { isEmbeddable } from '../core/request/cross-site.ts'

export interface Warning {
  readonly tenant: string
  /** Where it is set. */
  readonly setting: string
  readonly message: string
}

/** What `check` prints, and the log says at a start and when it changes. */
export function warningsOf({ tenants, breakGlass }: Gateway): readonly Warning[] {
  return [
    ...tenants.flatMap((tenant) => [...embedded(tenant), ...rolesOfOthers(tenant), ...namesOfOthers(tenant)]),
    ...(breakGlass === null ? [] : breakGlassWarnings(breakGlass, tenants)),
  ]
}

/** Who comes in past the provider, and which accounts come in nowhere. */
function breakGlassWarnings({ accounts, opens }: BreakGlassSettings, tenants: readonly Tenant[]): readonly Warning[] {
  const setting = 'breakGlass'
  const when =
    opens === 'on-outage' ? 'while no provider answers or the operator opens it' : 'while the operator opens it'
  const open = tenants.flatMap(({ name, emergency }) => {
    const who = emergency.map(({ name: called, role }) => `${called} as ${role}`).join(', ')
    return who === '' ? [] : [{ tenant: name, setting, message: `past the provider, ${when}, these come in: ${who}` }]
  })
  const vain = accounts.flatMap(({ name, role, tenants: wanted }) =>
    wanted.flatMap((tenant) => {
      const found = tenants.find((each) => each.name === tenant)
      if (found?.emergency.some((each) => each.name === name)) return []
      const why = found === undefined ? 'no such tenant is served' : `the tenant has no role ${role}`
      return [{ tenant, setting, message: `the account ${name} does not come in: ${why}` }]
    }),
  )
  return [...open, ...vain]
}

function embedded(tenant: Tenant): readonly Warning[] {
  if (!isEmbeddable(tenant)) return []
  const { name, embeddedBy } = tenant
  const message = `browsers send the session\u2019s cookie from other sites; pages of ${embeddedBy.join(', ')} may show the application`
  return [{ tenant: name, setting: 'cookie.sameSite', message }]
}

/**
 * Where people of several directories come in, whoever runs one of them decides what its tokens say: there an
 * administrator has any directory role, makes a group of any name, assigns app roles, and writes claims (T112). Ids of
 * groups and people are nobody's to choose.
 */
function rolesOfOthers(tenant: Tenant): readonly Warning[] {
  const { name, providers, roles } = tenant
  if (!hasSeveralDirectories(tenant)) return []
  // Where Entra sends ids, these are believed of nobody else; what is no id is a name.
  const haveIds = providers.some((provider) => provider.kind === 'entra' && provider.groupNames === 'ids')
  const isName = (group: string) => !haveIds || !isDirectoryId(group)
  const used = (['groups', 'appRoles', 'directoryRoles', 'claims'] as const).filter((key) =>
    roles.some((role) => isOpen(role, key) && (key !== 'groups' || role.groups.some(isName))),
  )
  if (used.length === 0) return []
  const message = `people of several directories come in, and whoever runs one of them decides who has these roles by ${used.join(', ')}`
  return [{ tenant: name, setting: 'roles', message }]
}

function isOpen(role: RoleRule, key: 'groups' | 'appRoles' | 'directoryRoles' | 'claims'): boolean {
  // All claims of a role must match: with the directory among them, it is for people of that one.
  return role[key].length > 0 && (key !== 'claims' || !role.claims.some(({ claim }) => claim === 'tid'))
}

/**
 * The application tells people apart by a header. A user name is one directory's own affair, and so is the subject of a
 * plain provider: there somebody can be called as a person of another directory is (T108).
 */
function namesOfOthers(tenant: Tenant): readonly Warning[] {
  const { name, providers, routes } = tenant
  if (!hasSeveralDirectories(tenant)) return []
  const ambiguous = providers.some(({ kind }) => kind === 'oidc') ? [...userNames, 'oid', 'sub'] : userNames
  const entries = routes.flatMap(({ to }) => (to.act === 'forward' ? to.headers.entries : []))
  const names = new Set(entries.filter((entry) => isKey(entry, ambiguous)).map((entry) => entry.name))
  if (names.size === 0) return []
  const message = `people of several directories come in, and one of them may be called as a person of another is, in ${[...names].join(', ')}: put {claim.tid} beside it`
  return [{ tenant: name, setting: 'headers', message }]
}

const userNames: readonly string[] = ['preferred_username', 'upn', 'unique_name', 'email', 'employeeid']
/** The same of Graph, in small letters: whoever administers a directory writes them there. */
const userNamesOfGraph: readonly string[] = [
  ...['userprincipalname', 'mail', 'mailnickname', 'employeeid'],
  ...['onpremisessamaccountname', 'onpremisesuserprincipalname'],
]
/** What a preset sends beside the user says by its name what it is. */
const namesBeside: ReadonlySet<string> = new Set(
  Object.values(presets).flatMap((all) => all.flatMap(({ name, source }) => (source === 'user' ? [] : [name]))),
)

function isKey({ name, parts }: HeaderEntry, ambiguous: readonly string[]): boolean {
  const claims = parts.flatMap((part) => ('claim' in part ? [part.claim] : []))
  const isOfGraph = parts.some((part) => 'graph' in part && userNamesOfGraph.includes(part.graph.toLowerCase()))
  const isName = isOfGraph || claims.some((claim) => ambiguous.includes(claim))
  return !namesBeside.has(name) && !claims.includes('tid') && isName
}

function hasSeveralDirectories({ providers }: Tenant): boolean {
  return providers.reduce((count, provider) => count + directoriesOf(provider), 0) > 1
}

function directoriesOf(provider: Provider): number {
  return provider.kind === 'oidc' ? 1 : (provider.allowedTenantIds?.length ?? 1)
}
