/** Builds the plain data that tests of core work on. */
import type {
  Access,
  CookieNames,
  EntraProvider,
  Gateway,
  HeaderPlan,
  RoleRule,
  Route,
  Tenant,
  ToUpstream,
  Upstream,
} from '../../src/core/gateway.ts'
import type { Session, SessionFacts } from '../../src/core/identity/session.ts'
import type { RequestFacts } from '../../src/core/request/facts.ts'
import { secretCredential, straight } from '../credentials.ts'

export const directoryId = '0b5a9e1c-7f3d-4c62-9d84-2a6f1e8b7c30'
export const objectId = '3c6e0a94-8d1b-4b57-9f20-5e7a1c4d8b36'
export const admins = '4f9d2b6a-1c83-4e57-b0a9-7d6e5c4b3a21'
export const staff = '8e2c7a10-5d4f-4b96-a3e8-1f0d9c8b7a65'

export function route(
  path: string,
  access: 'public' | 'optional' | 'signed-in' | readonly string[],
  also: Partial<Route> = {},
): Route {
  const level: Access = typeof access === 'string' ? { level: access } : { level: 'roles', anyOf: access }
  return {
    ...{ path, trailingSlash: false, exact: false, methods: null, access: level },
    ...{ authContext: null, authContextSeconds: 0, maxAgeSeconds: null },
    ...{ onUnauthenticated: 'auto', keepsAlive: true, preflight: 'judge', to: toUpstream() },
    ...also,
  }
}

export function role(name: string, also: Partial<RoleRule> = {}): RoleRule {
  return { name, groups: [], appRoles: [], directoryRoles: [], people: [], claims: [], ...also }
}

const roles: readonly RoleRule[] = [
  role('admin', { groups: [admins], appRoles: ['Payroll.Admin'] }),
  role('user', { groups: [staff], appRoles: ['Payroll.Reader'] }),
]

const bindCookies: CookieNames = { names: [], except: [] }

const headers: HeaderPlan = { entries: [], encoding: 'utf8', accessToken: null }

export const upstream: Upstream = {
  protocol: 'http:',
  hostname: 'payroll.internal',
  port: 8080,
  origin: 'http://payroll.internal:8080',
  socketPath: null,
  tls: { ca: null, clientCertificate: null, serverName: null },
  connectTimeoutSeconds: 5,
  firstByteTimeoutSeconds: 60,
  idleTimeoutSeconds: 0,
}

export function toUpstream(also: Partial<ToUpstream> = {}): ToUpstream {
  return { act: 'forward', upstream, host: 'payroll.example', stripPrefix: null, headers, bindCookies, ...also }
}

export const contoso: EntraProvider = {
  ...{ kind: 'entra', name: 'contoso', label: 'contoso', emailDomains: [], authContexts: {} },
  ...{ tenantId: directoryId, allowedTenantIds: null, authority: 'https://login.example' },
  ...{ clientId: '6d1f0c52-3b7e-4a98-8c15-f0e2d4b6a791', credential: secretCredential('x') },
  graph: { base: 'https://graph.example/v1.0', scopePrefix: '' },
  ...{ scopes: [], groupNames: 'ids', overage: 'graph' },
}

export function tenant(also: Partial<Tenant> = {}): Tenant {
  return {
    name: 'payroll',
    publicUrl: { scheme: 'https', host: 'payroll.example', origin: 'https://payroll.example' },
    aliases: [],
    certificate: null,
    providers: [contoso],
    roles,
    noRole: { act: 'refuse' },
    sendRoles: 'all',
    admission: { guests: 'allow', claims: [], emailDomains: [] },
    emergency: [],
    callbackPath: '/.auth/callback',
    routes: [route('/', 'signed-in')],
    embeddedBy: [],
    keepFragment: false,
    keptFormBytes: 1_048_576,
    photo: false,
    branding: { name: 'Payroll', support: null },
    ...also,
  }
}

export function gateway(...tenants: readonly Tenant[]): Gateway {
  return {
    server: {
      listen: { host: '127.0.0.1', port: 0 },
      management: { host: '127.0.0.1', port: 0 },
      trustedProxies: [],
      log: { level: 'info', requests: 'refused' },
      drainSeconds: 5,
      tls: null,
      timeouts: { headerSeconds: 30, bodySeconds: 60, keepAliveSeconds: 75 },
      limits: {
        ...{ headerBytes: 16_384, connections: 20_000, minimumBytesPerSecond: 100, failures: 600 },
        signIns: { perCaller: 6_000, perTenant: 30_000, overall: 60_000 },
        ...{ webSockets: 10_000, openPerPerson: 500, keptFormBytes: 67_108_864 },
      },
      egress: straight,
      console: null,
    },
    breakGlass: null,
    session: {
      secrets: [],
      lifetimeSeconds: 36_000,
      idleSeconds: 3_600,
      revalidateSeconds: 900,
      perPerson: null,
      store: { type: 'memory', maxSessions: 10 },
    },
    tenants,
    tenantsByHost: new Map(tenants.map((each) => [each.publicUrl.host, each])),
    aliases: new Map(tenants.flatMap((each) => each.aliases.map(({ host }) => [host, each]))),
    closedHosts: new Map(),
    troubles: [],
  }
}

export function session(also: Partial<SessionFacts> = {}): Session {
  return {
    version: 1,
    facts: {
      tenant: 'payroll',
      provider: 'contoso',
      authority: `https://login.example/${directoryId}`,
      registration: 'https://login.example client',
      directoryId,
      objectId,
      claims: { name: 'Ada Lovelace', preferred_username: 'ada@contoso.example', email: 'ada@contoso.example' },
      groups: [staff],
      ...{ appRoles: [], directoryRoles: [] },
      ...{ graph: {}, sid: null, authTime: null, contexts: {} },
      ...{ startedAt: 1_000_000, checkedAt: 1_000_000 },
      ...also,
    },
  }
}

export function facts(also: Partial<RequestFacts> = {}): RequestFacts {
  return {
    method: 'GET',
    version: '1.1',
    target: '/',
    host: 'payroll.example',
    serverName: null,
    headers: {},
    fieldCount: 0,
    repeated: [],
    kind: 'navigation',
    callerAddress: '192.0.2.1',
    forwardedFor: '192.0.2.1',
    ...also,
  }
}
