/** Rules across the keys of one tenant: its provider, roles, routes and headers. */
import type { Address } from '../core/gateway.ts'
import { hostName } from '../core/request/tenant.ts'
import type { Secret } from '../core/secret.ts'
import { certificateProblems, isCertificateFor } from './certificates.ts'
import { checkAdmission } from './check-admission.ts'
import { checkDestinations } from './check-destinations.ts'
import { checkHeaders } from './check-headers.ts'
import { checkProvider, type IsWritten } from './check-provider.ts'
import { checkStepUp } from './check-step-up.ts'
import type { Finding, Path } from './issues.ts'
import { doubled, unknownName } from './names.ts'
import type { ProviderDraft } from './provider-draft.ts'
import type { Salvaged, TenantDraft } from './salvage.ts'
import { readGuid } from './values.ts'

export interface Around {
  readonly providers: readonly ProviderDraft[]
  /** Whether the tenant itself says it. Only that can be without effect: defaults are for tenants of all kinds. */
  readonly isWritten: IsWritten
  /** Whether the tenant or the defaults say it. */
  readonly isGiven: IsWritten
  /** Whether the listener itself ends TLS. */
  readonly listensWithTls: boolean
  /** Where the management listener is, as far as that is known. */
  readonly management: Salvaged<Address>
  /** Seconds since 1970. */
  readonly now: number
}

/** Checks one tenant by itself and against the providers. */
export function checkTenant(tenant: TenantDraft, around: Around): readonly Finding[] {
  const { isWritten } = around
  return [
    ...checkProviders(tenant, around),
    ...checkAddresses(tenant, around),
    ...checkRoles(tenant, isWritten),
    ...checkGroups(tenant, around.providers),
    ...checkRoutes(tenant),
    ...checkAdmission(tenant, around.providers, isWritten),
    ...checkStepUp(tenant, around.providers, isWritten),
    ...checkDestinations(tenant, around),
    ...checkHeaders(tenant.headers ?? {}, ['headers'], isWritten),
  ]
}

function checkProviders(
  { providers = [] }: TenantDraft,
  { providers: shared, isGiven, now }: Around,
): readonly Finding[] {
  const names = shared.map(({ name }) => name)
  const own = providers.flatMap((each, index) => (typeof each === 'object' ? [[each, index] as const] : []))
  return [
    ...providers.flatMap((each, index) =>
      typeof each === 'string'
        ? unknownName(each, names, ['providers', index], 'there is no provider of this name')
        : [],
    ),
    ...own.flatMap(([each, index]) => checkProvider(each, ['providers', index], { isWritten: isGiven, now })),
    ...doubled(
      providers.map((each, index) => [typeof each === 'object' ? each.name : each, ['providers', index]]),
      'this provider is named twice',
    ),
    ...own.flatMap(([each, index]) =>
      each.name !== undefined && names.includes(each.name)
        ? [{ path: ['providers', index, 'name'], message: 'a shared provider has this name' }]
        : [],
    ),
  ]
}

function checkAddresses(tenant: TenantDraft, { listensWithTls, now }: Around): readonly Finding[] {
  const addresses = [
    { url: tenant.publicUrl, path: ['publicUrl'] as Path },
    ...(tenant.aliases ?? []).map((url, index) => ({ url, path: ['aliases', index] as Path })),
  ]
  const { cert, key } = tenant.tls ?? {}
  const findings: Finding[] = doubled(
    addresses.map(({ url, path }) => [url?.host, path]),
    'this host stands here already',
  ).slice()
  for (const { url, path } of addresses) {
    if (listensWithTls && url?.scheme === 'http') {
      findings.push({ path, message: 'with `server.tls` the listener speaks https: nobody could open this' })
    }
    if (cert !== undefined && url?.host !== undefined && !isCertificateFor(cert, hostName(url.host))) {
      findings.push({ path, message: 'the certificate in `tls` is not for this host' })
    }
  }
  if (tenant.tls !== undefined && !listensWithTls) {
    findings.push({ path: ['tls'], at: 'key', found: null, message: 'without `server.tls` this has no effect' })
  }
  if (cert !== undefined && key !== undefined) {
    for (const message of certificateProblems(cert, key as Secret, now))
      findings.push({ path: ['tls', 'cert'], message })
  }
  return findings
}

/** Entra names groups by their object ids; names would never match. */
function checkGroups({ roles, providers = [] }: TenantDraft, shared: readonly ProviderDraft[]): readonly Finding[] {
  const kinds = providers.map((each) => {
    if (typeof each === 'string') return shared.find(({ name }) => name === each)?.kind
    return each === undefined ? undefined : (each.kind ?? 'entra')
  })
  const others = shared.some(({ kind }) => kind !== 'entra')
  // A name that was written wrong could mean one of another kind; and of several kinds each names groups in its own way.
  if (kinds.some((kind) => kind === 'oidc' || (kind === undefined && others))) return []
  return (roles ?? []).flatMap((role, place) =>
    (role?.groups ?? []).flatMap((group: string | undefined, index: number) => {
      const read = group === undefined ? null : readGuid(group)
      return read !== null && 'problem' in read
        ? [
            {
              path: ['roles', place, 'groups', index],
              message: read.problem,
              allowed: 'the object ID of a group, a GUID such as 11111111-2222-3333-4444-555555555555',
            },
          ]
        : []
    }),
  )
}

function checkRoles({ roles, noRole, routes }: TenantDraft, isWritten: IsWritten): readonly Finding[] {
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
      role?.groups?.length === 0 && role.appRoles?.length === 0 && noRole !== undefined && noRole !== role.name
        ? [
            {
              path: ['roles', index],
              found: null,
              message: 'nobody can have this role: it names neither groups nor appRoles',
            },
          ]
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

function checkRoutes({ routes = [] }: TenantDraft): readonly Finding[] {
  return routes.flatMap((route, place) => {
    const earlier = routes.slice(0, place).findIndex((other) => contradict(route, other))
    if (earlier < 0) return []
    return [
      { path: ['routes', place], message: `routes[${earlier}] has this path already, for some of the same methods` },
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
