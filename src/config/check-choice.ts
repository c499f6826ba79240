/** A rule about the choice between several ways to sign in: an e-mail domain must lead to one of them. */
import type { Finding } from './issues.ts'
import { type ProviderDraft, providersOf } from './provider-draft.ts'
import type { TenantDraft } from './salvage.ts'

/**
 * @returns a finding at each provider of the tenant whose domain an earlier one has: an address would then choose
 * neither.
 */
export function checkChoice(tenant: TenantDraft, shared: readonly ProviderDraft[]): readonly Finding[] {
  const owners = new Map<string, string>()
  return providersOf(tenant, shared).flatMap(({ name = '', enabled, emailDomains }, index) => {
    if (enabled === false) return []
    return [...new Set(emailDomains)].flatMap((domain) => {
      const owner = owners.get(domain)
      if (owner === undefined) owners.set(domain, name)
      if (owner === undefined || owner === name) return []
      const message = `the provider ${owner} has ${domain} in its \`emailDomains\` too: an address of it would choose neither`
      return [{ path: ['providers', index], found: null, message }]
    })
  })
}
