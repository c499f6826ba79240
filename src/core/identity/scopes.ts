/** What is asked for at a sign-in (OpenID Connect Core 5.4): no more than this tenant has a use for. */
import type { Provider, Tenant } from '../gateway.ts'

/** @returns the scopes, `openid` first. */
export function scopesOf(_tenant: Tenant, provider: Provider): readonly string[] {
  return provider.kind === 'entra' ? ['openid', 'profile', 'email'] : ['openid', ...provider.scopes]
}
