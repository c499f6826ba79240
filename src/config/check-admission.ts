/** Rules about who may get in, and about e-mail addresses that nobody vouches for. */
import type { TemplatePart } from '../core/gateway.ts'
import type { IsWritten } from './check-provider.ts'
import type { Finding, Path } from './issues.ts'
import { doubled } from './names.ts'
import { type ProviderDraft, providersOf } from './provider-draft.ts'
import type { TenantDraft } from './salvage.ts'

export function checkAdmission(
  tenant: TenantDraft,
  shared: readonly ProviderDraft[],
  isWritten: IsWritten,
): readonly Finding[] {
  const providers = providersOf(tenant, shared)
  const { claims = [], emailDomains = [] } = tenant.require ?? {}
  const each = (key: string, values: readonly (string | undefined)[]) =>
    values.map((value, index) => [value, ['require', key, index]] as const)
  return [
    ...checkGuests(tenant, providers, isWritten),
    ...doubled(each('claims', claims), 'this claim stands here already'),
    ...doubled(each('emailDomains', emailDomains), 'this domain stands here already'),
    ...(emailDomains.length === 0 ? [] : providers.flatMap(unvouched)),
    ...checkEmailHeaders(tenant, providers),
  ]
}

function checkGuests(
  { guests }: TenantDraft,
  providers: readonly ProviderDraft[],
  isWritten: IsWritten,
): readonly Finding[] {
  const pointless = guests === 'deny' && providers.length > 0 && providers.every(({ kind }) => kind === 'oidc')
  const message = 'only directories of Microsoft Entra have guests: with these providers this has no effect'
  return pointless && isWritten(['guests']) ? [{ path: ['guests'], at: 'key', found: null, message }] : []
}

/** A rule about addresses that anybody can give themselves would keep nobody out (nOAuth). */
function unvouched({ name = '', email }: ProviderDraft): readonly Finding[] {
  const at = { path: ['require', 'emailDomains'], at: 'key', found: null } as const
  switch (email) {
    case 'of-several-directories':
      return [{ ...at, message: `people of several directories come by the provider ${name}, and ${anybody}` }]
    case 'not-asked-for':
      return [
        { ...at, message: `the provider ${name} is not asked for e-mail addresses: its \`scopes\` lack \`email\`` },
      ]
    default:
      return []
  }
}

const anybody = 'whoever runs one of them can write any e-mail address into it'

/** What presets send as e-mail is an address that somebody vouches for; a template sends what the claim says. */
function checkEmailHeaders(tenant: TenantDraft, providers: readonly ProviderDraft[]): readonly Finding[] {
  const open = providers.find(({ email }) => email === 'of-several-directories')
  if (open === undefined) return []
  const message = `people of several directories come by the provider ${open.name ?? ''}, and ${anybody}: a preset sends the address where it is verified, and \`oid\` never changes`
  const plans: readonly (readonly [TenantDraft['headers'], Path])[] = [
    [tenant.headers, ['headers']],
    ...(tenant.routes ?? []).map((route, index) => [route?.headers, ['routes', index, 'headers']] as const),
  ]
  return plans.flatMap(([headers, path]) => {
    const { user, set = {} } = headers ?? {}
    const places: readonly (readonly [unknown, Path])[] = [
      [user, [...path, 'user']],
      ...Object.entries(set).map(([name, parts]) => [parts, [...path, 'set', name]] as const),
    ]
    return places.flatMap(([parts, at]) => (namesEmail(parts) ? [{ path: at, message }] : []))
  })
}

function namesEmail(parts: unknown): boolean {
  return (
    Array.isArray(parts) && (parts as readonly TemplatePart[]).some((part) => 'claim' in part && part.claim === 'email')
  )
}
