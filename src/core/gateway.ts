/** The frozen model that a configuration compiles to. The request path sees this, never the written form. */
import type { Secret } from './secret.ts'

export interface Gateway {
  readonly server: ServerSettings
  readonly session: SessionPolicy
  /** Null where nobody comes in but through a provider. */
  readonly breakGlass: BreakGlassSettings | null
  /** Those that are served. */
  readonly tenants: readonly Tenant[]
  /** Key, here and below: host in the spelling of `normaliseHost`. */
  readonly tenantsByHost: ReadonlyMap<string, Tenant>
  /** Further hosts of a tenant, which are redirected to its public URL. */
  readonly aliases: ReadonlyMap<string, Tenant>
  /** Hosts that belong to somebody but are not served now. */
  readonly closedHosts: ReadonlyMap<string, ClosedHost>
  /** Tenants whose configuration has an issue. */
  readonly troubles: readonly TenantTrouble[]
}

/** Accounts of the gateway itself, for when the provider is away. */
export interface BreakGlassSettings {
  /** `on-outage`: by itself too, while no provider of a tenant answers. `by-operator`: only while the file is there. */
  readonly opens: 'on-outage' | 'by-operator'
  /** How long the providers must have been silent. */
  readonly outageSeconds: number
  /** A file: break-glass is open while it exists; or null. */
  readonly openWhile: string | null
  readonly lifetimeSeconds: number
  /** How long sessions go on after it has closed. */
  readonly graceSeconds: number
  readonly accounts: readonly BreakGlassAccount[]
}

export interface BreakGlassAccount {
  readonly name: string
  /** A hash, as `readPasswordHash` takes it. */
  readonly password: Secret
  readonly tenants: readonly string[]
  readonly role: string
  /** Another one with every password. */
  readonly authority: string
}

/** What a tenant knows of an account that it lets in. */
export type EmergencyAccount = Pick<BreakGlassAccount, 'name' | 'role' | 'authority'>

export interface ClosedHost {
  /** Name of the tenant. */
  readonly tenant: string
  /** `off`: the configuration says so. `broken`: it has an issue, and there is no last good form. */
  readonly why: 'off' | 'broken'
}

export interface TenantTrouble {
  readonly tenant: string
  /** What becomes of the tenant meanwhile. */
  readonly served: 'last-good' | 'not'
  /** The first issue with its place, as `check` prints it. */
  readonly issue: string
  readonly issues: number
}

export interface Address {
  readonly host: string
  readonly port: number
}

export interface ServerSettings {
  readonly listen: Address
  readonly management: Address
  /** Null where something in front ends TLS. */
  readonly tls: ListenerTls | null
  /** CIDR blocks or addresses whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[]
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly requests: 'refused' | 'all' }
  /** How long a shut-down waits for requests in flight, in seconds. */
  readonly drainSeconds: number
  readonly timeouts: CallerTimeouts
  readonly limits: CallerLimits
  readonly egress: EgressSettings
  /** The gateway's own origin, or null: it has none. */
  readonly console: PublicUrl | null
}

/** How the gateway reaches providers. */
export interface EgressSettings {
  /** URL of an HTTP proxy, perhaps with name and password; null: there is none. */
  readonly proxy: Secret | null
  /** Hosts that are reached without it, each `name`, `.suffix`, `*.suffix` or `*`, perhaps with a port. */
  readonly noProxy: readonly string[]
  /** PEM: trusted beside the well-known authorities. */
  readonly ca: string | null
}

export interface ListenerTls {
  /** For host names that no tenant has a certificate for, and for callers that name none. */
  readonly certificate: Certificate
  /** Where plain HTTP is taken, only to be redirected. */
  readonly redirectFrom: Address | null
  /** `max-age` of Strict-Transport-Security (RFC 6797); 0: the header is not sent. */
  readonly hstsSeconds: number
}

export interface Certificate {
  /** PEM, the server's or client's own first. */
  readonly chain: string
  /** PEM. */
  readonly key: Secret
  /** Seconds since 1970. */
  readonly expiresAt: number
}

export interface CallerTimeouts {
  /** How long the headers of a request may take. */
  readonly headerSeconds: number
  /** How long the body of a request may stand still, and over which `minimumBytesPerSecond` is measured. */
  readonly bodySeconds: number
  /** How long an idle connection is kept. */
  readonly keepAliveSeconds: number
}

