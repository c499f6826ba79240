/** What the rules of a tenant must know of its providers, whether they are shared or its own. */
import { isDirectoryId, personalDirectory } from '../core/identity/authority.ts'
import type { Salvaged, TenantDraft } from './salvage.ts'
import type { ProviderDocument } from './schema.ts'

export interface ProviderDraft {
  /** Undefined, here and below: it could not be made out. */
  readonly name: string | undefined
  readonly kind: 'entra' | 'oidc' | undefined
  readonly enabled: boolean | undefined
  /** Ids of the directories whose people it lets in, or the issuer; undefined also for a domain whose id nobody said. */
  readonly directories: readonly string[] | undefined
  readonly groupNames: 'ids' | 'emitted' | undefined
  readonly overage: 'graph' | 'refuse' | undefined
  readonly scopes: readonly (string | undefined)[] | undefined
}

const unknown = { directories: undefined, groupNames: undefined, overage: undefined, scopes: undefined }

export function providerDraft(each: Salvaged<ProviderDocument>): ProviderDraft {
  if (each === undefined) return { name: undefined, kind: undefined, enabled: undefined, ...unknown }
  const { name, enabled } = each
  if (isPlain(each)) {
    const { issuer } = each
    return { ...unknown, ...{ name, enabled, kind: 'oidc', directories: issuer === undefined ? undefined : [issuer] } }
  }
  const { groupNames, overage, scopes } = each
  return { ...{ name, enabled, kind: 'entra', groupNames, overage, scopes }, directories: directoriesOf(each) }
}

type Written = NonNullable<Salvaged<ProviderDocument>>
type Plain = Extract<Written, { readonly issuer?: unknown }>

/** One that says no kind is Entra's. */
function isPlain(each: Written): each is Plain {
  return each.kind === 'oidc'
}

function directoriesOf(each: Exclude<Written, Plain>): readonly string[] | undefined {
  const { tenantId, allowedTenantIds } = each
  if (tenantId === undefined) return undefined
  if (isDirectoryId(tenantId)) return [tenantId]
  if (tenantId === 'consumers') return [personalDirectory]
  if (allowedTenantIds === undefined || allowedTenantIds.includes(undefined)) return undefined
  const ids = allowedTenantIds.filter((id) => id !== undefined)
  // Personal accounts come by `common` only; elsewhere the entry is a mistake that is told of at the provider.
  return tenantId === 'common' ? ids : ids.filter((id) => id !== personalDirectory)
}

/** The providers of a tenant in order, all of them, also those that are switched off: a rule must not change with that. */
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
