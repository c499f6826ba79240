/** The address at the provider where a sign-in begins: authorization code, PKCE S256, state and nonce, always. */
import * as client from 'openid-client'
import type { Provider } from '../core/gateway.ts'
import type { Providers } from './provider.ts'

export interface AuthorizationRequest {
  readonly scopes: readonly string[]
  readonly redirectUri: string
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
  readonly prompt: Prompt | null
  readonly loginHint: string | null
  readonly domainHint: string | null
  /** The claims request (OpenID Connect Core 5.5), as JSON. */
  readonly claims: string | null
  /** In seconds. */
  readonly maxAge: number | null
  /** What the provider calls the authentication context that the answer has to prove. */
  readonly authContext: string | null
}

export type Prompt = 'select_account' | 'login' | 'none'

/**
 * OpenID Connect Core 3.1.2.1, RFC 7636. S256 although Entra's metadata does not announce it (T43).
 * Nothing of a caller goes in but the two hints (T47), of which `domain_hint` is Entra's own; `select_account` and a
 * hint contradict each other, so the hint is left out.
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
    scope: request.scopes.join(' '),
    response_mode: 'query',
    state: request.state,
    nonce: request.nonce,
    code_challenge: await client.calculatePKCECodeChallenge(request.codeVerifier),
    code_challenge_method: 'S256',
  }
  if (request.prompt !== null) parameters.prompt = promptFor(provider, configuration, request.prompt)
  if (request.loginHint !== null && request.prompt !== 'select_account') parameters.login_hint = request.loginHint
  if (request.domainHint !== null && provider.kind === 'entra') parameters.domain_hint = request.domainHint
  if (request.authContext !== null && provider.kind === 'oidc') parameters.acr_values = request.authContext
  const claims = claimsFor(provider, configuration, request)
  if (claims !== null) parameters.claims = claims
  if (request.maxAge !== null) parameters.max_age = String(request.maxAge)
  return client.buildAuthorizationUrl(configuration, parameters)
}

/**
 * The origin where a sign-in begins, as far as it is known without asking: the policy of a page with a form names it.
 */
export function authorizationOrigin(providers: Providers, provider: Provider): string {
  const home = provider.kind === 'entra' ? provider.authority : provider.issuer
  return new URL(providers.known(provider)?.serverMetadata().authorization_endpoint ?? home).origin
}

/**
 * Every provider must know `login`, but not `select_account` (OpenID Connect Core 15.1), and one that does not answers
 * with an error. `login` leads to another account too. Announced in the metadata of Initiating User Registration 1.0.
 */
function promptFor(provider: Provider, configuration: client.Configuration, wanted: Prompt): string {
  if (provider.kind === 'entra' || wanted !== 'select_account') return wanted
  const announced: unknown = configuration.serverMetadata().prompt_values_supported
  return Array.isArray(announced) && announced.includes(wanted) ? wanted : 'login'
}

/**
 * A context is asked for as one without which nothing is proved (OpenID Connect Core 5.5.1.1). Of other providers only
 * those that say so read `claims`; all read `acr_values`, as a wish. Either way it counts only once a token says so.
 */
function claimsFor(
  provider: Provider,
  configuration: client.Configuration,
  { claims, authContext }: AuthorizationRequest,
): string | null {
  const reads = provider.kind === 'entra' || configuration.serverMetadata().claims_parameter_supported === true
  if (authContext === null || !reads) return claims
  const wanted = { [provider.kind === 'entra' ? 'acrs' : 'acr']: { essential: true, value: authContext } }
  const asked: Readonly<Record<string, unknown>> = claims === null ? {} : JSON.parse(claims)
  return JSON.stringify({ ...asked, id_token: { ...(asked.id_token ?? {}), ...wanted } })
}
