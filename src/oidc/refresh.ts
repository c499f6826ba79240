/**
 * Asking a provider again for somebody who is signed in: the refresh grant, its answer checked, or what its refusal
 * means.
 */
import * as client from 'openid-client'
import type { FaultCode } from '../core/answer/outcomes.ts'
import { Fault } from '../core/fault.ts'
import type { Provider } from '../core/gateway.ts'
import { judgeRefresh, type RefreshVerdict } from '../core/identity/refresh-table.ts'
import { isAboutAnother } from '../core/identity/renewal.ts'
import type { AccessToken, SessionFacts, SessionTokens } from '../core/identity/session.ts'
import { grant } from './grant.ts'
import type { ProviderAnswer } from './identify.ts'
import type { Providers } from './provider.ts'
import { keptRefreshToken, neverAnswered, type ProviderError, saidBy, userInfo } from './redeem.ts'

export type Refreshed =
  | {
      /** Null where the provider vouches for the person and says no more: what it said before still holds. */
      readonly answer: ProviderAnswer | null
      readonly tokens: SessionTokens
    }
  | RefreshRefused

export interface RefreshRefused {
  readonly verdict: RefreshVerdict
  /** The claims challenge, as JSON, to be handed on unchanged with the next sign-in. */
  readonly claims: string | null
  /** What the provider called it, where it said anything. */
  readonly said: ProviderError | null
  /** What a request ends with that can wait for no better answer. */
  readonly fault: FaultCode
  readonly cause: unknown
  /** New ones that came all the same, before something else failed: the old ones may be worth nothing by now. */
  readonly tokens: SessionTokens | null
}

export interface RefreshRequest {
  readonly facts: SessionFacts
  readonly tokens: SessionTokens
  readonly refreshToken: string
  readonly scopes: readonly string[]
}

/** A challenge travels in an address. */
const longestClaims = 1_500

/**
 * RFC 6749 section 6, OpenID Connect Core 12. The library checks signature, issuer, audience and times of the ID token,
 * and not who it is about: `renewFacts` does. Where no new refresh token comes back, the old one stays.
 * @returns refusals and failures alike: what fails here is never a reason to throw, since somebody is signed in.
 */
export async function refresh(providers: Providers, provider: Provider, request: RefreshRequest): Promise<Refreshed> {
  let tokens: SessionTokens | null = null
  try {
    // Of several directories the one that has vouched so far must answer.
    const directoryId = provider.kind === 'entra' ? request.facts.directoryId : null
    const configuration = await providers.configuration(provider, directoryId)
    // Other providers must not be asked for more than was granted (RFC 6749 section 6), and grant the same where
    // nothing is said.
    const parameters = provider.kind === 'entra' ? { scope: request.scopes.join(' ') } : {}
    const granted = await grant(providers, provider, directoryId, (by) =>
      client.refreshTokenGrant(by, request.refreshToken, parameters),
    )
    if ('refused' in granted) throw new Fault('provider_fault')
    const { answer } = granted
    tokens = { ...request.tokens, refreshToken: keptRefreshToken(answer) ?? request.refreshToken }
    return { answer: await answerOf(configuration, provider, request.facts, answer), tokens }
  } catch (cause) {
    return { ...refusedBy(cause), tokens }
  }
}

export type TokenGiven = { readonly accessToken: AccessToken; readonly tokens: SessionTokens } | RefreshRefused

/** Where the provider does not say how long a token is good for, in seconds. */
const shortest = 300

/**
 * The same grant for an access token of one resource, which an application is to have. Nothing is read of it (RFC 9068
 * section 6); the ID token that comes along must be about the same person, or the application would be given somebody
 * else's.
 * @param now seconds since 1970.
 */
