/** Rules across the keys of one tenant: its provider, roles, routes and headers. */
import type { Address, PublicUrl } from '../core/gateway.ts'
import { hostName } from '../core/request/tenant.ts'
import type { Secret } from '../core/secret.ts'
import { certificateProblems, isCertificateFor } from './certificates.ts'
import { checkAdmission } from './check-admission.ts'
import { isConsoleName } from './check-break-glass.ts'
import { checkChoice } from './check-choice.ts'
import { checkCookie } from './check-cookie.ts'
import { checkDestinations } from './check-destinations.ts'
import { checkGraph } from './check-graph.ts'
import { checkHeaders } from './check-headers.ts'
import { checkProvider, type IsWritten } from './check-provider.ts'
import { checkRoles } from './check-roles.ts'
import { checkStepUp } from './check-step-up.ts'
import type { Finding, Path } from './issues.ts'
import { doubled, unknownName } from './names.ts'
import { type ProviderDraft, providersOf } from './provider-draft.ts'
import type { Salvaged, TenantDraft } from './salvage.ts'

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
  /** The gateway's own origin, as far as that is known. */
  readonly consoleUrl: Salvaged<PublicUrl>
  /** Seconds since 1970. */
  readonly now: number
}

/** Checks one tenant by itself and against the providers. */
export function checkTenant(tenant: TenantDraft, around: Around): readonly Finding[] {
  const { isWritten } = around
  const providers = providersOf(tenant, around.providers)
  return [
    ...checkProviders(tenant, around),
    ...checkChoice(tenant, around.providers),
    ...checkAddresses(tenant, around),
    ...checkRoles(tenant, providers, isWritten),
    ...checkGraph(tenant, providers),
    ...checkRoutes(tenant),
    ...checkAdmission(tenant, around.providers, isWritten),
    ...checkStepUp(tenant, around.providers, isWritten),
    ...checkCookie(tenant, isWritten),
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

function checkAddresses(tenant: TenantDraft, { listensWithTls, consoleUrl, now }: Around): readonly Finding[] {
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
    if (url?.host !== undefined && isConsoleName(consoleUrl, url.host)) {
      findings.push({ path, message: 'the gateway\u2019s own console (`server.consoleUrl`) has this host name' })
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
