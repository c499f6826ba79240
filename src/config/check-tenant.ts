/** Rules across the keys of one tenant: its provider, roles, routes and headers. */
import { foldName } from '../core/answer/identity-names.ts'
import { presets } from '../core/answer/presets.ts'
import type { Finding, Path } from './issues.ts'
import { doubled, unknownName } from './names.ts'
import type { Salvaged } from './salvage.ts'
import type { TenantDocument } from './schema.ts'
import { headerNameProblem } from './template.ts'

type TenantDraft = NonNullable<Salvaged<TenantDocument>>

/** Whether a key is written in the file, other than filled in by its default. */
export type IsWritten = (path: Path) => boolean

export interface Around {
  /** Names of all providers; undefined where one is not known. */
  readonly providers: readonly (string | undefined)[]
  readonly isWritten: IsWritten
}

/** Checks one tenant by itself and against the providers. */
export function checkTenant(tenant: TenantDraft, path: Path, { providers, isWritten }: Around): readonly Finding[] {
  return [
    ...(tenant.providers ?? []).flatMap((name, index) =>
      unknownName(name, providers, [...path, 'providers', index], 'there is no provider of this name'),
    ),
    ...checkRoles(tenant, path, isWritten),
    ...checkRoutes(tenant, [...path, 'routes']),
    ...checkHeaders(tenant.headers ?? {}, [...path, 'headers'], isWritten),
  ]
}

function checkRoles({ roles, noRole, routes }: TenantDraft, path: Path, isWritten: IsWritten): readonly Finding[] {
  if (roles === undefined) return []
  const names = roles.map((role) => role?.name)
  const pointless = roles.length > 0 ? [] : ['noRole', 'sendRoles'].filter((key) => isWritten([...path, key]))
  const undefinedRole = 'this tenant has no role of this name'
  return [
    ...doubled(
      names.map((name, index) => [name, [...path, 'roles', index, 'name']]),
      'another role of this tenant has this name',
    ),
    ...pointless.map((key) => ({
      path: [...path, key],
      at: 'key' as const,
      found: null,
      message: 'without `roles` this has no effect',
    })),
    ...roles.flatMap((role, index) =>
      role?.groups?.length === 0 && role.appRoles?.length === 0 && noRole !== undefined && noRole !== role.name
        ? [
            {
              path: [...path, 'roles', index],
              found: null,
              message: 'nobody can have this role: it names neither groups nor appRoles',
            },
          ]
        : [],
    ),
    ...(noRole === undefined || noRole === 'refuse' || noRole === 'allow' || roles.length === 0
      ? []
      : unknownName(noRole, ['refuse', 'allow', ...names], [...path, 'noRole'], undefinedRole)),
    ...(routes ?? []).flatMap((route, place) =>
      Array.isArray(route?.access)
        ? route.access.flatMap((name: string, index) =>
            unknownName(name, names, [...path, 'routes', place, 'access', index], undefinedRole),
          )
        : [],
    ),
  ]
}

function checkRoutes({ routes = [] }: TenantDraft, path: Path): readonly Finding[] {
  return routes.flatMap((route, place) => {
    const earlier = routes.slice(0, place).findIndex((other) => contradict(route, other))
    if (earlier < 0) return []
    return [
      { path: [...path, place], message: `routes[${earlier}] has this path already, for some of the same methods` },
    ]
  })
}

type RouteDraft = NonNullable<TenantDraft['routes']>[number]

function contradict(route: RouteDraft, other: RouteDraft): boolean {
  if (
    route?.path === undefined ||
    other?.path === undefined ||
    route.exact === undefined ||
    route.exact !== other.exact
  )
    return false
  const sameSlash = !route.exact || route.path.trailingSlash === other.path.trailingSlash
  if (route.path.path !== other.path.path || !sameSlash) return false
  const [methods, others] = [withHead(route.methods), withHead(other.methods)]
  return methods === undefined || others === undefined || methods.some((method) => others.includes(method))
}

function withHead(methods: readonly (string | undefined)[] | undefined): readonly (string | undefined)[] | undefined {
  return methods?.includes('GET') ? [...methods, 'HEAD'] : methods
}

function checkHeaders(
  headers: NonNullable<TenantDraft['headers']>,
  path: Path,
  isWritten: IsWritten,
): readonly Finding[] {
  const chosen = headers.presets ?? []
  const sent = new Map(
    chosen.flatMap((preset) =>
      preset === undefined ? [] : presets[preset].map(({ name }) => [foldName(name), name] as const),
    ),
  )
  const findings: Finding[] = [
    ...doubled(
      chosen.map((preset, index) => [preset, [...path, 'presets', index]]),
      'this preset is chosen already',
    ),
  ]
  if (headers.presets?.length === 0 && isWritten([...path, 'user'])) {
    findings.push({ path: [...path, 'user'], at: 'key', found: null, message: 'without a preset this has no effect' })
  }
  for (const name of Object.keys(headers.set ?? {})) {
    const at = { path: [...path, 'set', name], at: 'key', found: null } as const
    const problem = headerNameProblem(name)
    const same = sent.get(foldName(name))
    if (problem !== null) findings.push({ ...at, message: problem })
    else if (same !== undefined)
      findings.push({ ...at, message: `to many applications this is the same header as ${same}` })
    else sent.set(foldName(name), name)
  }
  return findings
}