export async function accessTokenFor(
  providers: Providers,
  provider: Provider,
  request: Omit<RefreshRequest, 'scopes'> & { readonly scope: string },
  now: number,
): Promise<TokenGiven> {
  try {
    const directoryId = provider.kind === 'entra' ? request.facts.directoryId : null
    // Without `offline_access` Entra need not give the next refresh token.
    const scope = provider.kind === 'entra' ? `${request.scope} offline_access` : request.scope
    const granted = await grant(providers, provider, directoryId, (by) =>
      client.refreshTokenGrant(by, request.refreshToken, { scope }),
    )
    if ('refused' in granted) throw new Fault('provider_fault')
    const said = granted.answer.claims()
    if (said !== undefined && isAboutAnother(request.facts, provider.kind, said)) throw new Fault('provider_fault')
    const { access_token: value, expires_in: seconds = shortest } = granted.answer
    const refreshToken = keptRefreshToken(granted.answer) ?? request.refreshToken
    // It becomes a header: what is no token would be something else there (RFC 6750 section 2.1), and a long one fits
    // nowhere.
    if (!/^[\w.~+/-]{1,8000}={0,2}$/.test(value)) throw new Fault('provider_fault')
    const accessToken = { value, expiresAt: now + seconds }
    const accessTokens = { ...request.tokens.accessTokens, [request.scope]: accessToken }
    return { accessToken, tokens: { ...request.tokens, refreshToken, accessTokens } }
  } catch (cause) {
    return { ...refusedBy(cause), tokens: null }
  }
}

type Answer = Awaited<ReturnType<typeof client.refreshTokenGrant>>

/**
 * Entra always sends an ID token; elsewhere it may be missing (OpenID Connect Core 12.2), and the rest is at the
 * userinfo endpoint.
 */
async function answerOf(
  configuration: client.Configuration,
  provider: Provider,
  { objectId }: SessionFacts,
  answer: Answer,
): Promise<ProviderAnswer | null> {
  const accessToken = answer.access_token
  const claims = answer.claims()
  if (provider.kind === 'entra') {
    if (claims === undefined) throw new Fault('provider_fault')
    return { claims, accessToken }
  }
  const further = await userInfo(configuration, accessToken, claims?.sub ?? objectId)
  if (claims === undefined && Object.keys(further).length === 0) return null
  const own = claims ?? { iss: provider.issuer, sub: objectId }
  return { claims: { ...further, ...own }, accessToken }
}

function refusedBy(cause: unknown): Omit<RefreshRefused, 'tokens'> {
  const nothing = { claims: null, said: null, cause }
  const fault = faultIn(cause)
  if (fault?.code === 'client_refused') return { ...nothing, verdict: 'alarm', fault: 'client_refused' }
  if (fault !== null) return { ...nothing, verdict: 'grace', fault: fault.code }
  if (cause instanceof client.ResponseBodyError) return judged(cause)
  // A secret that was sent as basic authentication is refused with a challenge (RFC 6749 section 5.2).
  if (cause instanceof client.WWWAuthenticateChallengeError && cause.status === 401)
    return { ...nothing, verdict: 'alarm', fault: 'client_refused' }
  return { ...nothing, verdict: 'grace', fault: neverAnswered(cause) ? 'provider_unreachable' : 'provider_fault' }
}

function judged(cause: client.ResponseBodyError): Omit<RefreshRefused, 'tokens'> {
  const body: Readonly<Record<string, unknown>> = { ...cause.cause }
  const claims = challengeIn(body.claims)
  const suberror = typeof body.suberror === 'string' ? body.suberror : null
  const { error, status } = cause
  const verdict = judgeRefresh({ error, suberror, status, hasClaims: claims !== null })
  const fault = verdict === 'alarm' ? 'client_refused' : 'provider_unreachable'
  return { verdict, claims, said: saidBy(cause), fault, cause }
}

/** A JSON object, as the provider wrote it. */
function challengeIn(claims: unknown): string | null {
  if (typeof claims !== 'string' || claims.length > longestClaims || !/^[\x20-\x7e]+$/.test(claims)) return null
  try {
    const parsed: unknown = JSON.parse(claims)
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? claims : null
  } catch {
    return null
  }
}

/** What goes wrong while we say who we are comes back wrapped. */
function faultIn(cause: unknown): Fault | null {
  if (cause instanceof Fault) return cause
  return cause instanceof Error && cause.cause instanceof Fault ? cause.cause : null
}
