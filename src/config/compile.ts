/** From a checked document to the frozen model that requests are decided on. */
import { presets } from '../core/answer/presets.ts'
import type {
  Access,
  AccessTokenHeader,
  BreakGlassSettings,
  Destination,
  HeaderEntry,
  HeaderPlan,
  NoRole,
  Provider,
  PublicUrl,
  Route,
  ServerSettings,
  SessionPolicy,
  TemplatePart,
  Tenant,
  Upstream,
} from '../core/gateway.ts'
import { createPool, keepSame } from '../core/same.ts'
import { boundCookies } from './bound-cookie-names.ts'
import { compileCertificate } from './certificates.ts'
import { compileProvider } from './compile-provider.ts'
import { compileRole } from './compile-role.ts'
import { compileStore } from './compile-store.ts'
import type { Document, RouteDocument, TenantDocument, UpstreamDocument } from './schema.ts'

/** @param server of a document without issues. */
export function compileServer(server: Document['server']): ServerSettings {
  const { listen, management, tls, trustedProxies, log, drain, timeouts, limits, egress, consoleUrl } = server
  return {
    ...{ listen, management, trustedProxies, log, drainSeconds: drain },
    tls:
      tls === undefined
        ? null
        : { certificate: compileCertificate(tls), redirectFrom: tls.redirectFrom ?? null, hstsSeconds: tls.hsts },
    timeouts: { headerSeconds: timeouts.headers, bodySeconds: timeouts.body, keepAliveSeconds: timeouts.keepAlive },
    limits: {
      headerBytes: limits.headers,
      connections: limits.connections,
      minimumBytesPerSecond: limits.minimumRate,
      keptFormBytes: limits.keptForms,
      webSockets: limits.webSockets,
      openPerPerson: limits.openPerPerson,
      signIns: limits.signIns,
      failures: limits.failures,
    },
    egress: {
      proxy: egress.proxy === undefined || egress.proxy.reveal() === '' ? null : egress.proxy,
      noProxy: egress.noProxy.flat(),
      ca: egress.ca ?? null,
    },
    console: consoleUrl ?? null,
  }
}

/** @param base the folder that relative paths begin at. */
export function compileSession(
  { secrets, lifetime, idle, revalidate, perPerson, store }: Document['session'],
  base: string,
): SessionPolicy {
  const times = { lifetimeSeconds: lifetime, idleSeconds: idle, revalidateSeconds: revalidate }
  return { secrets, ...times, perPerson: perPerson ?? null, store: compileStore(store, base) }
}

interface Known {
  readonly providers: ReadonlyMap<string, Provider | null>
  readonly before: Tenant | null
  readonly breakGlass: BreakGlassSettings | null
}

/**
 * @param tenant without issues.
 * @param known the shared providers by name (null where one is switched off), the tenant as it was before, and
 *   the accounts of the gateway itself.
 * @returns the tenant, or null where it is switched off, by itself or with its provider.
 */
export function compileTenant(tenant: TenantDocument, { providers, before, breakGlass }: Known): Tenant | null {
  const { name, publicUrl, aliases, roles, sendRoles, guests, require: required, callbackPath, branding } = tenant
  const [provider, ...others] = enabledOf(tenant, { providers, before })
  if (!tenant.enabled || provider === undefined) return null
  return {
    ...{ name, publicUrl, aliases, sendRoles, callbackPath },
    providers: [provider, ...others],
    certificate: tenant.tls === undefined ? null : keepSame(before?.certificate, compileCertificate(tenant.tls)),
    roles: roles.map((role) => compileRole(role, [provider, ...others])),
    noRole: compileNoRole(tenant.noRole),
    admission: { guests, ...required },
    emergency: emergencyOf(tenant, breakGlass),
    routes: compileRoutes(tenant, before?.routes ?? []),
    embeddedBy: tenant.cookie.sameSite === 'none' ? tenant.cookie.embeddedBy : [],
    keepFragment: tenant.keepFragment,
    keptFormBytes: tenant.keepForms,
    photo: tenant.photo,
    branding: { name: branding.name ?? name, support: branding.support ?? null },
  }
}

/** A role that the tenant does not have would open nothing, or something that nobody meant: `check` warns of it. */
function emergencyOf({ name, roles }: TenantDocument, breakGlass: BreakGlassSettings | null): Tenant['emergency'] {
  return (breakGlass?.accounts ?? [])
    .filter(
      ({ tenants, role }) => tenants.includes(name) && (roles.length === 0 || roles.some((each) => each.name === role)),
    )
    .map(({ name: called, role, authority }) => ({ name: called, role, authority }))
}

/** Those that are switched on. A shared one is taken as it is: a likeness would have connections and keys of its own. */
function enabledOf(tenant: TenantDocument, { providers, before }: Omit<Known, 'breakGlass'>): readonly Provider[] {
  return tenant.providers.flatMap((each) => {
    if (typeof each === 'string') return providers.get(each) ?? []
    const name = `${tenant.name}/${each.name}`
    const known = before?.providers.find((provider) => provider.name === name)
    return keepSame(known, compileProvider(each, name)) ?? []
  })
}

