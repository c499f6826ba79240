/** What a tenant must know of its providers while it is checked, shared ones and its own. */
import { hasForeignAddresses } from '../core/identity/email.ts'
import type { Salvaged, TenantDraft } from './salvage.ts'
import type { ProviderDocument } from './schema.ts'

/** Undefined where something could not be made out. */
export interface ProviderDraft {
  readonly name: string | undefined
  readonly kind: 'entra' | 'oidc' | undefined
  readonly enabled: boolean | undefined
  /** Our names of its authentication contexts. */
  readonly contexts: readonly string[] | undefined
  /** Whether the e-mail address of somebody could be one that nobody vouches for, and why. */
  readonly email: 'vouched' | 'of-several-directories' | 'not-asked-for' | undefined
}

export function providerDraft(each: Salvaged<ProviderDocument>): ProviderDraft {
  return {
    ...{ name: each?.name, enabled: each?.enabled },
    // One that says no kind is Entra's; of one that could not be made out, nobody knows.
    kind: each === undefined ? undefined : (each.kind ?? 'entra'),
    contexts: each?.authContexts === undefined ? undefined : Object.keys(each.authContexts),
    email: each === undefined ? undefined : emailOf(each),
  }
}

function emailOf(each: NonNullable<Salvaged<ProviderDocument>>): ProviderDraft['email'] {
  if (each.kind === 'oidc') {
    if (each.scopes === undefined || each.scopes.includes(undefined)) return undefined
    return each.scopes.includes('email') ? 'vouched' : 'not-asked-for'
  }
  const tenantId = 'tenantId' in each ? each.tenantId : undefined
  if (tenantId === undefined) return undefined
  return hasForeignAddresses(tenantId) ? 'of-several-directories' : 'vouched'
}

/** Those that a tenant names and its own; a name that stands for nothing is told elsewhere. */
export function providersOf(
  { providers = [] }: TenantDraft,
  shared: readonly ProviderDraft[],
): readonly ProviderDraft[] {
  return providers.flatMap((each) => {
    if (typeof each === 'string') return shared.filter(({ name }) => name === each)
    return each === undefined ? [] : [providerDraft(each)]
  })
}
