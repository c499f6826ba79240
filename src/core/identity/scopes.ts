/** What is asked for at a sign-in (OpenID Connect Core 5.4): no more than this tenant has a use for. */
import type { EntraProvider, Provider, Tenant } from '../gateway.ts'
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
 * `offline_access` brings the refresh token with which the provider is asked again. Other providers are asked for it
 * where the configuration says so: they may ask the person for consent each time (OpenID Connect Core 11), or not know
 * it.
 * @returns the scopes, `openid` first.
 */
export function scopesOf(tenant: Tenant, provider: Provider): readonly string[] {
  if (provider.kind === 'oidc') return ['openid', ...provider.scopes]
  const asked = ['openid', 'profile', 'email', 'offline_access', ...provider.scopes]
  const own = ownProfileScope(provider)
  const isNeeded = mayAskGraph(tenant, provider) || (tenant.photo && hasPhotos(provider))
  return !isNeeded || asked.includes(own) ? asked : [...asked, own]
}

/**
 * The scope with which people may read their own profile at Graph: one that the configuration asks for anyway, where it
 * holds that.
 */
export function ownProfileScope({ scopes, graph }: EntraProvider): string {
  const permissionOf = (scope: string) => scope.slice(scope.lastIndexOf('/') + 1).toLowerCase()
  return scopes.find((scope) => holdOwnProfile.includes(permissionOf(scope))) ?? graph.scopePrefix + ownProfile
}

/** Graph has photos of work and school accounts alone. */
function hasPhotos({ tenantId }: EntraProvider): boolean {
  return tenantId !== 'consumers'
}