export interface CallerLimits {
  /** Of all header fields of a request together. */
  readonly headerBytes: number
  /** Open at the same time; further ones are closed at once. */
  readonly connections: number
  /** Of a request's body while it is being sent. */
  readonly minimumBytesPerSecond: number
  /** Of all forms together that this replica has kept through sign-ins. */
  readonly keptFormBytes: number
  /** Open at the same time; those of nobody at most half as many. */
  readonly webSockets: number
  /** WebSockets and long answers of one person. */
  readonly openPerPerson: number
  readonly signIns: SignInLimits
  /** Of one caller within a minute: answers to no sign-in of ours, sign-outs at a provider that end nothing. 0: any number. */
  readonly failures: number
}

/** How many sign-ins may be begun within a minute; 0: any number. */
export interface SignInLimits {
  readonly perCaller: number
  readonly perTenant: number
  readonly overall: number
}

export interface SessionPolicy {
  /** The first signs and seals, all open. Each has at least 32 bytes. */
  readonly secrets: readonly Secret[]
  readonly lifetimeSeconds: number
  readonly idleSeconds: number
  /** How old the word of the provider for a person may be. */
  readonly revalidateSeconds: number
  /** How many sessions a person may have at a tenant; null: as many as they like. */
  readonly perPerson: number | null
  readonly store: StoreSettings
}

export type StoreSettings =
  | { readonly type: 'memory'; readonly maxSessions: number }
  | { readonly type: 'file'; readonly path: string; readonly maxSessions: number }
  | ({ readonly type: 'redis' } & RedisSettings)

export type RedisSettings = RedisPlace & {
  /** Begins every key and the channel, so that several gateways can share one Redis. */
  readonly prefix: string
  /** Null: the URL alone says whether connections are encrypted. */
  readonly tls: RedisTls | null
}

/** `url`: one server, `redis://` or `rediss://`, with user and password where Redis asks for them. */
export type RedisPlace =
  | { readonly url: Secret }
  | { readonly sentinel: RedisSentinels }
  | { readonly cluster: RedisNodes }

export interface RedisTls {
  /** PEM of the authorities that may vouch for the servers, in place of the well-known ones; or null. */
  readonly ca: string | null
  /** The name that the certificates must be for; null: that of the address. */
  readonly serverName: string | null
}

interface RedisLogin {
  readonly username: string | null
  readonly password: Secret | null
  /** By `host:port` as a server calls itself, where it is reached from here. */
  readonly natMap: Readonly<Record<string, Address>>
}

/** A master that sentinels watch over. */
export interface RedisSentinels extends RedisLogin {
  readonly name: string
  readonly sentinels: readonly Address[]
  readonly sentinelUsername: string | null
  readonly sentinelPassword: Secret | null
  readonly database: number
}

/** Some nodes of a cluster, by which the others are found. */
export interface RedisNodes extends RedisLogin {
  readonly nodes: readonly Address[]
}

export type Provider = EntraProvider | PlainProvider

interface AnyProvider {
  /** As in the configuration; that of a tenant's own provider begins with the tenant's name and a slash. */
  readonly name: string
  /** What the button of the sign-in page says. */
  readonly label: string
  /** Domains of the e-mail addresses of its people, lower case: whoever states one on the sign-in page goes here. */
  readonly emailDomains: readonly string[]
  /**
   * Our names of authentication contexts, with what the provider calls them: at Entra `c1` to `c99`, elsewhere a value
   * of `acr`.
   */
  readonly authContexts: Readonly<Record<string, string>>
  readonly clientId: string
  readonly credential: Credential
}

/** How the gateway proves to a provider who it is. */
export type Credential = SecretCredential | CertificateCredential | FederatedCredential

export interface SecretCredential {
  readonly form: 'secrets'
  /** In the order in which they are tried: the new one before the old. At least one. */
  readonly secrets: readonly Secret[]
  /** When the first expires, in seconds since 1970; null: nobody said. */
  readonly expiresAt: number | null
  /** How they travel (RFC 6749 section 2.3.1); null: by what the provider announces. */
  readonly sentBy: 'post' | 'basic' | null
}

