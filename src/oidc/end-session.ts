/** Where a sign-out goes on at the provider, once the session has ended here. */
import * as client from 'openid-client'
import type { Provider } from '../core/gateway.ts'
import type { Providers } from './provider.ts'

/**
 * OpenID Connect RP-Initiated Logout 1.0. Entra takes the opaque `login_hint` claim as `logout_hint` and then asks nobody which
 * account is meant; it ignores `id_token_hint`, which would put a token into an address, so none is sent (T40).
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
  if (request.logoutHint !== null) parameters.logout_hint = request.logoutHint
  return client.buildEndSessionUrl(configuration, parameters)
}
