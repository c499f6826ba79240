/** From a checked document to the frozen model that requests are decided on. */
import { presets } from '../core/answer/presets.ts'
import type {
  Access,
  Gateway,
  HeaderEntry,
  HeaderPlan,
  NoRole,
  Provider,
  Route,
  ServerSettings,
  SessionPolicy,
  TemplatePart,
  Tenant,
} from '../core/gateway.ts'
import { normaliseHost } from '../core/request/tenant.ts'
import type { Document, TenantDocument } from './schema.ts'

/** @param document without issues; names in it that stand for nothing are a bug of the checks. */
export function compile(document: Document): Gateway {
  const providers = new Map(document.providers.map((provider) => [provider.name, compileProvider(provider)]))
  const tenants = document.tenants.map((tenant) => compileTenant(tenant, providers))
  return deepFreeze({
    server: compileServer(document.server),
    session: compileSession(document.session),
    tenants,
    tenantsByHost: new Map(
      tenants.map((tenant) => [normaliseHost(tenant.publicUrl.host) ?? tenant.publicUrl.host, tenant]),
    ),
  })
}

function compileServer({ listen, management, trustedProxies, log, drain }: Document['server']): ServerSettings {
  return { listen, management, trustedProxies, log, drainSeconds: drain }
}

function compileSession({ secrets, lifetime, idle, store }: Document['session']): SessionPolicy {
  return { secrets, lifetimeSeconds: lifetime, idleSeconds: idle, store }
}

function compileProvider({ credential, ...provider }: Document['providers'][number]): Provider {
  return { ...provider, clientSecret: credential.secret }
}

function compileTenant(tenant: TenantDocument, providers: ReadonlyMap<string, Provider>): Tenant {
  const { name, publicUrl, roles, sendRoles, upstream, routes, headers, branding } = tenant
  const provider = providers.get(tenant.providers[0] ?? '')
  if (provider === undefined) throw new Error(`Tenant ${name} has no provider although it was checked.`)
  return {
    ...{ name, publicUrl, provider, roles, sendRoles },
    noRole: compileNoRole(tenant.noRole),
    upstream: {
      ...upstream.url,
      connectTimeoutSeconds: upstream.timeouts.connect,
      firstByteTimeoutSeconds: upstream.timeouts.firstByte,
    },
    routes: routes === undefined ? [everything] : routes.map(compileRoute),
    headers: compileHeaders(headers),
    branding: { name: branding.name ?? name, support: branding.support ?? null },
  }
}

/** What a tenant without routes has. */
const everything: Route = {
  path: '/',
  trailingSlash: false,
  exact: false,
  methods: null,
  access: { level: 'signed-in' },
}

function compileRoute({ path, access, exact, methods }: NonNullable<TenantDocument['routes']>[number]): Route {
  return {
    path: path.path,
    trailingSlash: exact && path.trailingSlash,
    exact,
    methods: methods ?? null,
    access: compileAccess(access),
  }
}

function compileAccess(access: NonNullable<TenantDocument['routes']>[number]['access']): Access {
  return typeof access === 'string' ? { level: access } : { level: 'roles', anyOf: access }
}

function compileNoRole(noRole: string): NoRole {
  return noRole === 'refuse' || noRole === 'allow' ? { act: noRole } : { act: 'role', role: noRole }
}

/** Presets first, in the order of the configuration, then what is set by hand. */
function compileHeaders({ presets: chosen, user, set, encoding }: TenantDocument['headers']): HeaderPlan {
  const fromPresets = chosen
    .flatMap((preset) => presets[preset])
    .map(({ name, source }): HeaderEntry => {
      if (source === 'user') return { name, parts: user }
      return { name, parts: [presetPart(source)] }
    })
  return { entries: [...fromPresets, ...Object.entries(set).map(([name, parts]) => ({ name, parts }))], encoding }
}

function presetPart(source: 'name' | 'email' | 'preferred_username' | 'groups' | 'roles'): TemplatePart {
  return source === 'groups' || source === 'roles' ? { list: source } : { claim: source }
}

/** Nothing that decides about a request can change while it is decided. */
function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  const parts = value instanceof Map ? value.values() : Object.values(value)
  for (const part of parts) deepFreeze(part)
  return Object.freeze(value)
}
