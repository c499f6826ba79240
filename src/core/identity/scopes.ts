/** What is asked for at a sign-in (OpenID Connect Core 5.4): no more than this tenant has a use for. */
import type { Provider, Tenant } from '../gateway.ts'

/**
 * `offline_access` brings the refresh token with which the provider is asked again. Other providers are asked for it where the
 * configuration says so: they may ask the person for consent each time (OpenID Connect Core 11), or not know it.
 * @returns the scopes, `openid` first.
 */
export function scopesOf(_tenant: Tenant, provider: Provider): readonly string[] {
  return provider.kind === 'entra' ? ['openid', 'profile', 'email', 'offline_access'] : ['openid', ...provider.scopes]
}
