/** What the rules of a tenant must know of its providers, whether they are shared or its own. */
import { isDirectoryId, personalDirectory } from '../core/identity/authority.ts'
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
  /**
   * Ids of the directories whose people it lets in, or the issuer; undefined also for a domain whose id nobody said.
   */
  readonly directories: readonly string[] | undefined
  /** Of Entra alone, as what follows. */
  readonly groupNames: 'ids' | 'emitted' | undefined
  readonly overage: 'graph' | 'refuse' | undefined
  readonly scopes: readonly (string | undefined)[] | undefined
  readonly emailDomains: readonly string[]
}

export function providerDraft(each: Salvaged<ProviderDocument>): ProviderDraft {
  const own = {
    ...{ name: each?.name, enabled: each?.enabled },
    contexts: each?.authContexts === undefined ? undefined : Object.keys(each.authContexts),
    emailDomains: (each?.emailDomains ?? []).filter((domain) => domain !== undefined),
  }
  const ofEntra = { groupNames: undefined, overage: undefined, scopes: undefined }
  if (each === undefined) return { ...own, ...ofEntra, kind: undefined, email: undefined, directories: undefined }
  if (isPlain(each)) {
    const directories = each.issuer === undefined ? undefined : [each.issuer]
    return { ...own, ...ofEntra, kind: 'oidc', email: emailOfPlain(each), directories }
  }
  const { tenantId, groupNames, overage, scopes } = each
  const foreign = tenantId === undefined ? undefined : hasForeignAddresses(tenantId)
  const email = foreign === undefined ? undefined : foreign ? 'of-several-directories' : 'vouched'
  return { ...own, ...{ kind: 'entra', groupNames, overage, scopes }, email, directories: directoriesOf(each) }
}

type Written = NonNullable<Salvaged<ProviderDocument>>
type Plain = Extract<Written, { readonly issuer?: unknown }>

/** One that says no kind is Entra's. */
function isPlain(each: Written): each is Plain {
  return each.kind === 'oidc'
}

function emailOfPlain({ scopes }: Plain): ProviderDraft['email'] {
  if (scopes === undefined || scopes.includes(undefined)) return undefined
  return scopes.includes('email') ? 'vouched' : 'not-asked-for'
}

function directoriesOf({ tenantId, allowedTenantIds }: Exclude<Written, Plain>): readonly string[] | undefined {
  if (tenantId === undefined) return undefined
  if (isDirectoryId(tenantId)) return [tenantId]
  if (tenantId === 'consumers') return [personalDirectory]
  if (allowedTenantIds === undefined || allowedTenantIds.includes(undefined)) return undefined
  const ids = allowedTenantIds.filter((id) => id !== undefined)
  // Personal accounts come by `common` only; elsewhere the entry is a mistake that is told of at the provider.
  return tenantId === 'common' ? ids : ids.filter((id) => id !== personalDirectory)
}

/**
 * The providers of a tenant in order, all of them, also those that are switched off: a rule must not change with that.
 */
export function providersOf(
  { providers = [] }: TenantDraft,
  shared: readonly ProviderDraft[],
): readonly ProviderDraft[] {
  return providers.map((each) => {
    if (typeof each !== 'string') return providerDraft(each)
    return shared.find(({ name }) => name === each) ?? oneOf(shared)
  })
}

/** What a name that was written wrong could mean: only what all of them have in common is known of it. */
function oneOf(shared: readonly ProviderDraft[]): ProviderDraft {
  const [first] = shared
  const kind = shared.every((each) => each.kind === first?.kind) ? first?.kind : undefined
  const groupNames = shared.every((each) => each.groupNames === first?.groupNames) ? first?.groupNames : undefined
  return { ...providerDraft(undefined), kind, groupNames }
}
