/** The address at the provider where a sign-in begins: authorization code, PKCE S256, state and nonce, always. */
import * as client from 'openid-client'
import type { Provider } from '../core/gateway.ts'
import type { Providers } from './provider.ts'

export interface AuthorizationRequest {
  readonly redirectUri: string
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
  readonly prompt: 'select_account' | 'login' | null
  readonly loginHint: string | null
  readonly domainHint: string | null
}

/**
 * OpenID Connect Core 3.1.2.1, RFC 7636. S256 although Entra's metadata does not announce it (T43).
 * Nothing of a caller goes in but the two hints (T47); `select_account` and a hint contradict each other, so the hint is left out.
 * @throws Fault `provider_unreachable` while the provider's endpoints are not known.
 */
export async function authorizationUrl(
  providers: Providers,
  provider: Provider,
  request: AuthorizationRequest,
): Promise<URL> {
  const configuration = await providers.configuration(provider)
  const parameters: Record<string, string> = {
    redirect_uri: request.redirectUri,
    scope: 'openid profile email',
    response_mode: 'query',
    state: request.state,
    nonce: request.nonce,
    code_challenge: await client.calculatePKCECodeChallenge(request.codeVerifier),
    code_challenge_method: 'S256',
  }
  if (request.prompt !== null) parameters.prompt = request.prompt
  if (request.loginHint !== null && request.prompt !== 'select_account') parameters.login_hint = request.loginHint
  if (request.domainHint !== null) parameters.domain_hint = request.domainHint
  return client.buildAuthorizationUrl(configuration, parameters)
}