/** A signed assertion (RFC 7523). */
export interface CertificateCredential {
  readonly form: 'certificate'
  readonly certificate: Certificate
}

/** A token that somebody else issued for this workload, in place of a secret: Entra only. */
export type FederatedCredential =
  /** In a file, which is replaced all the time. Null: the one that AZURE_FEDERATED_TOKEN_FILE names. */
  | { readonly form: 'workload-identity'; readonly tokenFile: string | null }
  /** Of the machine's identity service. `identity`: client id of the identity; null: the only one that there is. */
  | { readonly form: 'managed-identity'; readonly identity: string | null }

/** Microsoft Entra: one directory, or several that one app registration is for. */
export interface EntraProvider extends AnyProvider {
  readonly kind: 'entra'
  /** Directory (tenant) ID, a verified domain of a directory, or `organizations`, `common`, `consumers`; lower case. */
  readonly tenantId: string
  /** The only directories whose people get in, lower case; null: whichever one directory `tenantId` names. */
  readonly allowedTenantIds: readonly string[] | null
  /** Origin of the sign-in service, such as `https://login.microsoftonline.com`. */
  readonly authority: string
  readonly graph: GraphAccess
  /** Asked for beside what the gateway needs itself. */
  readonly scopes: readonly string[]
  /** How tokens name groups: by object ids, or by names that the app registration chose. */
  readonly groupNames: 'ids' | 'emitted'
  /** What becomes of people whose groups a token leaves out. */
  readonly overage: 'graph' | 'refuse'
}

/** Microsoft Graph in the provider's cloud. */
export interface GraphAccess {
  /** Such as `https://graph.microsoft.com/v1.0`. */
  readonly base: string
  /** Stands before the names of its permissions in a scope; empty where a bare name is Graph's. */
  readonly scopePrefix: string
}

/** Any other OpenID provider. */
export interface PlainProvider extends AnyProvider {
  readonly kind: 'oidc'
  /** As the provider's discovery document spells it, byte for byte. */
  readonly issuer: string
  /** Asked for beside `openid`. */
  readonly scopes: readonly string[]
  /** The claims that hold groups and app roles. */
  readonly groupsClaim: string
  readonly appRolesClaim: string
}

export interface Tenant {
  readonly name: string
  readonly publicUrl: PublicUrl
  /** Redirected to the public URL. */
  readonly aliases: readonly PublicUrl[]
  /** Shown to callers that ask for one of this tenant's hosts; null: that of the listener. */
  readonly certificate: Certificate | null
  /** Those that are enabled, in the order of the configuration: at least one. */
  readonly providers: readonly [Provider, ...Provider[]]
  /** In the order of the configuration: the first that matches is the highest. */
  readonly roles: readonly RoleRule[]
  readonly noRole: NoRole
  readonly sendRoles: 'all' | 'highest'
  readonly admission: Admission
  /** Accounts of the gateway itself that are let in while break-glass is open. */
  readonly emergency: readonly EmergencyAccount[]
  /**
   * Where providers send people back: a path as it is spelled in a request, beside which the endpoint's own goes on
   * working.
   */
  readonly callbackPath: string
  readonly routes: readonly Route[]
  /**
   * Origins of other sites whose pages may show the application in a frame. With any, our cookies are `SameSite=None`
   * and partitioned; without, they are `Lax`.
   */
  readonly embeddedBy: readonly string[]
  /** Whether people come back to the fragment of an address too, at the price of a page on the way to the sign-in. */
  readonly keepFragment: boolean
  /** Up to which size a form is kept through a sign-in, in bytes; 0: none is. */
  readonly keptFormBytes: number
  /** Whether the application is given a picture of the person, by way of Microsoft Graph. */
  readonly photo: boolean
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
  /** Groups as the provider writes them; object ids of Entra in lower case. */
  readonly groups: readonly string[]
  /** Values of app roles, as written. */
  readonly appRoles: readonly string[]
  /** Template ids of Entra's directory roles, lower case. */
  readonly directoryRoles: readonly string[]
  readonly people: readonly PersonRule[]
  /** Claims that must all have one of their values; empty: claims do not give the role. */
  readonly claims: readonly ClaimRule[]
}

