/** The frozen model that a configuration compiles to. The request path sees this, never the written form. */
import type { Secret } from './secret.ts'

export interface Gateway {
  readonly server: ServerSettings
  readonly session: SessionPolicy
  readonly tenants: readonly Tenant[]
  /** Key: host as `tenant.publicUrl.host`. */
  readonly tenantsByHost: ReadonlyMap<string, Tenant>
}

export interface Address {
  readonly host: string
  readonly port: number
}

export interface ServerSettings {
  readonly listen: Address
  readonly management: Address
  /** CIDR blocks or addresses whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[]
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly requests: 'refused' | 'all' }
  /** How long a shut-down waits for requests in flight, in seconds. */
  readonly drainSeconds: number
}

export interface SessionPolicy {
  /** The first signs and seals, all open. Each has at least 32 bytes. */
  readonly secrets: readonly Secret[]
  readonly lifetimeSeconds: number
  readonly idleSeconds: number
  readonly store: StoreSettings
}

export type StoreSettings =
  | { readonly type: 'memory'; readonly maxSessions: number }
  | { readonly type: 'redis'; readonly url: Secret; readonly prefix: string }

export interface Provider {
  readonly name: string
  /** Directory (tenant) ID, lower case. */
  readonly tenantId: string
  readonly clientId: string
  readonly clientSecret: Secret
  /** Origin of the sign-in service, such as `https://login.microsoftonline.com`. */
  readonly authority: string
}

export interface Tenant {
  readonly name: string
  readonly publicUrl: PublicUrl
  readonly provider: Provider
  /** In the order of the configuration: the first that matches is the highest. */
  readonly roles: readonly RoleRule[]
  readonly noRole: NoRole
  readonly sendRoles: 'all' | 'highest'
  readonly upstream: Upstream
  readonly routes: readonly Route[]
  readonly headers: HeaderPlan
  readonly branding: { readonly name: string; readonly support: string | null }
}

export interface PublicUrl {
  readonly scheme: 'http' | 'https'
  /** Lower case, with port unless it is the scheme's own. */
  readonly host: string
  /** `scheme://host`. */
  readonly origin: string
}

export interface RoleRule {
  readonly name: string
  /** Object ids of groups, lower case. */
  readonly groups: readonly string[]
  /** Values of app roles, as written. */
  readonly appRoles: readonly string[]
}

/** What becomes of a signed-in person who matches none of the roles. */
export type NoRole =
  | { readonly act: 'refuse' }
  | { readonly act: 'allow' }
  | { readonly act: 'role'; readonly role: string }

export interface Upstream {
  readonly protocol: 'http:' | 'https:'
  readonly hostname: string
  readonly port: number
  /** `protocol//hostname:port`, without path. */
  readonly origin: string
  readonly connectTimeoutSeconds: number
  readonly firstByteTimeoutSeconds: number
}

export interface Route {
  /** As written in the configuration, decoded, without trailing slash (the root is `/`). */
  readonly path: string
  /** True where the trailing slash of an `exact` route counts. */
  readonly trailingSlash: boolean
  readonly exact: boolean
  /** Upper case; null means any. HEAD is allowed wherever GET is. */
  readonly methods: readonly string[] | null
  readonly access: Access
}

export type Access =
  | { readonly level: 'public' }
  | { readonly level: 'optional' }
  | { readonly level: 'signed-in' }
  | { readonly level: 'roles'; readonly anyOf: readonly string[] }

export interface HeaderPlan {
  /** The identity headers that the application gets, in order. Names as they are sent. */
  readonly entries: readonly HeaderEntry[]
  readonly encoding: HeaderEncoding
}

export interface HeaderEntry {
  readonly name: string
  /** Text and placeholders in order; if one placeholder has no value, the header is not sent. */
  readonly parts: readonly TemplatePart[]
}

export type TemplatePart =
  | { readonly text: string }
  | { readonly claim: string }
  | { readonly list: 'roles' | 'groups' }

export type HeaderEncoding = 'utf8' | 'latin1' | 'percent' | 'rfc2047' | 'base64'
