/** The provider's answer to a sign-in: the code turned into a checked ID token, or the reason why there is none. */
import * as client from 'openid-client'
import type { RefusalCode } from '../core/answer/outcomes.ts'
import { Fault } from '../core/fault.ts'
import type { Provider } from '../core/gateway.ts'
import { type EntraError, readEntraError } from '../core/identity/aadsts.ts'
import type { Providers } from './provider.ts'

export type Redeemed =
  | {
      readonly claims: Readonly<Record<string, unknown>>
      readonly idToken: string
      readonly loginHint: string | null
    }
  | { readonly refused: Extract<RefusalCode, 'login_cancelled' | 'provider_refused'>; readonly said: ProviderError }

export interface ProviderError extends EntraError {
  /** The OAuth error code, such as `access_denied`. */
  readonly error: string
}

export interface Redemption {
  /** The callback's address under the configured public URL, never from a header; with the answer's parameters. */
  readonly currentUrl: URL
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
}

/**
 * OpenID Connect Core 3.1.3: redeems the code once (a code grant is never repeated) and checks signature, issuer, audience,
 * times and nonce of the ID token.
 * @throws Fault `client_refused` (our credential), `provider_unreachable`, `provider_fault` (an answer that fails a check).
 */
export async function redeem(providers: Providers, provider: Provider, redemption: Redemption): Promise<Redeemed> {
  const configuration = await providers.configuration(provider)
  try {
    const answer = await client.authorizationCodeGrant(configuration, redemption.currentUrl, {
      expectedState: redemption.state,
      expectedNonce: redemption.nonce,
      pkceCodeVerifier: redemption.codeVerifier,
      idTokenExpected: true,
    })
    const claims = answer.claims()
    if (claims === undefined || answer.id_token === undefined) throw new Fault('provider_fault')
    const hint = claims.login_hint
    return { claims, idToken: answer.id_token, loginHint: typeof hint === 'string' ? hint : null }
  } catch (cause) {
    return refusalOrThrow(cause)
  }
}

function refusalOrThrow(cause: unknown): Redeemed {
  if (cause instanceof Fault) throw cause
  if (cause instanceof client.AuthorizationResponseError) {
    const refused = cause.error === 'access_denied' ? 'login_cancelled' : 'provider_refused'
    return { refused, said: saidBy(cause) }
  }
  if (cause instanceof client.ResponseBodyError) {
    if (cause.error === 'invalid_client' || cause.error === 'unauthorized_client')
      throw new Fault('client_refused', { cause })
    if (cause.status >= 500 || cause.status === 429) throw new Fault('provider_unreachable', { cause })
    return { refused: 'provider_refused', said: saidBy(cause) }
  }
  throw new Fault(neverAnswered(cause) ? 'provider_unreachable' : 'provider_fault', { cause })
}

function saidBy(error: { readonly error: string; readonly error_description?: string | undefined }): ProviderError {
  return { error: error.error.replace(/[^\w.-]/g, '?').slice(0, 100), ...readEntraError(error.error_description ?? '') }
}

/** A network failure is a bare TypeError of fetch; an overloaded provider answers 5xx, which the library calls not conform. */
function neverAnswered(cause: unknown): boolean {
  if (cause instanceof TypeError) return cause.message === 'fetch failed' || cause.message === 'terminated'
  if (!(cause instanceof client.ClientError)) return false
  if (cause.code === 'OAUTH_TIMEOUT') return true
  return cause.code === 'OAUTH_RESPONSE_IS_NOT_CONFORM' && cause.cause instanceof Response && cause.cause.status >= 500
}