/** One person, by the same two ids that a session has. */
export interface PersonRule {
  /** Null where the tenant has one directory only, whose id is not known before it is asked. */
  readonly directoryId: string | null
  readonly objectId: string
}

export interface ClaimRule {
  readonly claim: string
  readonly anyOf: readonly string[]
}

/** Who may sign in, whatever their roles. */
export interface Admission {
  /** Guests: who is at home in another directory than the one that vouches for them. */
  readonly guests: 'allow' | 'deny'
  /** Claims that must have a value. */
  readonly claims: readonly string[]
  /** Domains of which the e-mail address must be, lower case; empty: any, or none at all. */
  readonly emailDomains: readonly string[]
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
  /** A Unix socket to connect to in place of hostname and port, or null. */
  readonly socketPath: string | null
  /** Only for `https:`. */
  readonly tls: UpstreamTls
  readonly connectTimeoutSeconds: number
  readonly firstByteTimeoutSeconds: number
  /** How long an answer may stand still once it has begun; 0: as long as it likes. */
  readonly idleTimeoutSeconds: number
}

export interface UpstreamTls {
  /** PEM of the authorities that may vouch for the upstream, in place of the well-known ones; or null. */
  readonly ca: string | null
  /** What we show to the upstream, or null. */
  readonly clientCertificate: Certificate | null
  /** The name that the upstream's certificate must be for; null: its host name. */
  readonly serverName: string | null
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
  /** Our name of the authentication context that must have been satisfied; null: none. */
  readonly authContext: string | null
  /** How long that counts. */
  readonly authContextSeconds: number
  /** How long ago the person may have proved who they are; null: as long as the session lives. */
  readonly maxAgeSeconds: number | null
  /** `auto`: a person who opens a page goes to the sign-in, everything else gets 401. `401`: everything does. */
  readonly onUnauthenticated: 'auto' | '401'
  /** False: a request does not count as activity of the person. */
  readonly keepsAlive: boolean
  /** `forward`: the preflights of CORS, which never carry cookies, reach the application without a sign-in. */
  readonly preflight: 'judge' | 'forward'
  readonly to: Destination
}

/** What becomes of a request that may pass. Routes that want the same share one object. */
export type Destination = ToUpstream | ToRedirect | ToResponse

export interface ToUpstream {
  readonly act: 'forward'
  readonly upstream: Upstream
  /** The Host header that the application sees. */
  readonly host: string
  /** The route's own path as it is spelled in a request, if it is taken off the front of the path; or null. */
  readonly stripPrefix: string | null
  readonly headers: HeaderPlan
  /** The application's own session cookies, which are bound to who is signed in. */
  readonly bindCookies: CookieNames
}

/** Names of cookies; one star in a name stands for any characters. */
export interface CookieNames {
  /** Empty: none at all. */
  readonly names: readonly string[]
  /** What is none of them all the same. */
  readonly except: readonly string[]
}

export interface ToRedirect {
  readonly act: 'redirect'
  readonly status: 301 | 302 | 303 | 307 | 308
  /** An absolute URL, or a path of this origin. */
  readonly location: string
}

export interface ToResponse {
  readonly act: 'respond'
  readonly status: number
  readonly contentType: string
  readonly body: string
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
  /** Null: the application gets no access token. */
  readonly accessToken: AccessTokenHeader | null
}

/** An access token of the person, for the one resource that the scope names. */
export interface AccessTokenHeader {
  readonly scope: string
  /** As it is sent. */
  readonly name: string
  /** What stands before the token (RFC 6750 section 2.1). */
  readonly prefix: 'Bearer ' | ''
}

export interface HeaderEntry {
  readonly name: string
  /** Text and placeholders in order; if one placeholder has no value, the header is not sent. */
  readonly parts: readonly TemplatePart[]
}

export type TemplatePart =
  | { readonly text: string }
  | { readonly claim: string }
  /** A property that Microsoft Graph has of the person; below a dot, a part of one. */
  | { readonly graph: string }
  | { readonly list: 'roles' | 'groups' }
  /** The e-mail address, where somebody vouches for it. */
  | { readonly vouched: 'email' }

export type HeaderEncoding = 'utf8' | 'latin1' | 'percent' | 'rfc2047' | 'base64'