/** What a tenant without routes has. */
const everything = {
  path: { path: '/', trailingSlash: false },
  access: 'signed-in',
  authContext: undefined,
  authContextAge: 0,
  maxAge: undefined,
  exact: false,
  methods: undefined,
  onUnauthenticated: 'auto',
  keepsAlive: true,
  preflight: 'judge',
} as const

function compileRoutes(tenant: TenantDocument, before: readonly Route[]): readonly Route[] {
  const routes: readonly RouteDocument[] = tenant.routes ?? [everything]
  // Equal ones become one object, so that what hangs on it (connections, headers of a person) exists once.
  const known = before.map(({ to }) => to)
  const upstreams = createPool<Upstream>(known.flatMap((to) => (to.act === 'forward' ? [to.upstream] : [])))
  const destinations = createPool<Destination>(known)
  return routes.map((route) => ({
    path: route.path.path,
    trailingSlash: route.exact && route.path.trailingSlash,
    exact: route.exact,
    methods: route.methods ?? null,
    access: compileAccess(route.access),
    authContext: route.authContext ?? null,
    authContextSeconds: route.authContext === undefined ? 0 : route.authContextAge,
    maxAgeSeconds: route.maxAge ?? null,
    onUnauthenticated: route.onUnauthenticated === 401 ? '401' : 'auto',
    keepsAlive: route.keepsAlive,
    preflight: route.preflight,
    to: destinations(compileDestination(tenant, route, upstreams)),
  }))
}

function compileDestination(
  tenant: TenantDocument,
  route: RouteDocument,
  pool: (upstream: Upstream) => Upstream,
): Destination {
  const { redirect, respond } = route
  if (redirect !== undefined) return { act: 'redirect', status: redirect.status, location: redirect.to }
  if (respond !== undefined) return { act: 'respond', ...respond }
  const upstream = route.upstream ?? tenant.upstream
  if (upstream === undefined) throw new Error(`A route of ${tenant.name} leads nowhere although it was checked.`)
  return {
    act: 'forward',
    upstream: pool(compileUpstream(upstream, route.timeouts)),
    host: hostHeader(upstream, tenant.publicUrl),
    stripPrefix: route.stripPrefix === undefined ? null : asSent(route.stripPrefix.path),
    headers: compileHeaders(route.headers ?? tenant.headers),
    bindCookies: boundCookies(upstream.bindCookies),
  }
}

/** As browsers write a path into a request: they leave brackets as they are (URL Standard, path percent-encode set). */
function asSent(path: string): string {
  return encodeURI(path).replaceAll('%5B', '[').replaceAll('%5D', ']')
}

function compileUpstream(upstream: UpstreamDocument, own: RouteDocument['timeouts']): Upstream {
  const { timeouts } = upstream
  const { url, socket, ca, clientCertificate, serverName } = upstream
  return {
    ...url,
    socketPath: socket ?? null,
    tls: {
      ca: ca ?? null,
      clientCertificate: clientCertificate === undefined ? null : compileCertificate(clientCertificate),
      serverName: serverName ?? null,
    },
    connectTimeoutSeconds: own?.connect ?? timeouts.connect,
    firstByteTimeoutSeconds: own?.firstByte ?? timeouts.firstByte,
    idleTimeoutSeconds: own?.idle ?? timeouts.idle,
  }
}

function hostHeader({ host, url }: UpstreamDocument, publicUrl: PublicUrl): string {
  if (host === 'public') return publicUrl.host
  return host === 'upstream' ? new URL(url.origin).host : host
}

function compileAccess(access: RouteDocument['access']): Access {
  return typeof access === 'string' ? { level: access } : { level: 'roles', anyOf: access }
}

function compileNoRole(noRole: string): NoRole {
  return noRole === 'refuse' || noRole === 'allow' ? { act: noRole } : { act: 'role', role: noRole }
}

/** Presets first, in the order of the configuration, then what is set by hand. */
function compileHeaders({ presets: chosen, user, set, encoding, accessToken }: TenantDocument['headers']): HeaderPlan {
  const fromPresets = chosen
    .flatMap((preset) => presets[preset])
    .map(({ name, source }): HeaderEntry => {
      if (source === 'user') return { name, parts: user }
      return { name, parts: [presetPart(source)] }
    })
  return {
    entries: [...fromPresets, ...Object.entries(set).map(([name, parts]) => ({ name, parts }))],
    encoding,
    accessToken: compileAccessToken(accessToken),
  }
}

function compileAccessToken(written: TenantDocument['headers']['accessToken']): AccessTokenHeader | null {
  if (written === undefined) return null
  const { scope, header: name } = written
  return { scope, name, prefix: name.toLowerCase() === 'authorization' ? 'Bearer ' : '' }
}

function presetPart(source: 'name' | 'email' | 'preferred_username' | 'groups' | 'roles'): TemplatePart {
  if (source === 'email') return { vouched: 'email' }
  return source === 'groups' || source === 'roles' ? { list: source } : { claim: source }
}
