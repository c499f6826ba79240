/** What a person or a program enters at a provider, from who uses which registration; and what the provider would refuse of it. */
import type { EntraRegistration, PlainRegistration, RegisteredTenant, Registration } from '../config/registrations.ts'

export type Entry = EntraEntry | PlainEntry

export interface EntraEntry extends EntraRegistration {
  /** Entra sends people back after signing out only to what is registered as a redirect URI: so these are among them. */
  readonly redirectUris: readonly string[]
  readonly homePageUrls: readonly string[]
  /** Entra takes one per registration: that of the first tenant, for all of them. */
  readonly frontChannelLogoutUrl: string | null
  readonly adminConsentUrl: string | null
  readonly warnings: readonly string[]
}

export interface PlainEntry extends PlainRegistration {
  readonly homePageUrls: readonly string[]
  readonly clientMetadata: ClientMetadata
  readonly warnings: readonly string[]
}

/** RFC 7591 section 2, OpenID Connect RP-Initiated Logout 1.0 section 3.1, Back-Channel Logout 1.0 section 2.2. */
interface ClientMetadata {
  readonly application_type: 'web'
  readonly redirect_uris: readonly string[]
  readonly post_logout_redirect_uris: readonly string[]
  /** A client has one, and so it stands for all tenants. */
  readonly backchannel_logout_uri?: string
  readonly backchannel_logout_session_required?: true
  readonly grant_types: readonly ('authorization_code' | 'refresh_token')[]
  readonly response_types: readonly ['code']
  readonly token_endpoint_auth_method: 'client_secret_post'
  readonly scope: string
}

export function whatToRegister(registration: Registration): Entry {
  return registration.kind === 'entra' ? atEntra(registration) : elsewhere(registration)
}

function atEntra(registration: EntraRegistration): EntraEntry {
  const { tenants } = registration
  const redirectUris = tenants.flatMap(({ redirectUri, postLogoutRedirectUri }) => [redirectUri, postLogoutRedirectUri])
  return {
    ...registration,
    redirectUris,
    homePageUrls: tenants.map(({ homePageUrl }) => homePageUrl),
    frontChannelLogoutUrl: speakerOf(tenants)?.frontChannelLogoutUrl ?? null,
    // The consent is to the registration: it does not matter by which of them it comes.
    adminConsentUrl: tenants.map(({ adminConsentUrl: each }) => each).find((each) => each !== null) ?? null,
    warnings: [...warningsOfSize(redirectUris, registration.tenantId), ...warningsOfLoopback(redirectUris)],
  }
}

/** The tenant whose address stands for all of them: the first that answers. */
function speakerOf(tenants: readonly RegisteredTenant[]): RegisteredTenant | undefined {
  return tenants.find(({ enabled }) => enabled) ?? tenants[0]
}

/** https://learn.microsoft.com/entra/identity-platform/reply-url: fewer where personal Microsoft accounts sign in. */
const mostRedirectUris = { ofOrganizations: 256, withPersonalAccounts: 100 }
const longestRedirectUri = 256

function warningsOfSize(uris: readonly string[], tenantId: string | null): readonly string[] {
  const hasPersonal = tenantId === 'common' || tenantId === 'consumers'
  const most = hasPersonal ? mostRedirectUris.withPersonalAccounts : mostRedirectUris.ofOrganizations
  const tooLong = uris.filter((uri) => uri.length > longestRedirectUri)
  const tooMany =
    uris.length > most
      ? [
          `These are ${uris.length} redirect URIs, and a registration holds ${most}: ` +
            `give every ${most / 2} tenants a registration, and so a provider, of their own.`,
        ]
      : []
  return [...tooMany, ...tooLong.map((uri) => `Entra takes no redirect URI of ${uri.length} characters: ${uri}`)]
}

/** The same page, "Localhost exceptions". */
function warningsOfLoopback(uris: readonly string[]): readonly string[] {
  const origins = [...new Set(uris.map((uri) => new URL(uri).origin))]
  const hostOf = (origin: string) => new URL(origin).hostname
  const sayings = origins.flatMap((origin) => {
    const isPlainHttp = origin.startsWith('http:')
    const host = hostOf(origin)
    if (host === '[::1]') return [`Entra does not take ${origin}: use localhost.`]
    if (isPlainHttp && host === '127.0.0.1')
      return [`The portal refuses ${origin}: use localhost, or write the redirect URIs into the Manifest.`]
    if (isPlainHttp && host !== 'localhost')
      return [`Entra refuses http for ${origin}: use https, or localhost itself.`]
    return []
  })
  const local = ['http:', 'https:'].map((scheme) =>
    origins.filter((origin) => origin.startsWith(scheme) && hostOf(origin) === 'localhost'),
  )
  const twins = local.filter((alike) => alike.length > 1).map((alike) => alike.join(' or '))
  return [
    ...sayings,
    ...twins.map((alike) => `Entra does not look at the port of localhost: register the redirect URIs of ${alike}.`),
  ]
}

function elsewhere(registration: PlainRegistration): PlainEntry {
  const { tenants, scopes } = registration
  const speaker = speakerOf(tenants)
  const unencrypted = tenants.filter(({ redirectUri }) => redirectUri.startsWith('http:'))
  return {
    ...registration,
    homePageUrls: tenants.map(({ homePageUrl }) => homePageUrl),
    clientMetadata: {
      application_type: 'web',
      redirect_uris: tenants.map(({ redirectUri }) => redirectUri),
      post_logout_redirect_uris: tenants.map(({ postLogoutRedirectUri }) => postLogoutRedirectUri),
      ...(speaker === undefined
        ? {}
        : { backchannel_logout_uri: speaker.backChannelLogoutUrl, backchannel_logout_session_required: true }),
      grant_types: ['authorization_code', ...(scopes.includes('offline_access') ? (['refresh_token'] as const) : [])],
      response_types: ['code'],
      // What the gateway uses wherever the provider offers it. Without this line it would be client_secret_basic.
      token_endpoint_auth_method: 'client_secret_post',
      scope: ['openid', ...scopes].join(' '),
    },
    warnings: unencrypted.length === 0 ? [] : ['Many providers refuse http for web applications, even on localhost.'],
  }
}
