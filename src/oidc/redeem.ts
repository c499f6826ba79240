/** The provider's answer to a sign-in: the code turned into a checked ID token, or the reason why there is none. */
import * as client from 'openid-client'
import type { RefusalCode } from '../core/answer/outcomes.ts'
import { Fault } from '../core/fault.ts'
import type { Provider } from '../core/gateway.ts'
import { type EntraError, readEntraError } from '../core/identity/aadsts.ts'
import { admitsDirectory } from '../core/identity/authority.ts'
import type { Claims } from '../core/identity/claims.ts'
import type { SessionTokens } from '../core/identity/session.ts'
import { issuerOf } from './directories.ts'
import { grant } from './grant.ts'
import type { Providers } from './provider.ts'

export type Redeemed =
  | {
      readonly claims: Claims
      readonly tokens: SessionTokens
      /** For Microsoft Graph, or whoever else the scopes name; never kept. */
      readonly accessToken: string
    }
  | { readonly refused: Extract<RefusalCode, 'login_cancelled' | 'provider_refused'>; readonly said: ProviderError }
  | {
      readonly refused: 'identity_refused'
      readonly said: null
      /** The rule, for the log; and the directory, where it is one that is not allowed. */
      readonly detail: string
      readonly directoryId: string | undefined
    }

export interface ProviderError extends EntraError {
  /** The OAuth error code, such as `access_denied`. */
  readonly error: string
}

/**
 * The cause of a fault where the provider said why. The log shows messages along the causes, so the codes become one.
 */
export class ProviderRefusal extends Error {
  readonly said: ProviderError

  constructor(said: ProviderError, cause: Error) {
    const { error, code, traceId, correlationId } = said
    super(`${error} ${code ?? ''}, trace ${traceId ?? '-'}, correlation ${correlationId ?? '-'}`, { cause })
    this.name = 'ProviderRefusal'
    this.said = said
  }
}

export interface Redemption {
  /** The callback's address under the configured public URL, never from a header; with the answer's parameters. */
  readonly currentUrl: URL
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
}

/**
 * OpenID Connect Core 3.1.3: redeems the code once (a redemption is never repeated; credential.ts) and checks
 * signature, issuer, audience, times and nonce of the ID token. An answer of another issuer (RFC 9207) is refused
 * before the code goes anywhere.
 * @throws Fault `client_refused` (our credential), `provider_unreachable`, `provider_fault` (an answer that fails a
 *   check).
 */
export async function redeem(providers: Providers, provider: Provider, redemption: Redemption): Promise<Redeemed> {
  // Outside of what is judged below: a provider that is not known yet has answered nothing.
  const configuration = await providers.configuration(provider)
  try {
    const granted = await grant(providers, provider, null, (by) =>
      client.authorizationCodeGrant(by, redemption.currentUrl, {
        expectedState: redemption.state,
        expectedNonce: redemption.nonce,
        pkceCodeVerifier: redemption.codeVerifier,
        idTokenExpected: true,
      }),
    )
    if ('refused' in granted) return ofNoDirectoryOfOurs(granted.directoryId)
    const { answer } = granted
    const claims = answer.claims()
    if (claims === undefined) throw new Fault('provider_fault')
    if (isOfAnotherDirectory(provider, claims)) return refusedBy('iss-of-another-directory')
    const accessToken = answer.access_token
    const refreshToken = keptRefreshToken(answer)
    if (provider.kind === 'entra')
      return { claims, accessToken, tokens: { loginHint: hintOrNull(claims.login_hint), refreshToken } }
    // What the ID token says wins: it is signed, and was made for this sign-in.
    const all = { ...(await userInfo(configuration, accessToken, claims.sub)), ...claims }
    return { claims: all, accessToken, tokens: { loginHint: null, refreshToken } }
  } catch (cause) {
    return refusalOrThrow(cause)
  }
}

function ofNoDirectoryOfOurs(directoryId: string | null): Redeemed {
  return directoryId === null ? refusedBy('tid-missing') : refusedBy('tid-of-another-directory', directoryId)
}

function refusedBy(detail: string, directoryId?: string): Redeemed {
  return { refused: 'identity_refused', said: null, detail, directoryId }
}

