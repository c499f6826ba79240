/** Which addresses have to be registered at which provider: also for what is switched off, and where there is no client id yet. */
import { endpoints, logoutChannelAddress } from '../core/request/addresses.ts'
import { signInServices } from './compile-provider.ts'
import { ConfigError, type Issue, issueOfFile } from './issues.ts'
import type { Written } from './loader.ts'
import type { Salvaged } from './salvage.ts'
import type { ProviderDocument } from './schema.ts'
import type { TenantRead } from './tenant-text.ts'

/** One app registration (Entra) or client (any other provider); several entries of the configuration may mean the same one. */
export type Registration = EntraRegistration | PlainRegistration

interface AnyRegistration {
  /** As `Provider.name`: that of a tenant's own provider begins with the tenant's name and a slash. */
  readonly providers: readonly string[]
  /** Whether one of these is switched on. */
  readonly enabled: boolean
  /** Null where there is none, or a reference to it has no value here; so with everything else that may be null. */
  readonly clientId: string | null
  readonly tenants: readonly RegisteredTenant[]
}

export interface EntraRegistration extends AnyRegistration {
  readonly kind: 'entra'
  readonly tenantId: string | null
  readonly authority: string | null
}

export interface PlainRegistration extends AnyRegistration {
  readonly kind: 'oidc'
  readonly issuer: string | null
  /** Asked for beside `openid`. */
  readonly scopes: readonly string[]
}

/** Aliases are missing on purpose: whoever comes by one is redirected to the public URL before a sign-in begins. */
export interface RegisteredTenant {
  readonly name: string
  readonly enabled: boolean
  readonly redirectUri: string
  readonly postLogoutRedirectUri: string
  /** Where a sign-in begins. */
  readonly homePageUrl: string
  /**
   * Where the provider tells that somebody has signed out there. Any tenant's is for all that share the registration.
   */
  readonly frontChannelLogoutUrl: string
  readonly backChannelLogoutUrl: string
  /** Where an administrator of a directory begins to consent; null where nobody could, or nothing is served. */
  readonly adminConsentUrl: string | null
}

/** What is asked for; everything where nothing is named. */
export interface Choice {
  readonly tenant?: string | undefined
  readonly provider?: string | undefined
}

interface Use {
  readonly name: string
  readonly provider: ProviderDraft
  readonly tenants: readonly TenantRead[]
}

type ProviderDraft = NonNullable<Salvaged<ProviderDocument>>

/** The names of all providers, the shared ones first. */
export function providerNames(written: Written): readonly string[] {
  return usesOf(written).map(({ name }) => name)
}

/**
 * @param written of a configuration without issues.
 * @returns one entry per registration, in the order of the configuration; a provider that no tenant names has no tenants.
 * @throws ConfigError where a chosen tenant's public URL hangs on a reference without a value: nothing is made up.
 */
export function registrations(written: Written, { tenant, provider }: Choice = {}): readonly Registration[] {
  const uses = usesOf(written)
    .filter((use) => provider === undefined || use.name === provider)
    .map((use) => (tenant === undefined ? use : { ...use, tenants: use.tenants.filter(({ name }) => name === tenant) }))
    .filter((use) => tenant === undefined || use.tenants.length > 0)
  const issues = uses.flatMap((use) => use.tenants).flatMap(unknownAddress)
  if (issues.length > 0) throw new ConfigError(issues)
  const groups = new Map<string, Use[]>()
  for (const use of uses) groups.set(identityOf(use), [...(groups.get(identityOf(use)) ?? []), use])
  return [...groups.values()].map(registrationOf)
}

function usesOf({ providers, tenants }: Written): readonly Use[] {
  const shared = providers.flatMap((provider): readonly Use[] => {
    if (provider?.name === undefined) return []
    const { name } = provider
    return [{ name, provider, tenants: tenants.filter(({ draft }) => draft.providers?.some((each) => each === name)) }]
  })
  const own = tenants.flatMap((tenant) =>
    (tenant.draft.providers ?? []).flatMap((provider): readonly Use[] =>
      typeof provider === 'object'
        ? [{ name: `${tenant.name}/${provider.name ?? ''}`, provider, tenants: [tenant] }]
        : [],
    ),
  )
  return [...shared, ...own]
}

