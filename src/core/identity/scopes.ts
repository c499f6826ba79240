/** What is asked for at a sign-in (OpenID Connect Core 5.4): no more than this tenant has a use for. */
import type { Provider, Tenant } from '../gateway.ts'
import { mayAskGraph } from './graph-questions.ts'

/** The permission to read one's own profile, and what one belongs to. */
const ownProfile = 'User.Read'

/** Of Graph's permissions, those that hold the one above: what an administrator has consented to, and wider ones. */
const holdOwnProfile: readonly string[] = [
  '.default',
  'user.read',
  'user.read.all',
  'user.readwrite',
  'user.readwrite.all',
]

/**
 * `offline_access` brings the refresh token with which the provider is asked again. Other providers are asked for it where the
 * configuration says so: they may ask the person for consent each time (OpenID Connect Core 11), or not know it.
 * @returns the scopes, `openid` first.
 */
export function scopesOf(tenant: Tenant, provider: Provider): readonly string[] {
  if (provider.kind === 'oidc') return ['openid', ...provider.scopes]
  const { scopes, graph } = provider
  const asked = ['openid', 'profile', 'email', 'offline_access', ...scopes]
  const permissions = scopes.map((scope) => scope.slice(scope.lastIndexOf('/') + 1).toLowerCase())
  const isHeld = permissions.some((permission) => holdOwnProfile.includes(permission))
  return isHeld || !mayAskGraph(tenant, provider) ? asked : [...asked, graph.scopePrefix + ownProfile]
}