/**
 * The library has held the issuer against the directory that was meant; with a domain or several directories, who
 * somebody is hangs on `tid`, so the two must agree. Any other `tid` is refused with its reason where the claims are
 * read.
 */
function isOfAnotherDirectory(provider: Provider, { iss, tid }: Claims): boolean {
  if (provider.kind !== 'entra' || typeof tid !== 'string') return false
  const directoryId = tid.toLowerCase()
  return admitsDirectory(provider, directoryId) && iss !== issuerOf(provider, directoryId)
}

/**
 * OpenID Connect Core 5.3: most providers keep their ID tokens short and tell the rest here. The library holds `sub`
 * against that of the ID token. What cannot be found out fails the sign-in: groups must not seem to be none because a
 * server was busy.
 */
export async function userInfo(
  configuration: client.Configuration,
  accessToken: string,
  subject: string,
): Promise<Claims> {
  if (configuration.serverMetadata().userinfo_endpoint === undefined) return {}
  try {
    const told: Claims = await client.fetchUserInfo(configuration, accessToken, subject)
    // How and when somebody proved who they are is said in the ID token or nowhere (OpenID Connect Core 2).
    return Object.fromEntries(Object.entries(told).filter(([name]) => !['acr', 'amr', 'auth_time'].includes(name)))
  } catch (cause) {
    throw new Fault(neverAnswered(cause) ? 'provider_unreachable' : 'provider_fault', { cause })
  }
}

/** It is kept with the session, and travels in an address: a longer one would fit into neither. */
function hintOrNull(value: unknown): string | null {
  return typeof value === 'string' && value.length <= 1_024 ? value : null
}

/**
 * The same of the refresh token: a provider must not decide what a session weighs (T88). Honest ones have a few
 * kilobytes.
 */
export function keptRefreshToken({
  refresh_token: token,
}: {
  readonly refresh_token?: string | undefined
}): string | null {
  return token === undefined || token.length > 16_384 ? null : token
}

function refusalOrThrow(cause: unknown): Redeemed {
  if (cause instanceof Fault) throw cause
  // What goes wrong while we say who we are comes back wrapped.
  if (cause instanceof Error && cause.cause instanceof Fault) throw cause.cause
  if (cause instanceof client.AuthorizationResponseError) {
    const refused = cause.error === 'access_denied' ? 'login_cancelled' : 'provider_refused'
    return { refused, said: saidBy(cause) }
  }
  if (cause instanceof client.ResponseBodyError) {
    const said = saidBy(cause)
    if (cause.error === 'invalid_client' || cause.error === 'unauthorized_client')
      throw new Fault('client_refused', { cause: new ProviderRefusal(said, cause) })
    if (isOverloaded(cause.status)) throw new Fault('provider_unreachable', { cause: new ProviderRefusal(said, cause) })
    return { refused: 'provider_refused', said }
  }
  // A secret that was sent as basic authentication is refused with a challenge (RFC 6749 section 5.2).
  if (cause instanceof client.WWWAuthenticateChallengeError && cause.status === 401)
    throw new Fault('client_refused', { cause })
  throw new Fault(neverAnswered(cause) ? 'provider_unreachable' : 'provider_fault', { cause })
}

function isOverloaded(status: number): boolean {
  return status >= 500 || status === 429
}

/** What an error of the protocol says, as far as it may be repeated. */
export function saidBy(error: {
  readonly error: string
  readonly error_description?: string | undefined
}): ProviderError {
  // Whoever holds a state of ours can write the rest of a callback's address: only what looks like a code is repeated
  // (T91).
  const code = /^[a-z_]{1,60}$/.test(error.error) ? error.error : 'unrecognised'
  return { error: code, ...readEntraError(error.error_description ?? '') }
}

/** A network failure is a bare TypeError of fetch; an overloaded provider answers 429 or 5xx, mostly with a page. */
export function neverAnswered(cause: unknown): boolean {
  if (cause instanceof TypeError) return cause.message === 'fetch failed' || cause.message === 'terminated'
  if (!(cause instanceof client.ClientError)) return false
  if (cause.code === 'OAUTH_TIMEOUT') return true
  return cause.cause instanceof Response && isOverloaded(cause.cause.status)
}
