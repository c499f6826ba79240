/** Where a sign-out goes on at the provider, once the session has ended here. */
import * as client from 'openid-client'
import type { Provider } from '../core/gateway.ts'
import type { Providers } from './provider.ts'

/**
 * OpenID Connect RP-Initiated Logout 1.0, with the client's id, and without `id_token_hint`, which would put a token into an
 * address (T40). Entra ignores that anyway: it takes the opaque `login_hint` claim as `logout_hint`, and then asks nobody which
 * account is meant. Any other provider may ask the person whether to sign out.
 * @returns null when the provider has no such endpoint.
 * @throws Fault `provider_unreachable` while the provider's endpoints are not known.
 */
export async function endSessionUrl(
  providers: Providers,
  provider: Provider,
  request: { readonly postLogoutRedirectUri: string; readonly logoutHint: string | null },
): Promise<URL | null> {
  const configuration = await providers.configuration(provider)
  if (configuration.serverMetadata().end_session_endpoint === undefined) return null
  const parameters: Record<string, string> = { post_logout_redirect_uri: request.postLogoutRedirectUri }
  if (provider.kind === 'entra' && request.logoutHint !== null) parameters.logout_hint = request.logoutHint
  return client.buildEndSessionUrl(configuration, parameters)
}

/**
 * The origin of that address, as far as it is known without asking: the policy of the page with the sign-out form names it.
 * @returns null where a sign-out does not go on at the provider; the provider's own origin while its endpoints are not known.
 */
export function endSessionOrigin(providers: Providers, provider: Provider): string | null {
  const known = providers.known(provider)
  const address = known === null ? homeOf(provider) : known.serverMetadata().end_session_endpoint
  return address === undefined ? null : new URL(address).origin
}

function homeOf(provider: Provider): string {
  return provider.kind === 'entra' ? provider.authority : provider.issuer
}