function unknownAddress({ name, draft, namesake: { file, line, column } }: TenantRead): readonly Issue[] {
  if (draft.publicUrl?.origin !== undefined) return []
  const message = `the publicUrl of ${name} has a reference without a value here, so nobody can say what to register`
  return [{ ...issueOfFile(file, message), line, column }]
}

/** Entries with the same client id at the same provider are one registration; without a client id each will get its own. */
function identityOf({ name, provider }: Use): string {
  const { clientId } = provider
  const place = isPlain(provider) ? [provider.issuer] : [authorityOf(provider), provider.tenantId]
  return JSON.stringify(
    clientId === undefined || place.some((each) => each === undefined || each === null) ? [name] : [clientId, ...place],
  )
}

function registrationOf(uses: readonly Use[]): Registration {
  const [first] = uses
  if (first === undefined) throw new Error('a registration that nothing uses')
  // What is switched on comes last and wins: the addresses that name a provider must name one that answers.
  const switchedOn = uses.toSorted((one, other) => Number(isOn(one)) - Number(isOn(other)))
  const tenants = new Map(
    switchedOn.flatMap((use) => use.tenants.map((tenant) => [tenant.name, registered(tenant, use, uses)] as const)),
  )
  const own = {
    providers: uses.map(({ name }) => name),
    enabled: uses.some(isOn),
    clientId: first.provider.clientId ?? null,
    tenants: [...tenants.values()],
  }
  if (!isPlain(first.provider)) {
    const { tenantId = null } = first.provider
    const authority = authorityOf(first.provider)
    return { kind: 'entra', tenantId, authority, ...own }
  }
  const scopes = uses.flatMap(({ provider }) => (isPlain(provider) ? (provider.scopes ?? []) : []))
  const known = scopes.filter((scope) => scope !== undefined)
  return { kind: 'oidc', issuer: first.provider.issuer ?? null, scopes: [...new Set(known)], ...own }
}

function isOn({ provider }: Use): boolean {
  return provider.enabled === true
}

function registered({ name, draft }: TenantRead, { name: provider }: Use, uses: readonly Use[]): RegisteredTenant {
  const origin = draft.publicUrl?.origin ?? ''
  // In an address the provider has the name that the tenant writes.
  const called = provider.startsWith(`${name}/`) ? provider.slice(name.length + 1) : provider
  const use = uses.find(
    ({ provider, tenants }) => canBeConsentedTo(provider) && tenants.some((own) => own.name === name),
  )
  return {
    name,
    enabled: draft.enabled === true,
    redirectUri: origin + (draft.callbackPath ?? endpoints.callback),
    postLogoutRedirectUri: origin + endpoints.signedOut,
    homePageUrl: origin + endpoints.login,
    frontChannelLogoutUrl: origin + logoutChannelAddress('frontchannelLogout', called),
    backChannelLogoutUrl: origin + logoutChannelAddress('backchannelLogout', called),
    adminConsentUrl: draft.enabled === true && use !== undefined ? consentAddress(origin, draft, use) : null,
  }
}

/** Null where a reference to it, or to the cloud, has no value here. */
function authorityOf({ authority, cloud }: Exclude<ProviderDraft, { readonly issuer?: unknown }>): string | null {
  if (authority !== null) return authority ?? null
  return cloud === undefined ? null : signInServices[cloud]
}

function isPlain(provider: ProviderDraft): provider is Extract<ProviderDraft, { readonly issuer?: unknown }> {
  return provider.kind === 'oidc'
}

function canBeConsentedTo(provider: ProviderDraft): boolean {
  return !isPlain(provider) && provider.enabled === true && provider.tenantId !== 'consumers'
}

/** The provider is named only where there is a choice. */
function consentAddress(origin: string, { providers = [] }: TenantRead['draft'], { name }: Use): string {
  const query = providers.length > 1 ? `?${new URLSearchParams({ provider: name.replace(/^.*\//, '') })}` : ''
  return origin + endpoints.adminConsent + query
}
